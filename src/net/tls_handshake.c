#include <stdlib.h>

#include "net/messages.h"
#include "net/tls_client.h"

struct tls_handshake {
    struct arena arena; /* of what the peer shows */
    struct tls_client *client;
    struct tls_client_context *context;
    struct str sni, alpn;
    bool handshaking;
    tls_handshake_callback *callback;
    void *user;
};

static void free_all(struct tls_handshake *h)
{
    tls_client_free(h->client);
    arena_done(&h->arena);
    free(h);
}

static void finish(struct tls_handshake *h, enum net_failure failure, struct str detail)
{
    struct tls_handshake_result result = {.failure = failure,
                                          .handshaking = h->handshaking,
                                          .detail = detail,
                                          .tls = *tls_client_peer(h->client)};
    if (h->arena.failed)
        result = (struct tls_handshake_result){.failure = NET_LOCAL, .detail = STR("no memory")};
    h->callback(h->user, &result);
    free_all(h);
}

static void on_connected(void *user)
{
    struct tls_handshake *h = user;
    h->handshaking = true;
    if (!tls_client_upgrade(h->client, h->context, h->sni))
        finish(h, NET_LOCAL, STR("no memory"));
}

static void on_secured(void *user)
{
    finish(user, NET_OK, STR(""));
}

static void on_received(void *user, struct str bytes)
{
    (void)user;
    (void)bytes;
}

static void on_ended(void *user, enum net_failure failure, struct str detail)
{
    finish(user, failure, detail);
}

struct tls_handshake *tls_client_handshake_start(struct event_base *base,
                                                 const struct tls_handshake_options *options,
                                                 tls_handshake_callback *callback, void *user,
                                                 struct error *err)
{
    static const struct tls_client_events events = {on_connected, on_secured, on_received,
                                                    on_ended};
    struct tls_handshake *h = calloc(1, sizeof *h);
    if (!h) {
        error_set_memory(err);
        return NULL;
    }
    arena_init(&h->arena, TLS_PEER_ARENA_MAX);
    h->context = options->context;
    h->callback = callback;
    h->user = user;
    h->sni = arena_str(&h->arena, str_head(options->sni, TLS_SNI_MAX));
    h->alpn = arena_str(&h->arena, options->alpn);
    struct tls_client_options to = {.address = options->address,
                                    .port = options->port,
                                    .deadline_ms = options->deadline_ms,
                                    .alpn = h->alpn};
    h->client = h->arena.failed ? NULL : tls_client_new(base, &to, &events, h, &h->arena);
    if (!h->client) {
        free_all(h);
        error_set_memory(err);
        return NULL;
    }
    return h;
}

void tls_client_handshake_cancel(struct tls_handshake *h)
{
    if (h)
        free_all(h);
}
