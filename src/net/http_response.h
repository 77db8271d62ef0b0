/*
 * http_response.h - the head of an HTTP/1.1 response, from header lines as libcurl hands them over.
 *
 * Lines in, the few fields that this program looks at out. No I/O, no clock. libcurl has cut the
 * lines and reads for itself what frames the body; here the same lines are read again for what is
 * reported, under limits of our own. A value that is kept is trimmed and holds foreign bytes; of
 * fields of one name the first counts. Interim responses (1xx, RFC 9110 15.2) are passed over, and
 * so are trailer fields (RFC 9110 6.5).
 */
#ifndef SEALPOST_NET_HTTP_RESPONSE_H
#define SEALPOST_NET_HTTP_RESPONSE_H

#include "base/arena.h"

#define HTTP_RESPONSE_HEAD_MAX  ((size_t)64 * 1024) /* bytes of all lines together */
#define HTTP_RESPONSE_VALUE_MAX ((size_t)1024)      /* bytes kept of one value */

enum http_line_result {
    HTTP_LINE_TAKEN,
    HTTP_LINE_MALFORMED, /* no status line, or no field line (RFC 9112 4 and 5) */
    HTTP_LINE_TOO_MANY,  /* beyond HTTP_RESPONSE_HEAD_MAX */
};

struct http_response {
    unsigned status;
    bool complete; /* the empty line behind the final response's fields was met */
    bool has_content_type, has_content_length;
    bool has_transfer_encoding;
    struct str content_type, location, cache_control, age, expires, date, server, retry_after;
    uint64_t content_length; /* when has_content_length: the announced one, digits only */

    /* How far the reading is; not for callers. */
    struct arena *arena;
    size_t bytes;
    bool interim;
    struct str *last; /* the value that a continuation line belongs to, or NULL */
    char *room;       /* where it grows, or NULL */
    uint32_t seen;    /* a bit for each field name */
};

/* Makes *r ready; what it keeps is allocated in arena, at most twice
 * HTTP_RESPONSE_VALUE_MAX bytes a field. */
void http_response_init(struct http_response *r, struct arena *arena);

/* Takes the next line, with or without its line end. Not to be called again after a result other
 * than HTTP_LINE_TAKEN. */
enum http_line_result http_response_line(struct http_response *r, struct str line);

#endif
