/*
 * escape.h - foreign bytes made harmless for the place where they are shown.
 *
 * Nothing that came from outside reaches a terminal, a log, HTML or JSON except through one of
 * these. Each appends to a buffer and never fails in itself; the buffer's maximum holds.
 */
#ifndef SEALPOST_BASE_ESCAPE_H
#define SEALPOST_BASE_ESCAPE_H

#include "base/buf.h"
#include "base/str.h"

/* For a person: control characters and bytes that are no UTF-8 as \x1b, invisible and bidi
 * characters as \u202e, a backslash as it is; the rest unchanged. The output is valid UTF-8. */
void escape_text(struct buf *out, struct str s);

/* As escape_text, at most max bytes of s, with "..." behind it when something was cut. */
void escape_clipped(struct buf *out, struct str s, size_t max);

/* A value of a logfmt line: bare when it is plain, otherwise in double quotes with \" \\ \n and the
 * escapes of escape_text. */
void escape_logfmt(struct buf *out, struct str s);

/* The inside of a JSON string, without its quotes; bytes that are no UTF-8 become U+FFFD, and
 * invisible and bidi characters \u escapes, so that the JSON is safe on a terminal too. */
void escape_json(struct buf *out, struct str s);

/* Text or an attribute's value in HTML: & < > " ' as entities, controls as U+FFFD. */
void escape_html(struct buf *out, struct str s);

/* One argument of a POSIX shell line, in single quotes when it needs them. Control characters
 * cannot be pasted safely and are replaced by '?'. */
void escape_shell(struct buf *out, struct str s);

#endif
