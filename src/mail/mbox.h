/*
 * mbox.h - the messages of an mbox (RFC 4155), as bytes arrive.
 *
 * A message begins at a line "From ..." that stands at the very beginning or behind an empty line
 * and before a header field; the same words within a letter do not pass that. ">From " at the
 * beginning of a line loses one ">" ("mboxrd"; in "mboxo" that restores the text too). One message
 * is held at a time, so a mailbox of any size is read in the memory of its largest message.
 */
#ifndef SEALPOST_MAIL_MBOX_H
#define SEALPOST_MAIL_MBOX_H

#include "base/buf.h"

#define MBOX_LINE_MAX 1000 /* a longer line is no From_ line */

struct mbox_line {
    char at[MBOX_LINE_MAX];
    size_t n;
};

struct mbox {
    /* One message, borrowed for the call. too_large: it passed the maximum and is not given
     * (message is empty). number counts from 1, offset is the byte of its From_ line in the mbox.
     * A negative result stops the reading. */
    int (*message)(void *user, struct str message, uint64_t number, uint64_t offset,
                   bool too_large);
    void *user;
    struct buf text;          /* the message so far */
    struct mbox_line line;    /* a line whose end has not arrived */
    struct mbox_line pending; /* a From_ line: a new message if a header field follows */
    uint64_t number;          /* messages begun */
    uint64_t offset;          /* of the current message */
    uint64_t at;              /* of the next line */
    uint64_t pending_at;
    bool within_line; /* in a line that was too long to keep */
    bool after_blank; /* the line before was empty, or there was none */
};

void mbox_init(struct mbox *box, size_t message_max);
void mbox_done(struct mbox *box);

/* More bytes / no more bytes. Returns 0, or the negative result of `message`. */
int mbox_feed(struct mbox *box, struct str bytes) NODISCARD;
int mbox_end(struct mbox *box) NODISCARD;

#endif
