/*
 * wrap.h - paragraphs of text on a terminal.
 *
 * A text is one paragraph, broken at blanks and between Chinese characters; lines behind a line
 * feed in it are commands or file content, and are never broken, so that they can be pasted.
 */
#ifndef SEALPOST_CLI_WRAP_H
#define SEALPOST_CLI_WRAP_H

#include "base/buf.h"

#define WRAP_WIDTH 92 /* columns, the indent included */

/* Appends text, every line indented, with a line end. Lines behind a line feed get twice the
 * indent. */
void wrap_put(struct buf *out, struct str text, unsigned indent);

/* The same with what wrap_put has fixed. The first line is indented too: what a caller puts in
 * front of the text goes where those blanks are. */
struct wrap {
    unsigned indent;
    unsigned below; /* the indent of lines behind a line feed */
    unsigned width;
};

void wrap_put_as(struct buf *out, struct str text, const struct wrap *wrap);

/* How wide text is on standard output: WRAP_WIDTH, on a narrower terminal its columns, at least
 * WRAP_WIDTH_MIN. */
unsigned wrap_width_here(void);

#define WRAP_WIDTH_MIN 40

/* The columns that text takes on a terminal: Chinese characters take two. */
size_t wrap_columns(struct str text);

#endif
