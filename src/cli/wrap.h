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

/* The columns that text takes on a terminal: Chinese characters take two. */
size_t wrap_columns(struct str text);

#endif
