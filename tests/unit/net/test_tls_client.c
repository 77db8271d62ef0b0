#include "check.h"

#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "fault.h"
#include "made.h"
#include "net/smtp_client.h"
#include "net/tls_client.h"
#include "smtp_server.h"

#define FROM     1795000000
#define UNTIL    1895518000
#define PATIENCE 5000
#define SHORT    500

struct world {
    struct arena arena;
    struct event_base *base;
    struct made issuer, leaf, weak;
    struct tls_client_context *tls;
};

static int make_world(void **state)
{
    static struct world w;
    arena_init(&w.arena, 1 << 20);
    w.base = event_base_new();
    w.issuer = made_new("Authority", NULL, NULL, FROM, UNTIL);
    w.leaf = made_new("mx", "DNS:mx.test", &w.issuer, FROM, UNTIL);
    w.weak = made_with(&(struct made_options){.common_name = "weak",
                                              .names = "DNS:mx.test",
                                              .from = FROM,
                                              .until = UNTIL,
                                              .rsa_bits = 1024});
    assert_int_equal(tls_client_context_new(&w.tls, NULL), 0);
    *state = &w;
    return 0;
}

static int end_world(void **state)
{
    struct world *w = *state;
    tls_client_context_free(w->tls);
    made_done(&w->leaf);
    made_done(&w->weak);
    made_done(&w->issuer);
    event_base_free(w->base);
    arena_done(&w->arena);
    return 0;
}

static SSL_CTX *server_with(const struct made *leaf, const struct made *issuer, size_t issuers)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_security_level(ctx, 0);
    assert_int_equal(SSL_CTX_use_certificate(ctx, leaf->certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, leaf->key), 1);
    for (size_t i = 0; i < issuers; i++)
        SSL_CTX_add1_chain_cert(ctx, issuer->certificate);
    return ctx;
}

struct told {
    struct arena *arena;
    unsigned times;
    struct tls_handshake_result result;
};

static void on_told(void *user, const struct tls_handshake_result *result)
{
    struct told *told = user;
    told->times++;
    told->result = *result;
    if (!told->arena)
        return;
    told->result.detail = arena_str(told->arena, result->detail);
    tls_peer_copy(&told->result.tls, &result->tls, told->arena);
}

static const struct smtp_turn handshake[] = {{false, "", SMTP_ACT_TLS}};

static struct tls_handshake_options options_for(const struct world *w, const struct smtp_server *s,
                                                const char *sni)
{
    return (struct tls_handshake_options){.context = w->tls,
                                          .address = s->address,
                                          .port = s->port,
                                          .sni = str_from(sni),
                                          .deadline_ms = PATIENCE};
}

static struct tls_handshake_result shake_with(struct world *w, struct smtp_server *s, SSL_CTX *ctx,
                                              const struct smtp_turn *turns, const char *sni,
                                              unsigned deadline_ms)
{
    struct told told = {.arena = &w->arena};
    struct error err;
    smtp_server_start(s, turns, 1, ctx);
    struct tls_handshake_options options = options_for(w, s, sni);
    options.deadline_ms = deadline_ms;
    assert_non_null(tls_client_handshake_start(w->base, &options, on_told, &told, &err));
    assert_int_equal(told.times, 0);
    event_base_dispatch(w->base);
    smtp_server_stop(s);
    assert_int_equal(told.times, 1);
    return told.result;
}

static void a_handshake_carries_the_chain_home(void **state)
{
    struct world *w = *state;
    static const struct {
        int version;
        unsigned seen;
        const char *sni;
    } rows[] = {{TLS1_2_VERSION, 0x0303, "mx.test"},
                {TLS1_3_VERSION, 0x0304, "mx.test"},
                {TLS1_2_VERSION, 0x0303, ""},
                {TLS1_3_VERSION, 0x0304, ""}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct smtp_server s;
        SSL_CTX *ctx = server_with(&w->leaf, &w->issuer, 1);
        SSL_CTX_set_max_proto_version(ctx, rows[i].version);
        struct tls_handshake_result r = shake_with(w, &s, ctx, handshake, rows[i].sni, PATIENCE);
        SSL_CTX_free(ctx);
        assert_int_equal(r.failure, NET_OK);
        assert_true(r.handshaking);
        assert_int_equal(r.tls.version, rows[i].seen);
        assert_true(r.tls.cipher.n > 0);
        assert_int_equal(r.tls.chain_count, 2);
        assert_true(str_eq(r.tls.chain[0], made_der(&w->leaf, &w->arena)));
        assert_string_equal(s.name, rows[i].sni);
    }
}

