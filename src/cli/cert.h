/*
 * cert.h - what the commands about certificates share.
 */
#ifndef SEALPOST_CLI_CERT_H
#define SEALPOST_CLI_CERT_H

#include "cli/node.h"

/* The names with ", " between them, in the arena. */
struct str cert_names(struct cli *c, const struct store_certificate *row);

/* "id", "names": [...], "not_before", "not_after", "source", "created" within an object; never the
 * key. */
void cert_json_members(struct json_writer *w, const struct store_certificate *row);

#endif
