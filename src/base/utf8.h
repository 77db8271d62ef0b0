/*
 * utf8.h - reading and writing UTF-8, and UTF-16 as it sometimes arrives in files.
 */
#ifndef SEALPOST_BASE_UTF8_H
#define SEALPOST_BASE_UTF8_H

#include "base/buf.h"
#include "base/str.h"

/* Reads the code point at the start of s (s.n > 0) into *cp and returns its length, 1 to 4.
 * Bytes that are not well-formed UTF-8 (overlong, surrogate, beyond U+10FFFF, cut short) give 0. */
size_t utf8_decode(struct str s, uint32_t *cp);

/* Appends a code point; surrogates and what is beyond U+10FFFF become U+FFFD. */
void utf8_encode(struct buf *out, uint32_t cp);

/* Writes a code point into to[4] and returns its length. */
size_t utf8_put(char to[4], uint32_t cp);

bool utf8_is_valid(struct str s);

/* Appends UTF-16 text as UTF-8; lone surrogates and a trailing odd byte become U+FFFD.
 * The byte order mark, if any, is the caller's to skip. */
void utf8_from_utf16(struct buf *out, struct str utf16, bool big_endian);

/* Whether printing cp could change how the text around it is shown: controls, bidi marks and
 * overrides, line and paragraph separators, zero-width and other format characters,
 * private-use and unassigned planes. */
bool unicode_is_unsafe(uint32_t cp);

#endif