/* A weak key is there to be told of. */
#define DESCRIPTORS_MAX 256

struct sockets {
    uint16_t port; /* of the server */
    unsigned count, at_once;
};

/* Looks at the client's end of the connection, while there is one. */
static void look_at_socket(void *user, const struct tls_handshake_result *result)
{
    struct sockets *sockets = user;
    (void)result;
    for (int fd = 0; fd < DESCRIPTORS_MAX; fd++) {
        struct sockaddr_in peer = {0};
        socklen_t n = sizeof peer;
        int on = 0;
        if (getpeername(fd, (struct sockaddr *)&peer, &n) < 0 || peer.sin_family != AF_INET ||
            ntohs(peer.sin_port) != sockets->port)
            continue;
        n = sizeof on;
        sockets->count++;
        sockets->at_once += getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &n) == 0 && on;
    }
}

/* RFC 9293 3.7.4: the end of the handshake and the first command are two writes. */
static void what_is_said_after_a_handshake_waits_for_no_acknowledgement(void **state)
{
    struct world *w = *state;
    struct smtp_server s;
    struct error err;
    SSL_CTX *ctx = server_with(&w->leaf, NULL, 0);
    smtp_server_start(&s, handshake, 1, ctx);
    struct tls_handshake_options options = options_for(w, &s, "mx.test");
    struct sockets sockets = {.port = s.port};
    assert_non_null(tls_client_handshake_start(w->base, &options, look_at_socket, &sockets, &err));
    event_base_dispatch(w->base);
    smtp_server_stop(&s);
    SSL_CTX_free(ctx);
    assert_int_equal(sockets.count, 1);
    assert_int_equal(sockets.at_once, 1);
}

static void a_weak_certificate_is_carried_home_too(void **state)
{
    struct world *w = *state;
    struct smtp_server s;
    SSL_CTX *ctx = server_with(&w->weak, NULL, 0);
    struct tls_handshake_result r = shake_with(w, &s, ctx, handshake, "mx.test", PATIENCE);
    SSL_CTX_free(ctx);
    assert_int_equal(r.failure, NET_OK);
    assert_int_equal(r.tls.chain_count, 1);
}

static void a_chain_has_a_longest(void **state)
{
    struct world *w = *state;
    for (size_t issuers = TLS_CHAIN_MAX - 2; issuers <= TLS_CHAIN_MAX; issuers++) {
        struct smtp_server s;
        SSL_CTX *ctx = server_with(&w->leaf, &w->issuer, issuers);
        struct tls_handshake_result r = shake_with(w, &s, ctx, handshake, "mx.test", PATIENCE);
        SSL_CTX_free(ctx);
        assert_int_equal(r.failure, NET_OK);
        assert_int_equal(r.tls.chain_count,
                         issuers + 1 < TLS_CHAIN_MAX ? issuers + 1 : TLS_CHAIN_MAX);
    }
}

