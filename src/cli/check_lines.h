/*
 * check_lines.h - the domains of a file, one a line.
 *
 * A line is a domain as people write it; what stands behind a "#", blanks around it and a CR at its
 * end do not count, and neither do empty lines. The file may be of any length: it is fed in pieces,
 * and only one line is kept.
 */
#ifndef SEALPOST_CLI_CHECK_LINES_H
#define SEALPOST_CLI_CHECK_LINES_H

#include "base/buf.h"

#define CHECK_LINE_MAX 4096 /* bytes, its end not counted */

struct check_lines {
    struct str piece;  /* what was fed and is not read yet */
    struct buf line;   /* the line so far; cleared when it has been given */
    uint64_t number;   /* of the line that was given last, from 1 */
    bool given, ended; /* line was given / there will be no more pieces */
    bool too_long;     /* what is left of the line is passed over */
};

enum check_lines_result {
    CHECK_LINES_MORE,     /* feed the next piece, or say that there is none */
    CHECK_LINES_END,      /* that was all */
    CHECK_LINES_DOMAIN,   /* *domain is one */
    CHECK_LINES_TOO_LONG, /* *domain is how such a line begins */
};

void check_lines_init(struct check_lines *l);
void check_lines_done(struct check_lines *l);

/* The piece must stay until it is read. An empty one says that the file has ended. */
void check_lines_feed(struct check_lines *l, struct str piece);

/* *domain is good until the next call. */
enum check_lines_result check_lines_next(struct check_lines *l, struct str *domain);

#endif
