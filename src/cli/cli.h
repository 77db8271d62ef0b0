/*
 * cli.h - what the commands share: their table, their options, their way to speak.
 *
 * A command is one `struct cli_command` in a file of its own. Its options are a table from which
 * parsing, `--help`, shell completion and the checks against the manual pages are made. Every
 * command knows --help, --json, --lang; results go to c->out (written to standard output when the
 * command returns), everything else to standard error by cli_say and cli_fail.
 *
 * Exit status: 0 fine; 1 the answer is bad news; 2 the input or the command was unusable; 3
 * something outside failed. cli_exit keeps the highest.
 */
#ifndef SEALPOST_CLI_CLI_H
#define SEALPOST_CLI_CLI_H

#include "base/arena.h"
#include "base/error.h"
#include "base/finding.h"
#include "base/json_write.h"

enum cli_exit { CLI_FINE = 0, CLI_BAD_NEWS = 1, CLI_UNUSABLE = 2, CLI_OUTSIDE = 3 };

struct cli;

struct cli_option {
    const char *name;  /* "mx" for --mx */
    const char *value; /* "HOST" when it takes one, NULL for a flag */
    bool repeats;      /* may be given several times */
    const struct msg_def *help;
};

struct cli_command {
    const char *name;                 /* "policy lint" */
    const char *synopsis;             /* "FILE|-" */
    const struct msg_def *summary;    /* one line */
    const char *const *examples;      /* ended by NULL; at least one */
    const struct cli_option *options; /* ended by a name of NULL; may be NULL */
    unsigned args_min, args_max;      /* positional arguments */
    int (*run)(struct cli *c);        /* gives an exit status */
};

#define CLI_ARGS_ANY UINT32_MAX

struct cli_given {
    const struct cli_option *option;
    const char *value;
};

struct cli {
    const struct cli_command *command;
    enum lang lang;
    bool json;
    bool colour; /* standard output is a terminal and NO_COLOR is not set */
    bool asks;   /* standard input is a terminal: questions may be asked */
    const char *const *args;
    size_t arg_count;
    struct cli_given *given;
    size_t given_count;
    struct buf out;
    struct arena arena; /* lives as long as the command */
};

/* Runs the command that argv names; gives the exit status of the process. table is ended by NULL.
 */
int cli_main(const struct cli_command *const *table, int argc, char **argv);

/* Whether the flag was given / the last value given / the value number i, from 0, or NULL. */
bool cli_flag(const struct cli *c, const char *name);
const char *cli_value(const struct cli *c, const char *name);
const char *cli_value_at(const struct cli *c, const char *name, size_t i);
size_t cli_value_count(const struct cli *c, const char *name);

/* One line on standard error in the user's language: "sealpost: TEXT", and a second one with the
 * fix where the message has one. */
void cli_say(const struct cli *c, struct msg m);

/* The same for what the user gave and cannot be used; gives CLI_UNUSABLE. */
int cli_refuse(const struct cli *c, struct msg m);

/* The same for an error; gives the exit status that its class means: CLI_UNUSABLE for a permanent
 * one or a refusal, CLI_OUTSIDE for a temporary one or a bug. */
int cli_fail(const struct cli *c, const struct error *err);

/* Appends one part of a message / the message and a line end to c->out. */
void cli_put(struct cli *c, enum msg_part part, struct msg m);
void cli_put_line(struct cli *c, struct msg m);

/* Styles on a terminal, nothing elsewhere: cli_style(c, CLI_BOLD) ... cli_style(c, CLI_PLAIN). */
enum cli_style { CLI_PLAIN, CLI_BOLD, CLI_DIM, CLI_RED, CLI_YELLOW, CLI_GREEN };
void cli_style(struct cli *c, enum cli_style style);

/* Findings for people: "error in line 3, column 5: TEXT" and the fix on an indented line below;
 * those with a JSON path are numbered. */
void cli_put_findings(struct cli *c, const struct findings *findings);

/* The same, where a finding's line is the number of a DNS record. */
void cli_put_record_findings(struct cli *c, const struct findings *findings);

/* Findings as the JSON array of the documented form. */
void cli_json_findings(const struct cli *c, struct json_writer *w, const struct findings *findings);

/* Writes what is in c->out now, for a command that streams or goes on for long; gives an exit
 * status. */
int cli_flush(struct cli *c);

/* The higher of two exit statuses. */
int cli_worse(int a, int b);

/* Asks on the terminal; the answer, trimmed, is in the arena. Empty when nothing was answered;
 * fallback (may be empty) is shown and taken for an empty answer. Only when c->asks. */
struct str cli_ask(struct cli *c, struct msg question, struct str fallback);

#endif