static int refuse_name(SSL *ssl, int *alert, void *context)
{
    (void)ssl;
    (void)context;
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void old_only(SSL_CTX *ctx)
{
    SSL_CTX_set_max_proto_version(ctx, TLS1_1_VERSION);
}

static void other_ciphers(SSL_CTX *ctx)
{
    SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(ctx, "ECDHE-RSA-AES128-GCM-SHA256"); /* the key is no RSA key */
}

static void no_such_name(SSL_CTX *ctx)
{
    SSL_CTX_set_tlsext_servername_callback(ctx, refuse_name);
}

/* Asked for, and not given: TLS 1.3 tells it behind the handshake, TLS 1.2 within. */
static void wants_certificate(SSL_CTX *ctx)
{
    SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
}

/* RFC 8446 section 6, RFC 6066 section 3, RFC 8461 7.2. */
static void a_handshake_that_fails_says_why(void **state)
{
    struct world *w = *state;
    static const struct {
        void (*spoil)(SSL_CTX *ctx);
        const char *detail;
        size_t chain;
    } rows[] = {
        {old_only, "protocol version", 0},
        {other_ciphers, "handshake failure", 0},
        {no_such_name, "unrecognized name", 0},
        {wants_certificate, "handshake failure", 2}, /* seen, although it failed */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct smtp_server s;
        SSL_CTX *ctx = server_with(&w->leaf, &w->issuer, 1);
        rows[i].spoil(ctx);
        struct tls_handshake_result r = shake_with(w, &s, ctx, handshake, "mx.test", PATIENCE);
        SSL_CTX_free(ctx);
        CHECK(r.failure == NET_TLS, rows[i].detail);
        CHECK_STR(r.detail, rows[i].detail, "detail");
        CHECK(r.handshaking, rows[i].detail);
        CHECK(r.tls.version == 0, rows[i].detail);
        CHECK(r.tls.chain_count == rows[i].chain, rows[i].detail);
    }
}

static void a_peer_that_speaks_no_tls_is_told(void **state)
{
    struct world *w = *state;
    static const struct {
        struct smtp_turn turn;
        enum net_failure failure;
        const char *detail;
        unsigned deadline;
    } rows[] = {
        {{false, "220 mx.test ESMTP\r\n", SMTP_ACT_GO_ON},
         NET_TLS,
         "wrong version number",
         PATIENCE},
        {{false, "", SMTP_ACT_CLOSE}, NET_CLOSED, "", PATIENCE},
        {{false, "", SMTP_ACT_RESET}, NET_CLOSED, "", PATIENCE},
        {{false, "\x16\x03", SMTP_ACT_CLOSE}, NET_CLOSED, "", PATIENCE},
        {{false, "\x16\x03", SMTP_ACT_HANG}, NET_TIMEOUT, "", SHORT},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct smtp_server s;
        struct tls_handshake_result r =
            shake_with(w, &s, NULL, &rows[i].turn, "mx.test", rows[i].deadline);
        assert_int_equal(r.failure, rows[i].failure);
        CHECK_STR(r.detail, rows[i].detail, "detail");
        assert_int_equal(r.tls.chain_count, 0);
    }
}

static void nobody_there_is_no_failed_handshake(void **state)
{
    struct world *w = *state;
    struct smtp_server s;
    struct told told = {.arena = &w->arena};
    struct error err;
    smtp_server_start(&s, NULL, 0, NULL);
    smtp_server_stop(&s);
    struct tls_handshake_options options = options_for(w, &s, "mx.test");
    assert_non_null(tls_client_handshake_start(w->base, &options, on_told, &told, &err));
    event_base_dispatch(w->base);
    assert_int_equal(told.result.failure, NET_REFUSED);
    assert_false(told.result.handshaking);
}

static void it_can_be_cancelled_at_any_moment(void **state)
{
    struct world *w = *state;
    struct told told = {.arena = &w->arena};
    SSL_CTX *ctx = server_with(&w->leaf, &w->issuer, 1);
    for (unsigned turns = 0; told.times == 0; turns++) {
        struct smtp_server s;
        struct error err;
        smtp_server_start(&s, handshake, 1, ctx);
        struct tls_handshake_options options = options_for(w, &s, "mx.test");
        struct tls_handshake *h =
            tls_client_handshake_start(w->base, &options, on_told, &told, &err);
        assert_non_null(h);
        for (unsigned i = 0; i < turns && told.times == 0; i++)
            event_base_loop(w->base, EVLOOP_ONCE);
        if (told.times == 0)
            tls_client_handshake_cancel(h);
        assert_int_equal(event_base_loop(w->base, EVLOOP_NONBLOCK), 1);
        smtp_server_stop(&s);
        assert_true(turns < 100);
    }
    SSL_CTX_free(ctx);
    assert_int_equal(told.result.failure, NET_OK);
    tls_client_handshake_cancel(NULL);
}

static void without_memory_it_says_so(void **state)
{
    struct world *w = *state;
    SSL_CTX *ctx = server_with(&w->leaf, &w->issuer, 1);
    for (unsigned n = 1;; n++) {
        struct smtp_server s;
        struct told told = {0};
        struct error err;
        smtp_server_start(&s, handshake, 1, ctx);
        struct tls_handshake_options options = options_for(w, &s, "mx.test");
        fault_alloc_at(n);
        struct tls_handshake *h =
            tls_client_handshake_start(w->base, &options, on_told, &told, &err);
        if (h)
            event_base_dispatch(w->base);
        bool failed = fault_alloc_off();
        smtp_server_stop(&s);
        if (!failed)
            break;
        assert_true(h ? told.result.failure == NET_LOCAL : told.times == 0);
    }
    SSL_CTX_free(ctx);
}

static void on_session(void *user, const struct smtp_session *session)
{
    unsigned *told = user;
    ++*told;
    assert_int_equal(session->at, SMTP_DONE);
}

/* RFC 5321 4.1.1.10: the connection waits for the answer, who asked does not; and goes with the
 * context. */
static void the_result_does_not_wait_for_the_answer_to_quit(void **state)
{
    struct world *w = *state;
    static const struct smtp_turn turns[] = {
        {false, "220 mx.test\r\n", SMTP_ACT_GO_ON},
        {true, "250-mx.test\r\n250 STARTTLS\r\n", SMTP_ACT_GO_ON},
        {true, "220 go ahead\r\n", SMTP_ACT_TLS},
        {true, "250 mx.test\r\n", SMTP_ACT_GO_ON},
        {true, "", SMTP_ACT_HANG}};
    SSL_CTX *ctx = server_with(&w->leaf, &w->issuer, 1);
    for (int ends_early = 0; ends_early < 2; ends_early++) {
        unsigned told = 0;
        struct smtp_server s;
        struct error err;
        struct tls_client_context *tls = NULL;
        assert_int_equal(tls_client_context_new(&tls, &err), 0);
        smtp_server_start(&s, turns, ARRAY_LEN(turns), ctx);
        const struct smtp_options options = {.address = s.address,
                                             .port = s.port,
                                             .ehlo = STR("client.test"),
                                             .deadline_ms = PATIENCE,
                                             .tls = tls};
        assert_non_null(smtp_client_start(w->base, &options, on_session, &told, &err));
        while (told == 0)
            event_base_loop(w->base, EVLOOP_ONCE);
        /* The server never answers: the connection is there still. */
        assert_int_equal(event_base_get_num_events(w->base, EVENT_BASE_COUNT_ADDED), 2);
        if (!ends_early)
            event_base_dispatch(w->base);
        tls_client_context_free(tls);
        assert_int_equal(event_base_get_num_events(w->base, EVENT_BASE_COUNT_ADDED), 0);
        smtp_server_stop(&s);
        assert_int_equal(told, 1);
        if (!ends_early)
            assert_string_equal(s.heard, "EHLO client.test|STARTTLS|EHLO client.test|QUIT");
    }
    SSL_CTX_free(ctx);
}

static void without_memory_there_is_no_context(void **state)
{
    struct tls_client_context *context = NULL;
    struct error err;
    (void)state;
    fault_alloc_at(1);
    assert_int_equal(tls_client_context_new(&context, &err), -ERROR_TEMPORARY);
    fault_alloc_off();
    assert_null(context);
    tls_client_context_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handshake_carries_the_chain_home),
        cmocka_unit_test(what_is_said_after_a_handshake_waits_for_no_acknowledgement),
        cmocka_unit_test(a_weak_certificate_is_carried_home_too),
        cmocka_unit_test(a_chain_has_a_longest),
        cmocka_unit_test(a_handshake_that_fails_says_why),
        cmocka_unit_test(a_peer_that_speaks_no_tls_is_told),
        cmocka_unit_test(nobody_there_is_no_failed_handshake),
        cmocka_unit_test(it_can_be_cancelled_at_any_moment),
        cmocka_unit_test(without_memory_it_says_so),
        cmocka_unit_test(the_result_does_not_wait_for_the_answer_to_quit),
        cmocka_unit_test(without_memory_there_is_no_context),
    };
    return cmocka_run_group_tests_name("net tls_client", tests, make_world, end_world);
}
