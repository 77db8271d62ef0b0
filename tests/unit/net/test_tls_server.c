#include "check.h"

#include <openssl/err.h>

#include "fault.h"
#include "made.h"
#include "net/tls_server.h"

#define FROM  1795000000
#define UNTIL 1895518000

/* Two identities; which one a name gets is decided here, as the host decides it by its snapshot. */
struct world {
    struct arena arena;
    struct made issuer, one, wild;
    struct tls_identity *one_identity, *wild_identity;
    SSL_CTX *server, *client;
};

/* What the server knows of one connection. */
struct visit {
    struct tls_guest guest; /* first */
    const struct world *world;
    unsigned asked;
    char name[256];
};

static bool choose(struct tls_guest *guest, SSL *ssl, struct str name)
{
    struct visit *v = (struct visit *)guest;
    v->asked++;
    snprintf(v->name, sizeof v->name, "%.*s", STR_ARG(name));
    if (str_eq(name, STR("mta-sts.one.test")))
        return tls_identity_use(v->world->one_identity, ssl);
    /* One label, RFC 6125 6.4.3. */
    ssize_t dot = str_chr(name, '.');
    if (dot > 0 && str_eq(str_skip(name, (size_t)dot), STR(".wild.test")))
        return tls_identity_use(v->world->wild_identity, ssl);
    return false;
}

static struct tls_identity *identity_of(struct world *w, const struct made *m,
                                        const struct made *issuer)
{
    struct tls_identity *identity = NULL;
    struct error err;
    struct buf chain CLEANUP(buf_done);
    buf_init(&chain, 65536);
    buf_str(&chain, made_der(m, &w->arena));
    if (issuer)
        buf_str(&chain, made_der(issuer, &w->arena));
    assert_int_equal(tls_identity_new(&identity, STR("test"), buf_view(&chain),
                                      made_key_der(m, &w->arena), NULL, &err),
                     0);
    return identity;
}

static int make_world(void **state)
{
    static struct world w;
    struct error err;
    arena_init(&w.arena, 1 << 20);
    w.issuer = made_new("Authority", NULL, NULL, FROM, UNTIL);
    w.one = made_new("one", "DNS:mta-sts.one.test", &w.issuer, FROM, UNTIL);
    w.wild = made_new("wild", "DNS:*.wild.test", NULL, FROM, UNTIL);
    w.one_identity = identity_of(&w, &w.one, &w.issuer);
    w.wild_identity = identity_of(&w, &w.wild, NULL);
    assert_int_equal(tls_server_new(&w.server, choose, &err), 0);
    w.client = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(w.client, 0);
    *state = &w;
    return 0;
}

static int end_world(void **state)
{
    struct world *w = *state;
    SSL_CTX_free(w->server);
    SSL_CTX_free(w->client);
    tls_identity_free(w->one_identity);
    tls_identity_free(w->wild_identity);
    made_done(&w->issuer);
    made_done(&w->one);
    made_done(&w->wild);
    arena_done(&w->arena);
    return 0;
}

/* A client and a server with nothing but memory between them. */
struct pair {
    struct visit visit;
    SSL *client, *server;
    int alert; /* the fatal one that the client received, or 0 */
};

static void on_client(const SSL *ssl, int where, int value)
{
    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && value >> 8 == SSL3_AL_FATAL)
        ((struct pair *)SSL_get_app_data(ssl))->alert = value & 0xff;
}

static void pair_init(struct pair *p, const struct world *w, const char *name)
{
    BIO *to_client, *to_server;
    *p = (struct pair){.visit = {.world = w}};
    p->client = SSL_new(w->client);
    p->server = SSL_new(w->server);
    assert_int_equal(BIO_new_bio_pair(&to_server, 1 << 16, &to_client, 1 << 16), 1);
    SSL_set_bio(p->client, to_server, to_server);
    SSL_set_bio(p->server, to_client, to_client);
    SSL_set_app_data(p->client, p);
    SSL_set_app_data(p->server, &p->visit.guest);
    SSL_set_info_callback(p->client, on_client);
    char asked_for[256]; /* the macro casts const away */
    snprintf(asked_for, sizeof asked_for, "%s", name ? name : "");
    if (name)
        SSL_set_tlsext_host_name(p->client, asked_for);
    SSL_set_connect_state(p->client);
    SSL_set_accept_state(p->server);
}

static void pair_done(struct pair *p)
{
    SSL_free(p->client);
    SSL_free(p->server);
    ERR_clear_error();
}

/* True when both have finished. */
static bool shake(struct pair *p)
{
    for (int turn = 0; turn < 10; turn++) {
        int client = SSL_do_handshake(p->client), server = SSL_do_handshake(p->server);
        if (client == 1 && server == 1)
            return true;
    }
    return false;
}

