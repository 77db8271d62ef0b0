/*
 * help.h - `--help`, made from the tables of the commands.
 */
#ifndef SEALPOST_CLI_HELP_H
#define SEALPOST_CLI_HELP_H

#include "cli/cli.h"

/* Appends to c->out: how the command is called, what it does, its options, an example. As JSON
 * with --json, for completion and for the checks against the manual pages. */
void cli_put_command_help(struct cli *c);

/* All commands with a line each. */
void cli_put_program_help(struct cli *c, const struct cli_command *const *table);

/* The commands whose first word is `group`; false, and nothing appended, when there is none. */
bool cli_put_group_help(struct cli *c, const struct cli_command *const *table, struct str group);

/* The options that every command knows, ended by a name of NULL. */
const struct cli_option *cli_common_options(void);

#endif
