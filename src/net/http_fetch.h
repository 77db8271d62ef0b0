/*
 * http_fetch.h - the parts of one HTTPS request; shared by the files of http_client.h alone.
 */
#ifndef SEALPOST_NET_HTTP_FETCH_H
#define SEALPOST_NET_HTTP_FETCH_H

#include "net/http_body.h"
#include "net/http_client.h"
#include "net/http_response.h"
#include "net/tls_client.h"

struct http_client {
    struct event_base *base;
    struct tls_client_context *tls;
    struct http_fetch *first; /* of the open ones */
};

struct http_fetch {
    struct http_client *client;
    struct http_fetch *next, *previous;
    http_callback *callback;
    void *user;

    struct arena arena;
    struct tls_client *net;
    struct str host;
    const struct tls_trust *trust; /* NULL: whoever it is may come in */
    int64_t now;
    struct buf request;
    struct buf line; /* of the head, as far as it has come */
    struct http_response response;
    struct http_body framing;
    struct buf body;
    enum http_step step;                           /* that is under way */
    unsigned connected_ms, shaken_ms, answered_ms; /* since the start; 0: not reached */
};

/* Makes ready what *options ask for and begins to connect. Strings of *options are copied. Errors:
 * http-target, no memory. */
int http_fetch_begin(struct http_fetch *fetch, const struct http_options *options,
                     struct error *err) NODISCARD;

/* Tells what has become of it, and ends it. */
void http_fetch_finish(struct http_fetch *fetch, enum net_failure failure, struct str detail);

/* Ends it without a word. */
void http_fetch_free(struct http_fetch *fetch);

#endif