static void a_name_gets_its_certificate_and_chain(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *name;
        size_t wild, chain;
    } rows[] = {{"mta-sts.one.test", 0, 2}, {"a.wild.test", 1, 1}, {"mta-sts.wild.test", 1, 1}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct pair p;
        pair_init(&p, w, rows[i].name);
        CHECK(shake(&p), rows[i].name);
        X509 *shown = SSL_get0_peer_certificate(p.client);
        CHECK(X509_cmp(shown, rows[i].wild ? w->wild.certificate : w->one.certificate) == 0,
              rows[i].name);
        CHECK((size_t)sk_X509_num(SSL_get_peer_cert_chain(p.client)) == rows[i].chain,
              rows[i].name);
        CHECK_STR(str_from(p.visit.name), rows[i].name, "the name is as the client wrote it");
        CHECK(p.visit.asked == 1, rows[i].name);
        pair_done(&p);
    }
}

/* RFC 6066 section 3: unrecognized_name, fatal; there is no default certificate. */
static void a_name_without_certificate_and_no_name_get_the_alert(void **state)
{
    struct world *w = *state;
    static const char *const names[] = {NULL,        "mta-sts.other.test", "a.b.wild.test",
                                        "wild.test", ".wild.test",         "mta-sts.one.test.",
                                        "127.0.0.1"};
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < ARRAY_LEN(names) * 2; i++) {
        const char *name = names[i / 2];
        struct pair p;
        pair_init(&p, w, name);
        SSL_set_max_proto_version(p.client, versions[i % 2]);
        CHECK(!shake(&p), name ? name : "none");
        CHECK(p.alert == SSL_AD_UNRECOGNIZED_NAME, name ? name : "none");
        CHECK(p.visit.asked == (name ? 1 : 0), name ? name : "none");
        pair_done(&p);
    }
}

/* RFC 8461 3.3 and RFC 9325 3.1.1: TLS 1.2 or later. */
static void only_tls_1_2_and_1_3_are_spoken(void **state)
{
    struct world *w = *state;
    static const struct {
        int version;
        bool good;
    } rows[] = {{TLS1_VERSION, false},
                {TLS1_1_VERSION, false},
                {TLS1_2_VERSION, true},
                {TLS1_3_VERSION, true}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct pair p;
        pair_init(&p, w, "mta-sts.one.test");
        SSL_set_min_proto_version(p.client, rows[i].version);
        SSL_set_max_proto_version(p.client, rows[i].version);
        assert_int_equal(shake(&p), rows[i].good);
        if (rows[i].good)
            assert_int_equal(SSL_version(p.server), rows[i].version);
        pair_done(&p);
    }
}

/* RFC 9325 4.2: forward secrecy and AEAD. */
static void weak_ciphers_are_refused(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *cipher;
        bool good;
    } rows[] = {{"ECDHE-ECDSA-AES128-GCM-SHA256", true},
                {"ECDHE-ECDSA-CHACHA20-POLY1305", true},
                {"ECDHE-ECDSA-AES128-SHA256", false},
                {"ECDHE-ECDSA-AES256-SHA", false},
                {"AES128-GCM-SHA256", false},
                {"DHE-RSA-AES128-GCM-SHA256", false}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct pair p;
        pair_init(&p, w, "mta-sts.one.test");
        SSL_set_max_proto_version(p.client, TLS1_2_VERSION);
        assert_int_equal(SSL_set_cipher_list(p.client, rows[i].cipher), 1);
        CHECK(shake(&p) == rows[i].good, rows[i].cipher);
        pair_done(&p);
    }
}

/* RFC 7301 3.2. */
static void alpn_is_http_1_1_or_that_of_a_ca_or_an_alert(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *offer;
        const char *chosen; /* NULL: refused */
    } rows[] = {
        {"\x08http/1.1", "http/1.1"},
        {"\x02h2\x08http/1.1", "http/1.1"},
        {"\x02h2", NULL},
        /* RFC 8737 3: a CA offers acme-tls/1 and nothing else. */
        {"\x0a"
         "acme-tls/1",
         "acme-tls/1"},
        {"\x0a"
         "acme-tls/1\x08http/1.1",
         "http/1.1"},
        {"\x08http/1.1\x0a"
         "acme-tls/1",
         "http/1.1"},
        {"\x0a"
         "acme-tls/2",
         NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct pair p;
        const unsigned char *chosen;
        unsigned n;
        pair_init(&p, w, "mta-sts.one.test");
        SSL_set_alpn_protos(p.client, (const unsigned char *)rows[i].offer,
                            (unsigned)strlen(rows[i].offer));
        CHECK(shake(&p) == (rows[i].chosen != NULL), rows[i].offer);
        SSL_get0_alpn_selected(p.client, &chosen, &n);
        if (rows[i].chosen)
            CHECK_STR(((struct str){(const char *)chosen, n}), rows[i].chosen, rows[i].offer);
        else
            assert_int_equal(p.alert, SSL_AD_NO_APPLICATION_PROTOCOL);
        CHECK(p.visit.guest.validates == (rows[i].chosen && rows[i].chosen[0] == 'a'),
              rows[i].offer);
        pair_done(&p);
    }
}

