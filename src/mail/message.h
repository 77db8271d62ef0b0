/*
 * message.h - an e-mail taken apart into its leaves (RFC 5322, 2045, 2231), by GMime.
 *
 * Multiparts and messages within the message are opened; what remains are parts with content, in
 * their order. What a part is worth is not decided here. Everything is borrowed from the message's
 * bytes or owned by the struct message until message_forget.
 *
 * GMime sees the message without the header fields that nobody here asks for (trim.h); a part's
 * content is a range of those bytes until it is asked for.
 */
#ifndef SEALPOST_MAIL_MESSAGE_H
#define SEALPOST_MAIL_MESSAGE_H

#include "base/buf.h"
#include "base/error.h"

/* How deep multiparts and messages of one message may lie in one another. Honest ones stay under
 * ten, even forwarded ones. */
#define MESSAGE_DEPTH_MAX 32

/* Longer messages are not worth a copy with a shorter header. */
#define MESSAGE_TRIM_MAX ((size_t)1024 * 1024)

struct message_part {
    void *part;         /* GMimePart */
    void *around;       /* GMimeMessage: the innermost message that it belongs to */
    struct str type;    /* "application" */
    struct str subtype; /* "tlsrpt+gzip" */
    struct str name;    /* its file name (RFC 2231 and 2047 decoded), or empty */
    bool is_root;       /* the message is this part and nothing else */
};

struct message_bytes;

struct message {
    void *root;                  /* GMimeMessage; NULL when the struct is not in use */
    struct message_bytes *bytes; /* what GMime's streams point at */
    struct buf trimmed;          /* the message with a shorter header: trim.h */
    struct message_part *parts;
    size_t count, room;
    bool too_many; /* there were more than the maximum */
    bool too_deep; /* deeper than MESSAGE_DEPTH_MAX; those were left out */
};

struct message_reader; /* GMime's parser, reused from one message to the next */

struct message_reader *message_reader_new(void);
void message_reader_free(struct message_reader *reader);

/* Takes bytes apart, at most parts_max parts. m was begun or forgotten before; the bytes must
 * outlive it. */
int message_read(struct message_reader *reader, struct message *m, struct str bytes,
                 size_t parts_max, struct error *err) NODISCARD;

/* The content of a part, its transfer encoding undone: either a range of the message's bytes or
 * what was put into out. Garbage within base64 is passed over. */
int message_content(const struct message_part *part, struct buf *out, struct str *content,
                    struct error *err) NODISCARD;

/* The content as it stands, in base64 although nothing says so, decoded into out. */
int message_decode_base64(struct str text, struct buf *out, struct error *err) NODISCARD;

/* A header field of the part itself or of the message around it, unfolded and decoded; empty when
 * there is none. Name in its usual spelling. */
struct str message_field(const struct message_part *part, const char *name);

/* A struct that message_read may fill. */
void message_init(struct message *m);

/* Releases the message but keeps the memory of the table. */
void message_forget(struct message *m);

/* Releases the table too. */
void message_done(struct message *m);

#endif
