/*
 * web_site.h - the configuration with which another web server serves one domain's policy.
 *
 * One description of a site, one printer a server: Apache httpd 2.4.19, nginx 1.19, Caddy 2.6, and
 * newer. What they answer is what src/host/response.h answers: GET and HEAD of
 * /.well-known/mta-sts.txt, in this spelling and without a query, as text/plain (RFC 8461 3.3); any
 * other target 403 with a page, any other method 405, a Host other than the handshake's 421; no
 * redirect, no list of a folder. TLS 1.2 and 1.3, IPv4 and IPv6. What is asked under a name that is
 * no site of the configuration is the rest of the configuration's business.
 *
 * Pure functions; who writes the files, and what the comment says, is the caller's business.
 */
#ifndef SEALPOST_PUBLISH_WEB_SITE_H
#define SEALPOST_PUBLISH_WEB_SITE_H

#include "base/buf.h"

/* The files to serve. */
#define WEB_POLICY_FILE "mta-sts.txt"
#define WEB_PAGE_FILE   "403.html"

/* The longest path, in bytes: nginx takes 4,096 for a whole word. */
#define WEB_PATH_MAX 1024

struct web_site {
    struct str domain;      /* A-labels, lower case */
    struct str folder;      /* absolute; holds the files to serve */
    struct str certificate; /* PEM, the leaf first; empty: the server gets its own (Caddy) */
    struct str key;         /* PEM */
    struct str comment;     /* stands above; lines end in LF or CR LF. No byte of it gets out */
};

/* A path can stand in double quotes in each of the configurations: UTF-8 without control characters
 * and what has a meaning there: quotes, backslashes, and the signs of variables, $ % { }. */
bool web_path_ok(struct str path);

/* Each appends the configuration. The three paths are web_path_ok. */
void apache_print_site(const struct web_site *site, struct buf *out); /* ssl, headers, rewrite */
void nginx_print_site(const struct web_site *site, struct buf *out);
void caddy_print_site(const struct web_site *site, struct buf *out);

/* For the printers: the comment, each of its lines behind a "#". */
void web_print_comment(const struct web_site *site, struct buf *out);

/* For the printers: the template with $D for the domain, $R for the domain as a regular expression,
 * $F for the folder, $C and $K for the certificate and its key, $$ for a dollar sign. */
void web_print(const struct web_site *site, const char *template, struct buf *out);

#endif
