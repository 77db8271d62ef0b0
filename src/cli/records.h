/*
 * records.h - DNS records as the commands show them.
 */
#ifndef SEALPOST_CLI_RECORDS_H
#define SEALPOST_CLI_RECORDS_H

#include "cli/cli.h"
#include "publish/records.h"

/* Zone-file lines, one a record. */
void cli_put_records(struct cli *c, const struct records *records);

/* The array of {"name","type","ttl","data","line"}. */
void cli_json_records(struct json_writer *w, const struct records *records);

#endif
