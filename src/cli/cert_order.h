/*
 * cert_order.h - certificates for policy hosts, now: what `cert issue` and `cert renew` share.
 */
#ifndef SEALPOST_CLI_CERT_ORDER_H
#define SEALPOST_CLI_CERT_ORDER_H

#include "acme/issue.h"
#include "cli/cert_ca.h"

struct cert_order {
    struct cli *c;
    struct cert_ca *to;
    struct str only;     /* name of the one CA to ask; empty: all in their order */
    bool renew, dry_run; /* as acme_issue_settings */
    uint64_t runs;       /* hosts so far */
    struct arena arena;  /* of one host */
    struct json_writer w;
};

/* An exit status: without any CA, or one of the name that --ca gives, there is nothing to begin. */
int cert_order_begin(struct cert_order *o, struct cli *c, struct cert_ca *to);
void cert_order_end(struct cert_order *o);

/* The policy host of a domain that the user named and that has a policy. */
int cert_order_host(struct cert_order *o, const char *typed, struct str *host);

/* Takes the job of a policy host, runs it, tells how it ended. An exit status. */
int cert_order_run(struct cert_order *o, struct str host);

/* Whether the user wants it to end. */
bool cert_order_stopped(const struct cert_order *o);

#endif
