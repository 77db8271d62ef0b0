/*
 * apache.h - the configuration with which Apache httpd 2.4 serves one domain's policy.
 *
 * One virtual host: TLS 1.2 and 1.3 at port 443 under the name mta-sts.DOMAIN, GET and HEAD of
 * /.well-known/mta-sts.txt from one file, text/plain, no redirect (RFC 8461 3.3), not cached for
 * more than a minute; everything else is not found or refused. Needs the modules ssl, headers,
 * alias and authz_core. Pure functions; who writes the files, and what the comment says, is the
 * caller's business.
 */
#ifndef SEALPOST_PUBLISH_APACHE_H
#define SEALPOST_PUBLISH_APACHE_H

#include "base/buf.h"

#define APACHE_POLICY_FILE "mta-sts.txt"

struct apache_site {
    struct str domain;      /* A-labels, lower case */
    struct str folder;      /* absolute; holds APACHE_POLICY_FILE */
    struct str certificate; /* PEM, the leaf first */
    struct str key;         /* PEM */
    struct str comment;     /* stands above; lines end in LF or CR LF. No byte of it gets out */
};

/* Whether a path can stand in the configuration: printable, without quotes, backslashes and
 * variables. */
bool apache_path_ok(struct str path);

/* Appends the configuration. The three paths are apache_path_ok. */
void apache_print_site(const struct apache_site *site, struct buf *out);

#endif
