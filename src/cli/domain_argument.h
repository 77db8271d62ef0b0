/*
 * domain_argument.h - a domain that a person typed.
 */
#ifndef SEALPOST_CLI_DOMAIN_ARGUMENT_H
#define SEALPOST_CLI_DOMAIN_ARGUMENT_H

#include "cli/cli.h"

/* Gives the lower-case A-label form, in the arena, of a name as people write it (U-labels, upper
 * case, a trailing dot); what is no mail domain is told to the user. Gives an exit status. */
int cli_domain_argument(struct cli *c, const char *typed, struct str *domain);

#endif
