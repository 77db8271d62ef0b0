/*
 * check_output.h - what `sealpost check` prints while checks run.
 *
 * A reader that does not keep up (a pager, a busy pipe) must not stop the loop: the deadlines of
 * what is under way would pass, and healthy hosts would be called silent. So only as much is
 * written as is taken at once; the rest waits, and new checks wait for it (check_output_is_full).
 */
#ifndef SEALPOST_CLI_CHECK_OUTPUT_H
#define SEALPOST_CLI_CHECK_OUTPUT_H

#include <stdbool.h>

#include "base/buf.h"

struct event;
struct event_base;

struct check_output {
    struct buf *text; /* what is to be written; the caller adds to it */
    int fd;
    struct event *writable; /* NULL: a file on a disk, which is never waited for */
    void (*taken)(void *user);
    void *user;
};

/* taken is called when some of what waits can be written: it calls check_output_write. False: no
 * memory. */
bool check_output_begin(struct check_output *o, struct event_base *base, int fd, struct buf *text,
                        void (*taken)(void *user), void *user) NODISCARD;
void check_output_end(struct check_output *o);

/* Writes what is taken now. False when it cannot be written at all (errno says why); the text is
 * dropped then. */
bool check_output_write(struct check_output *o) NODISCARD;

/* Enough waits: nothing new should be begun. */
bool check_output_is_full(const struct check_output *o);

#endif
