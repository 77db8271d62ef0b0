/*
 * stored.h - what the commands about stored domains share.
 */
#ifndef SEALPOST_CLI_STORED_H
#define SEALPOST_CLI_STORED_H

#include "cli/domain_argument.h"
#include "cli/node.h"

/* Opens the control database of this machine's store; an exit status, told to the user. */
int stored_open(struct cli *c, enum store_access access, struct node *node);

/* Reads a domain that the user named. An exit status: one that is not there is unusable, and told
 * to the user. */
int stored_domain(struct cli *c, struct node *node, struct str name, struct store_domain *out);

/* Whether a sender may still hold one of the domain's policies in mode enforce. 1: yes, until
 * *until; 0: no. */
int stored_enforced_until(struct store *store, struct str name, int64_t now, int64_t *until,
                          struct error *err) NODISCARD;

#endif
