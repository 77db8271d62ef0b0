/*
 * main.c - the table of verbs, nothing else.
 */
#include "cli/cli.h"
#include "cli/commands.h"

static const struct cli_command *const commands[] = {
    &cli_setup,
    &cli_policy_lint,
    &cli_policy_match,
    &cli_dns_lint,
    &cli_dns_show,
    &cli_report_show,
    NULL,
};

int main(int argc, char **argv)
{
    return cli_main(commands, argc, argv);
}
