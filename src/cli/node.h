/*
 * node.h - this machine's configuration and store, for the commands that need them.
 *
 *     struct node node CLEANUP(node_close);
 *     const struct store_options options = {.access = {[STORE_CONTROL] = STORE_WRITE}};
 *     int status = node_open(c, &options, &node);
 *     if (status != CLI_FINE)
 *         return status;
 *
 * The command lists CLI_NODE_OPTIONS among its options.
 */
#ifndef SEALPOST_CLI_NODE_H
#define SEALPOST_CLI_NODE_H

#include "cli/cli.h"
#include "cli/messages.h"
#include "config/config.h"
#include "net/dns_config.h"
#include "store/store.h"

#define CLI_NODE_OPTIONS                                                                           \
    {"config", "FILE", false, &MSG_OPTION_CONFIG},                                                 \
    {                                                                                              \
        "store", "FOLDER", false, &MSG_OPTION_STORE                                                \
    }

struct node {
    struct config *config;
    struct store *store;
    /* As [dns] of the configuration has it; trust_anchor is NULL when that file cannot be read. */
    struct dns_settings dns;
};

/* Only the configuration, for commands that can do without: where nobody named one and this user
 * may not read the usual file, all is default. */
int node_load_optional(struct cli *c, struct node *node);

/* Reads the configuration (--config) and opens the store (--store, else store.path). What is wrong
 * is told to the user; the result is an exit status. *node is safe to close in any case. */
int node_open(struct cli *c, const struct store_options *options, struct node *node);

void node_close(struct node *node);

#endif
