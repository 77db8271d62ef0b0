/*
 * check_progress.h - the line on a terminal that says how far a check is.
 *
 * It stands on standard error when that is a terminal, is written anew several times a second, and
 * goes before anything else is printed. Elsewhere nothing of it is seen.
 */
#ifndef SEALPOST_CLI_CHECK_PROGRESS_H
#define SEALPOST_CLI_CHECK_PROGRESS_H

#include "cli/cli.h"

struct event;
struct event_base;

struct check_progress_line {
    enum lang lang;
    int fd;          /* where the line goes; -1: nowhere */
    int64_t begun;   /* clock_monotonic_ms */
    bool of_domains; /* whole domains are counted, else lookups and connections */
    bool shown;
    uint64_t done, open;
    struct event *tick;
};

/* fd: of the terminal, or -1. The line appears with the first tick on the loop. */
int check_progress_begin(struct check_progress_line *p, struct event_base *base, enum lang lang,
                         int fd, struct error *err) NODISCARD;

/* Writes it / takes it away, so that something else can be printed. */
void check_progress_show(struct check_progress_line *p);
void check_progress_hide(struct check_progress_line *p);

/* Takes it away for good. */
void check_progress_end(struct check_progress_line *p);

#endif
