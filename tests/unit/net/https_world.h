/*
 * https_world.h - certificates, a loop and a client for the tests of http_client.h.
 */
#ifndef SEALPOST_TESTS_HTTPS_WORLD_H
#define SEALPOST_TESTS_HTTPS_WORLD_H

#include "https_server.h"
#include "made.h"
#include "net/http_client.h"

#define HTTPS_FROM     1795000000
#define HTTPS_UNTIL    1895518000
#define HTTPS_HOST     "mta-sts.example.test"
#define HTTPS_DEADLINE 60000 /* of what ends by itself; the runner's limit is no shorter */

struct https_world {
    struct arena arena;
    struct made issuer, leaf;
    SSL_CTX *server, *old, *nameless; /* TLS 1.2 and 1.3; TLS 1.1 at most; without certificate */
    struct event_base *base;
    struct http_client *client;
};

/* For cmocka: once for all tests, and around each. */
int https_world_make(void **state);
int https_world_end(void **state);
int https_client_make(void **state);
int https_client_end(void **state);

/* What a callback heard; copied to the arena. */
struct https_heard {
    struct arena *arena;
    unsigned calls;
    struct http_fetched fetched;
};

http_callback https_hear;

struct http_options https_options(const char *address, uint16_t port);

/* Asks, and runs the loop until the answer is there. */
struct http_fetched https_fetch(struct https_world *w, const struct http_options *options);

/* Serves one script at 127.0.0.1 for one request; the server's notes stay in *s. */
struct http_fetched https_fetch_from(struct https_world *w, struct https_server *s, SSL_CTX *ctx,
                                     const struct https_script *script,
                                     const struct http_options *options);

#endif
