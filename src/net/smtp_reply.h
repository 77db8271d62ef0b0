/*
 * smtp_reply.h - a reply of an SMTP server, read as it arrives (RFC 5321 4.2).
 *
 * Bytes in, a code and its lines out, or the fault that makes them no reply. No I/O, no allocation,
 * no clock: the caller keeps the bytes and calls again when there are more. What a code means is
 * the caller's.
 *
 * Taken as it is, though RFC 5321 does not have it: a bare LF for a line's end (noted), a code
 * alone on its line (4.2 asks clients for that), any text behind the code, long lines up to a
 * limit. Refused: lines of one reply with different codes, a first digit that is not 2 to 5.
 */
#ifndef SEALPOST_NET_SMTP_REPLY_H
#define SEALPOST_NET_SMTP_REPLY_H

#include "base/buf.h"
#include "base/str.h"

/* Limits of one reply. RFC 5321 4.5.3.1.5 has lines of 512 bytes; servers in the field pass that.
 */
#define SMTP_REPLY_LINE_MAX  2048 /* bytes of a line without its end */
#define SMTP_REPLY_LINES_MAX 100
#define SMTP_REPLY_MAX       ((size_t)16 * 1024) /* bytes of all lines, ends included */

enum smtp_progress {
    SMTP_MORE,      /* the reply is not complete */
    SMTP_COMPLETE,  /* it is; the fields below are set */
    SMTP_NOT_REPLY, /* `fault` says why; nothing more can be read of this peer */
};

enum smtp_reply_fault {
    SMTP_REPLY_OK,
    SMTP_REPLY_NO_CODE,      /* a line does not begin with a code and a blank or hyphen */
    SMTP_REPLY_CODE_CHANGES, /* a line has another code than the first */
    SMTP_REPLY_LONG_LINE,    /* SMTP_REPLY_LINE_MAX */
    SMTP_REPLY_MANY_LINES,   /* SMTP_REPLY_LINES_MAX */
    SMTP_REPLY_LONG,         /* SMTP_REPLY_MAX */
};

struct smtp_reply {
    unsigned code;  /* 200 to 599 */
    unsigned lines; /* at least 1 */
    size_t size;    /* bytes up to and with the last line's end; what follows is the next reply */
    bool bare_lf;   /* a line ended in LF alone */
    enum smtp_reply_fault fault;

    /* How far the reading is; not for callers. */
    size_t scanned, in_line;
    unsigned line_code;
    bool last, after_cr;
};

void smtp_reply_init(struct smtp_reply *r);

/* Reads on. `bytes` is everything received since smtp_reply_init, the beginning included. The
 * result does not depend on how the bytes were cut into calls. After SMTP_COMPLETE and
 * SMTP_NOT_REPLY it must not be called again. */
enum smtp_progress smtp_reply_read(struct smtp_reply *r, struct str bytes);

/* Takes the next line off *rest (at first the reply's bytes), without its end; *text is what
 * follows the code. False: there is none. */
bool smtp_reply_line(struct str *rest, struct str *text);

/* Appends the text of the lines, joined by a blank, at most max bytes. */
void smtp_reply_text(struct str bytes, size_t max, struct buf *out);

/* Whether an answer to EHLO has the keyword: the first word of a line behind the first, in any case
 * (RFC 5321 4.1.1.1). */
bool smtp_reply_offers(struct str bytes, struct str keyword);

/* "no-reply-code", "reply-code-changes": stable, for a detail. */
const char *smtp_reply_fault_name(enum smtp_reply_fault fault);

#endif
