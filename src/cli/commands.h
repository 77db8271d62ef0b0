/*
 * commands.h - every verb of the program, one file each.
 */
#ifndef SEALPOST_CLI_COMMANDS_H
#define SEALPOST_CLI_COMMANDS_H

#include "cli/cli.h"

#endif
