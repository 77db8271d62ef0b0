#include "acme/port_probe.h"
#include "check.h"
#include "https_server.h"
#include "made.h"

#include <openssl/x509v3.h>
#include <signal.h>

#define NOW INT64_C(1795518000)

static const struct acme_challenge tls = {ACME_TLS_ALPN_01, STR_INIT("mta-sts.a.test"),
                                          STR_INIT("token"), STR_INIT("token.thumbprint")};

static int choose(SSL *ssl, const unsigned char **out, unsigned char *n, const unsigned char *in,
                  unsigned in_n, void *context)
{
    struct str only = str_from(context), offered = {(const char *)in, in_n};
    (void)ssl;
    if (str_find(offered, only) < 0)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = (const unsigned char *)only.p + 1;
    *n = (unsigned char)(only.n - 1);
    return SSL_TLSEXT_ERR_OK;
}

/* A server that shows the certificate of a challenge, with the protocols given (NULL: no ALPN). */
static SSL_CTX *server_with(const struct acme_challenge *challenge, char *protocols)
{
    struct arena arena CLEANUP(arena_done);
    struct str certificate, key;
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    arena_init(&arena, 10000);
    assert_int_equal(acme_challenge_certificate(challenge, NOW, &arena, &certificate, &key, NULL),
                     0);
    const unsigned char *at = (const unsigned char *)certificate.p;
    X509 *x = d2i_X509(NULL, &at, (long)certificate.n);
    at = (const unsigned char *)key.p;
    EVP_PKEY *pkey = d2i_AutoPrivateKey(NULL, &at, (long)key.n);
    assert_int_equal(SSL_CTX_use_certificate(ctx, x), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, pkey), 1);
    X509_free(x);
    EVP_PKEY_free(pkey);
    if (protocols)
        SSL_CTX_set_alpn_select_cb(ctx, choose, protocols);
    return ctx;
}

static struct acme_seen probe(const struct acme_challenge *challenge, uint16_t port,
                              struct arena *arena)
{
    struct acme_seen seen = {.port = ACME_PORT_UNTRIED};
    const bool wanted = true;
    struct error err;
    assert_true(address_parse(STR("127.0.0.1"), &seen.address));
    assert_int_equal(acme_probe_ports(challenge, port, &seen, &wanted, 1, NULL, arena, &err), 0);
    return seen;
}

/* RFC 8737 3: the protocol and the certificate, both. */
static void only_the_challenges_certificate_by_its_protocol_is_ours(void **state)
{
    static char acme[] = ACME_ALPN, http[] = "\x08http/1.1";
    struct acme_challenge other = tls;
    other.authorization = STR("token.other");
    const struct {
        const char *what;
        const struct acme_challenge *shown;
        char *protocols;
        bool plain;
        enum acme_port port;
        const char *says;
    } rows[] = {
        {"ours", &tls, acme, false, ACME_PORT_OURS, "mta-sts.a.test"},
        {"another answer", &other, acme, false, ACME_PORT_OTHER, "mta-sts.a.test"},
        {"without the protocol", &tls, NULL, false, ACME_PORT_OTHER, "mta-sts.a.test"},
        {"another protocol", &tls, http, false, ACME_PORT_OTHER, NULL},
        {"no TLS", &tls, NULL, true, ACME_PORT_OTHER, NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena CLEANUP(arena_done);
        struct https_server server;
        struct https_script script = {.silent = rows[i].plain,
                                      .plain = rows[i].plain ? STR("220 hello\r\n") : STR("")};
        SSL_CTX *ctx = server_with(rows[i].shown, rows[i].protocols);
        arena_init(&arena, 100000);
        https_server_start(&server, "127.0.0.1", 0, ctx, &script);
        struct acme_seen seen = probe(&tls, server.port, &arena);
        https_server_stop(&server);
        SSL_CTX_free(ctx);
        CHECK(seen.port == rows[i].port, rows[i].what);
        CHECK(seen.what.n > 0, rows[i].what);
        if (rows[i].says)
            CHECK_STR(seen.what, rows[i].says, rows[i].what);
        if (i == 0)
            assert_string_equal(server.name, "mta-sts.a.test");
    }
}

static void a_port_where_nobody_listens_tells_nothing(void **state)
{
    struct arena arena CLEANUP(arena_done);
    struct https_server server;
    (void)state;
    arena_init(&arena, 100000);
    https_server_start(&server, "127.0.0.1", 0, NULL, &(struct https_script){.silent = true});
    https_server_stop(&server);
    struct acme_seen seen = probe(&tls, server.port, &arena);
    assert_int_equal(seen.port, ACME_PORT_UNREACHABLE);
    CHECK_STR(seen.what, "refused", "why");
}

static void http_is_asked_for_the_token(void **state)
{
    struct acme_challenge http = tls;
    struct arena arena CLEANUP(arena_done);
    struct https_server server;
    struct https_script script = {
        .silent = true, .plain = STR("HTTP/1.1 200 OK\r\nServer: x\r\n\r\ntoken.thumbprint\n")};
    (void)state;
    http.type = ACME_HTTP_01;
    arena_init(&arena, 100000);
    https_server_start(&server, "127.0.0.1", 0, NULL, &script);
    struct acme_seen seen = probe(&http, server.port, &arena);
    https_server_stop(&server);
    assert_int_equal(seen.port, ACME_PORT_OURS);
}

/* RFC 8555 8.3 */
static void an_answer_over_http_is_the_text_and_nothing_else(void **state)
{
    static const struct {
        const char *answer;
        enum acme_port port;
        const char *what;
    } rows[] = {
        {"HTTP/1.0 200 OK\r\n\r\nt.p", ACME_PORT_OURS, "HTTP 200"},
        {"HTTP/1.1 200 OK\r\nA: b\r\n\r\nt.p \r\n", ACME_PORT_OURS, "HTTP 200"},
        {"HTTP/1.1 200 OK\r\n\r\nt.px", ACME_PORT_OTHER, "HTTP 200"},
        {"HTTP/1.1 200 OK\r\n\r\n", ACME_PORT_OTHER, "HTTP 200"},
        {"HTTP/1.1 404 Not Found\r\n\r\nt.p", ACME_PORT_OTHER, "HTTP 404"},
        {"HTTP/1.1 301 Moved\r\nLocation: https://x/\r\n\r\n", ACME_PORT_UNREACHABLE, "HTTP 301"},
        {"HTTP/1.1 301 Moved\r\n\r\n", ACME_PORT_OTHER, "HTTP 301"},
        {"HTTP/1.1 200 OK\r\nA: b", ACME_PORT_OTHER, "no HTTP"},
        {"SSH-2.0-x\r\n", ACME_PORT_OTHER, "no HTTP"},
        {"", ACME_PORT_UNREACHABLE, "no HTTP"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena CLEANUP(arena_done);
        struct str what;
        arena_init(&arena, 100000);
        CHECK(acme_probe_read_answer(str_from(rows[i].answer), STR("t.p"), &arena, &what) ==
                  rows[i].port,
              rows[i].answer);
        CHECK_STR(what, rows[i].what, rows[i].answer);
    }
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN); /* the server writes to a client that has seen enough and gone */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_challenges_certificate_by_its_protocol_is_ours),
        cmocka_unit_test(a_port_where_nobody_listens_tells_nothing),
        cmocka_unit_test(http_is_asked_for_the_token),
        cmocka_unit_test(an_answer_over_http_is_the_text_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
