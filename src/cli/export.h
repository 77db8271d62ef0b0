/*
 * export.h - what the commands `export SERVER` share: all but what differs between web servers.
 */
#ifndef SEALPOST_CLI_EXPORT_H
#define SEALPOST_CLI_EXPORT_H

#include "cli/node.h"
#include "publish/web_site.h"

struct export_server {
    const char *name;          /* of the command */
    const char *suffix;        /* of the file name of a configuration */
    bool has_own_certificates; /* it gets them itself where none is named */
    void (*print)(const struct web_site *site, struct buf *out);
    struct msg (*needs)(void); /* a line for the comment; NULL: none */
    struct msg (*next)(void);  /* what is to be done with what was written */
};

/* The options of each; `certificate` is the text of its own. */
#define EXPORT_OPTIONS(certificate)                                                                \
    {"out", "FOLDER", false, &MSG_EXPORT_OPTION_OUT}, {"certificate", "FILE", false, certificate}, \
        {"key", "FILE", false, &MSG_EXPORT_OPTION_KEY},                                            \
        {"root", "FOLDER", false, &MSG_EXPORT_OPTION_ROOT}, CLI_NODE_OPTIONS

/* Exports the domains that are the arguments, else all that have a policy. Gives an exit status. */
int export_run(struct cli *c, const struct export_server *server);

#endif
