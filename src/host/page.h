/*
 * page.h - what a person is shown who comes to a policy host with a browser.
 */
#ifndef SEALPOST_HOST_PAGE_H
#define SEALPOST_HOST_PAGE_H

#include "base/buf.h"

/* Bytes that a page has at most. */
#define PAGE_MAX ((size_t)8 * 1024)

/* Appends the page of a domain in HTML: what this host is for, in every language that the program
 * speaks, and where the domain's website may be. Nothing in it is fetched from elsewhere. */
void page_write(struct str domain, struct buf *out);

#endif
