#include "https_world.h"

#include "check.h"

#include <event2/event.h>
#include <signal.h>

#include "net/tls_server.h"

static bool choose_none(struct tls_guest *guest, SSL *ssl, struct str name)
{
    (void)guest;
    (void)ssl;
    (void)name;
    return false;
}

static SSL_CTX *context_of(const struct https_world *w, int version)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_min_proto_version(ctx, 0);
    SSL_CTX_set_max_proto_version(ctx, version);
    assert_int_equal(SSL_CTX_use_certificate(ctx, w->leaf.certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, w->leaf.key), 1);
    assert_int_equal(SSL_CTX_add1_chain_cert(ctx, w->issuer.certificate), 1);
    return ctx;
}

int https_world_make(void **state)
{
    static struct https_world w;
    struct error err;
    signal(SIGPIPE, SIG_IGN); /* OpenSSL's writes in the server's thread */
    w.issuer = made_new("Authority", NULL, NULL, HTTPS_FROM, HTTPS_UNTIL);
    w.leaf = made_new(HTTPS_HOST, "DNS:" HTTPS_HOST, &w.issuer, HTTPS_FROM, HTTPS_UNTIL);
    w.server = context_of(&w, TLS1_3_VERSION);
    w.old = context_of(&w, TLS1_1_VERSION);
    assert_int_equal(tls_server_new(&w.nameless, choose_none, &err), 0);
    *state = &w;
    return 0;
}

int https_world_end(void **state)
{
    struct https_world *w = *state;
    SSL_CTX_free(w->server);
    SSL_CTX_free(w->old);
    SSL_CTX_free(w->nameless);
    made_done(&w->issuer);
    made_done(&w->leaf);
    return 0;
}

int https_client_make(void **state)
{
    struct https_world *w = *state;
    struct error err;
    arena_init(&w->arena, 64 << 20);
    w->base = event_base_new();
    w->client = http_client_new(w->base, &err);
    assert_non_null(w->client);
    return 0;
}

int https_client_end(void **state)
{
    struct https_world *w = *state;
    http_client_free(w->client);
    event_base_free(w->base);
    arena_done(&w->arena);
    return 0;
}

void https_hear(void *user, const struct http_fetched *fetched)
{
    struct https_heard *h = user;
    h->calls++;
    assert_int_equal(http_fetched_copy(&h->fetched, fetched, h->arena), 0);
}

struct http_options https_options(const char *address, uint16_t port)
{
    struct http_options o = {.host = STR(HTTPS_HOST),
                             .port = port,
                             .path = STR("/.well-known/mta-sts.txt"),
                             .user_agent = STR("sealpost/test"),
                             .body_max = 1000,
                             .deadline_ms = HTTPS_DEADLINE};
    assert_true(address_parse(str_from(address), &o.address));
    return o;
}

struct http_fetched https_fetch(struct https_world *w, const struct http_options *options)
{
    struct https_heard h = {.arena = &w->arena};
    struct error err;
    assert_non_null(http_fetch_start(w->client, options, https_hear, &h, &err));
    assert_int_equal(h.calls, 0);
    while (h.calls == 0)
        assert_int_equal(event_base_loop(w->base, EVLOOP_ONCE), 0);
    event_base_loop(w->base, EVLOOP_NONBLOCK);
    assert_int_equal(h.calls, 1);
    return h.fetched;
}

struct http_fetched https_fetch_from(struct https_world *w, struct https_server *s, SSL_CTX *ctx,
                                     const struct https_script *script,
                                     const struct http_options *options)
{
    https_server_start(s, "127.0.0.1", 0, ctx, script);
    struct http_options o = *options;
    o.port = s->port;
    struct http_fetched fetched = https_fetch(w, &o);
    https_server_stop(s);
    return fetched;
}
