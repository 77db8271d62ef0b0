/*
 * http_body.h - where the body of an HTTP/1.1 response ends (RFC 9112 6.3 and 7.1).
 *
 * By its length, by chunks, or with the connection. Bytes in, the body's own bytes out, up to the
 * maximum of the buffer that they go to. Chunk extensions and trailer fields are passed over. No
 * I/O.
 */
#ifndef SEALPOST_NET_HTTP_BODY_H
#define SEALPOST_NET_HTTP_BODY_H

#include "base/buf.h"
#include "net/http_response.h"

enum http_body_progress {
    HTTP_BODY_MORE,      /* all was taken, and it goes on */
    HTTP_BODY_DONE,      /* its end was met; what comes behind it is not taken */
    HTTP_BODY_MALFORMED, /* no chunk */
    HTTP_BODY_FULL,      /* the buffer is full, or failed */
};

/* Bytes of chunk extensions and of trailer fields; beyond: HTTP_BODY_MALFORMED. */
#define HTTP_BODY_BESIDE_MAX ((size_t)64 * 1024)

struct http_body {
    enum {
        BODY_TO_END, /* of the connection */
        BODY_LENGTH,
        BODY_SIZE, /* a chunk's */
        BODY_EXTENSION,
        BODY_CHUNK,
        BODY_CHUNK_END,
        BODY_TRAILER, /* at the beginning of a line */
        BODY_TRAILER_LINE,
        BODY_OVER,
    } state;
    uint64_t left; /* of the length, or of the chunk */
    unsigned digits;
    size_t beside;
};

/* For the body of a response to GET or POST whose head is complete. HTTP_BODY_DONE: it has none. */
enum http_body_progress http_body_begin(struct http_body *body, const struct http_response *head);

/* Takes what came. */
enum http_body_progress http_body_read(struct http_body *body, struct str bytes, struct buf *out);

/* Whether it is whole when the peer has said that it sends no more (RFC 9112 9.8). */
bool http_body_may_end(const struct http_body *body);

#endif
