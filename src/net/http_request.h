/*
 * http_request.h - the head of an HTTP/1.1 request, read as it arrives (RFC 9112).
 *
 * Bytes in, a method, a target, a host and the framing out, or the status that refuses it. No I/O,
 * no allocation, no clock: the caller keeps the bytes and calls again when there are more. What a
 * method or a path means, bodies, and timeouts (408) are the caller's.
 *
 * Where RFC 9112 leaves a choice that two programs in a row could make differently, the request is
 * refused, since a request read in two ways is a request smuggled:
 *   - Lines end in CRLF. A bare LF or CR is 400 (2.2 allows to take LF; we do not).
 *   - One empty line may come before the request line (2.2), not two.
 *   - One blank, no more, between the parts of the request line (3). No version: HTTP/0.9, 400.
 *   - A blank before a colon (5.1), a continuation line (5.2), a line that begins with a blank:
 * 400.
 *   - HTTP/1.1 has exactly one Host; two, or none, are 400 (3.2). HTTP/1.0 may have none, never
 * two.
 *   - In the absolute form the target's authority counts, not the Host field (3.2.2), which must
 *     still be there and legal.
 *   - Content-Length is digits, once; even two equal ones are 400 (6.3 allows to take them).
 *     Content-Length with Transfer-Encoding, and Transfer-Encoding in HTTP/1.0, are 400 (6.1).
 *   - "*" is for OPTIONS only, host:port for CONNECT only (3.2.3, 3.2.4), and nothing else for
 *     CONNECT.
 * Another major version is 505, the preface of HTTP/2 among them.
 */
#ifndef SEALPOST_NET_HTTP_REQUEST_H
#define SEALPOST_NET_HTTP_REQUEST_H

#include "base/str.h"

/* Limits, in bytes where nothing else is said. RFC 9112 3 recommends 8000 for the request line. */
#define HTTP_REQUEST_LINE_MAX 8000        /* beyond: 414 */
#define HTTP_METHOD_MAX       32          /* beyond: 501 */
#define HTTP_FIELDS_MAX       100         /* field lines; beyond: 431 */
#define HTTP_HEAD_MAX         (64 * 1024) /* the most that a caller may allow for the whole head */

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_OTHER };

enum http_progress {
    HTTP_MORE,    /* the head is not complete */
    HTTP_DONE,    /* it is; the fields below are set */
    HTTP_REFUSED, /* `status` says why; close the connection after it */
};

/* A part of the head by its place, since the caller's buffer may move between calls. */
struct http_span {
    uint32_t at, n;
};

struct http_request {
    /* Set by HTTP_DONE. The texts point into the bytes of that last call. */
    enum http_method method;
    struct str method_name; /* case matters (RFC 9110 9.1) */
    struct str path;        /* as sent, without decoding: "/", "/a%20b"; "*"; empty for CONNECT */
    struct str query;       /* what follows "?", when has_query */
    struct str host; /* without port, as sent; empty when there is none (HTTP/1.0, "Host:") */
    bool has_query;
    bool http_1_0;
    bool keep_alive; /* RFC 9112 9.3, from version and Connection */
    bool has_length; /* Content-Length was there */
    bool chunked;    /* Transfer-Encoding: chunked was there */
    uint64_t length;
    size_t
        head_size; /* bytes up to and with the empty line; the body or the next request follows */

    /* Set by HTTP_REFUSED: 400, 413, 414, 431, 501 or 505. */
    unsigned status;

    /* How far the reading is; not for callers. */
    size_t head_max, line, scanned;
    unsigned fields;
    bool began, blank_seen, host_seen, encoding_seen, absolute, wants_close, wants_keep;
    struct http_span at_method, at_path, at_query, at_host;
};

/* Makes *r ready for a head of at most head_max bytes (at most HTTP_HEAD_MAX). */
void http_request_init(struct http_request *r, size_t head_max);

/* Reads on. `bytes` is everything received since http_request_init, the beginning included; what
 * was looked at in earlier calls is not looked at again. The result does not depend on how the
 * bytes were cut into calls. After HTTP_DONE and HTTP_REFUSED it must not be called again. */
enum http_progress http_request_read(struct http_request *r, struct str bytes);

/* Whether the request announces a body: Transfer-Encoding, or a Content-Length above 0. */
bool http_request_has_body(const struct http_request *r);

/* "OK", "Misdirected Request": the reason phrase of a status that this program sends. */
const char *http_status_phrase(unsigned status);

#endif
