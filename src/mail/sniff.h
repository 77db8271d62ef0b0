/*
 * sniff.h - tells what bytes are by looking at them, never at their name.
 *
 * Only the beginning is looked at (SNIFF_WINDOW bytes), so the answer is a guess that the reader
 * of that form then confirms or refuses. Pure functions.
 */
#ifndef SEALPOST_MAIL_SNIFF_H
#define SEALPOST_MAIL_SNIFF_H

#include "base/str.h"

#define SNIFF_WINDOW ((size_t)64 * 1024)

enum sniff {
    SNIFF_EMPTY,       /* nothing, or nothing but blanks */
    SNIFF_JSON,        /* looks like a JSON object, or an array of them, in UTF-8 or UTF-16, with or
                        * without a BOM */
    SNIFF_JSON_OTHER,  /* an empty JSON array */
    SNIFF_GZIP,        /* RFC 1952 */
    SNIFF_ZIP,         /* a zip archive, empty ones and pieces included */
    SNIFF_MESSAGE,     /* begins with header fields of RFC 5322, a well-known one among them */
    SNIFF_MBOX,        /* begins with a From_ line and a header field (RFC 4155) */
    SNIFF_HTML,        /* a web page */
    SNIFF_DMARC,       /* the XML of an aggregate report (RFC 7489) */
    SNIFF_XML,         /* other XML */
    SNIFF_BASE64_GZIP, /* base64 of gzip, zip or a JSON object: a part whose encoding is not */
    SNIFF_BASE64_ZIP,  /* declared */
    SNIFF_BASE64_JSON,
    SNIFF_OTHER,
};

enum sniff sniff_bytes(struct str bytes);

/* The bytes without what may stand before text: a BOM, blanks, empty lines. */
struct str sniff_skip_blanks(struct str bytes);

/* Whether a line (without its line end) can be the first line of a header field: a name of
 * printable ASCII, then a colon. */
bool sniff_is_field(struct str line);

/* Whether a line can stand between the messages of an mbox: "From ", then a sender and a time, or
 * nothing, or a dash. Whether it does, what stands before and after it says as well. */
bool sniff_is_from(struct str line);

#endif
