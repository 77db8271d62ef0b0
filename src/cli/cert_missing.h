/*
 * cert_missing.h - the policy hosts that no certificate of the store is for, and why.
 */
#ifndef SEALPOST_CLI_CERT_MISSING_H
#define SEALPOST_CLI_CERT_MISSING_H

#include "cli/node.h"

struct cert_missing {
    struct cli *c;
    struct store *control, *secrets; /* secrets NULL: there is none yet */
    struct json_writer *w;
    uint64_t rows; /* how many were told of */
};

/* Goes through all domains with a policy, and puts a row for each host without a certificate: as
 * text, or as elements of a JSON array. */
int cert_missing_put(struct cert_missing *m, struct error *err) NODISCARD;

#endif
