/*
 * http_client.h - one HTTPS request to one address, by libcurl on the event loop.
 *
 * Made for fetching from hosts that strangers name: the address is given (libcurl resolves nothing,
 * uses no proxy, no netrc, no cookies, no environment), HTTPS only, no redirect is followed
 * (RFC 8461 3.3), nothing is cached, the body has a maximum, the whole has one deadline. TLS 1.2
 * or 1.3, SNI is the host. The connected peer's address is checked again before anything is sent.
 *
 * Ends in exactly one callback unless it is cancelled.
 */
#ifndef SEALPOST_NET_HTTP_CLIENT_H
#define SEALPOST_NET_HTTP_CLIENT_H

#include "base/error.h"
#include "net/peer.h"
#include "net/tls_verify.h"

struct event_base;
struct http_client; /* shared by all requests of a loop */
struct http_fetch;  /* one request */

struct http_client *http_client_new(struct event_base *base, struct error *err);
void http_client_free(struct http_client *client); /* cancels what is open */

enum http_step { HTTP_CONNECT, HTTP_HANDSHAKE, HTTP_RESPONSE, HTTP_BODY, HTTP_COMPLETE };

struct http_options {
    struct str host;        /* A-label; Host header, SNI, the name to verify */
    struct address address; /* the caller has passed it by the guard of address.h */
    uint16_t port;          /* to connect to */
    uint16_t url_port;      /* in the URL; 443 is left out of it. 0: as port */
    struct str path;        /* "/.well-known/mta-sts.txt", query included */
    struct str user_agent;
    struct str body, content_type; /* a body makes it a POST */
    size_t body_max; /* of the answer, bytes; beyond: NET_TOO_LARGE, with what came before */
    unsigned deadline_ms;
    /* When given, a peer whose certificate is not good for host at `now` is left in the handshake
     * (NET_TLS) before the request is sent; without it nothing is verified, and the caller looks at
     * tls.chain by tls_verify. */
    const struct tls_trust *trust;
    int64_t now;
};

struct http_fetched {
    enum http_step at; /* the step that did not succeed; HTTP_COMPLETE when all did */
    enum net_failure failure;
    struct str detail;
    struct tls_peer tls;
    unsigned status; /* 0: no response */
    bool has_content_type;
    struct str content_type; /* header fields, trimmed; foreign bytes; the first of each name */
    struct str location, cache_control, age, expires, date, server, retry_after;
    struct str body;         /* at most body_max bytes */
    uint64_t content_length; /* as announced; UINT64_MAX: not announced */
    unsigned connect_ms, handshake_ms, response_ms, total_ms; /* since the start; 0: not reached */
};

/* Borrowed, valid during the call only. */
typedef void http_callback(void *user, const struct http_fetched *fetched);

struct http_fetch *http_fetch_start(struct http_client *client, const struct http_options *options,
                                    http_callback *callback, void *user, struct error *err);
void http_fetch_cancel(struct http_fetch *fetch);

int http_fetched_copy(struct http_fetched *to, const struct http_fetched *from,
                      struct arena *arena) NODISCARD;

#endif
