/*
 * main.c - the table of verbs, nothing else.
 */
#include "cli/cli.h"
#include "cli/commands.h"

static const struct cli_command *const commands[] = {
    NULL,
};

int main(int argc, char **argv)
{
    return cli_main(commands, argc, argv);
}