static void every_handshake_is_a_full_one(void **state)
{
    struct world *w = *state;
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        struct pair p;
        char byte;
        pair_init(&p, w, "mta-sts.one.test");
        SSL_set_max_proto_version(p.client, versions[i]);
        assert_true(shake(&p));
        SSL_read(p.client, &byte, 1); /* takes in what came behind the handshake */
        SSL_SESSION *session = SSL_get1_session(p.client);
        pair_done(&p);
        assert_false(SSL_SESSION_has_ticket(session));
        pair_init(&p, w, "mta-sts.one.test");
        SSL_set_max_proto_version(p.client, versions[i]);
        SSL_set_session(p.client, session);
        assert_true(shake(&p));
        assert_false(SSL_session_reused(p.server));
        SSL_SESSION_free(session);
        pair_done(&p);
    }
}

static void an_identity_that_does_not_fit_is_refused(void **state)
{
    struct world *w = *state;
    struct str one = made_der(&w->one, &w->arena), key = made_key_der(&w->one, &w->arena);
    struct str chain_17 = STR("");
    for (int i = 0; i < 17; i++) {
        struct buf longer CLEANUP(buf_done);
        buf_init(&longer, 65536);
        buf_str(&longer, chain_17);
        buf_str(&longer, one);
        chain_17 = arena_str(&w->arena, buf_view(&longer));
    }
    const struct {
        struct str chain, key;
        const char *code;
    } rows[] = {
        {STR(""), key, "tls-certificate-unreadable"},
        {STR("garbage"), key, "tls-certificate-unreadable"},
        {str_head(one, one.n - 1), key, "tls-certificate-unreadable"},
        {chain_17, key, "tls-certificate-unreadable"},
        {one, STR(""), "tls-key-unreadable"},
        {one, str_head(key, key.n / 2), "tls-key-unreadable"},
        {one, made_key_der(&w->wild, &w->arena), "tls-key-of-another"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct tls_identity *identity = NULL;
        struct error err;
        CHECK(tls_identity_new(&identity, STR("host"), rows[i].chain, rows[i].key, NULL, &err) ==
                  -ERROR_PERMANENT,
              rows[i].code);
        CHECK_STR(str_from(err.msg.def->id), rows[i].code, rows[i].code);
        assert_null(identity);
    }
    tls_identity_free(NULL);
}

static void read_one(struct world *w, struct tls_reader *reader)
{
    struct tls_identity *identity = NULL;
    struct error err;
    assert_int_equal(tls_identity_new(&identity, STR("host"), made_der(&w->one, &w->arena),
                                      made_key_der(&w->one, &w->arena), reader, &err),
                     0);
    tls_identity_free(identity);
}

static void without_memory_there_is_no_identity(void **state)
{
    struct world *w = *state;
    struct str key = made_key_der(&w->one, &w->arena);
    struct buf chain CLEANUP(buf_done);
    buf_init(&chain, 65536);
    buf_str(&chain, made_der(&w->one, &w->arena));
    buf_str(&chain, made_der(&w->issuer, &w->arena));
    for (unsigned n = 1;; n++) {
        struct tls_identity *identity = NULL;
        struct tls_reader reader = {0};
        struct error err;
        /* Its library context is made before memory is short: OpenSSL leaks there. */
        read_one(w, &reader);
        fault_alloc_at(n);
        int result = tls_identity_new(&identity, STR("host"), buf_view(&chain), key, &reader, &err);
        bool failed = fault_alloc_off();
        assert_int_equal(result < 0, identity == NULL);
        tls_identity_free(identity);
        tls_reader_done(&reader);
        if (!failed)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_gets_its_certificate_and_chain),
        cmocka_unit_test(a_name_without_certificate_and_no_name_get_the_alert),
        cmocka_unit_test(only_tls_1_2_and_1_3_are_spoken),
        cmocka_unit_test(weak_ciphers_are_refused),
        cmocka_unit_test(alpn_is_http_1_1_or_that_of_a_ca_or_an_alert),
        cmocka_unit_test(every_handshake_is_a_full_one),
        cmocka_unit_test(an_identity_that_does_not_fit_is_refused),
        cmocka_unit_test(without_memory_there_is_no_identity),
    };
    return cmocka_run_group_tests_name("net tls_server", tests, make_world, end_world);
}
