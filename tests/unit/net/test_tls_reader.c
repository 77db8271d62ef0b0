#include "check.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "made.h"
#include "net/tls_reader.h"

/* A key with a certificate of its own, both as DER. */
struct pair {
    EVP_PKEY *key;
    struct str certificate, pkcs8;
};

static struct str take_der(unsigned char *der, int n, struct arena *arena)
{
    assert_true(n > 0);
    struct str copy = arena_str(arena, (struct str){(const char *)der, (size_t)n});
    OPENSSL_free(der);
    return copy;
}

/* DER of PKCS #8, as OpenSSL writes it. */
static struct str write_key(EVP_PKEY *key, struct arena *arena)
{
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
    unsigned char *der = NULL;
    assert_non_null(info);
    int n = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
    PKCS8_PRIV_KEY_INFO_free(info);
    return take_der(der, n, arena);
}

static struct str write_certificate(EVP_PKEY *key, struct arena *arena)
{
    X509 *x = X509_new();
    unsigned char *der = NULL;
    const EVP_MD *md = EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256();
    X509_set_version(x, X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(x), 0);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    assert_int_equal(X509_set_pubkey(x, key), 1);
    assert_true(X509_sign(x, key, md) > 0);
    int n = i2d_X509(x, &der);
    X509_free(x);
    return take_der(der, n, arena);
}

static struct pair pair_of(EVP_PKEY *key, struct arena *arena)
{
    assert_non_null(key);
    return (struct pair){key, write_certificate(key, arena), write_key(key, arena)};
}

/* What a server does with the two. */
static void serves(X509 *leaf, EVP_PKEY *key, const char *what)
{
    SSL_CTX *server = SSL_CTX_new(TLS_server_method()), *client = SSL_CTX_new(TLS_client_method());
    SSL *to = SSL_new(client), *from = SSL_new(server);
    BIO *to_client, *to_server;
    int answered = 0;
    BIO_new_bio_pair(&to_server, 1 << 16, &to_client, 1 << 16);
    SSL_set_bio(to, to_server, to_server);
    SSL_set_bio(from, to_client, to_client);
    CHECK(SSL_use_cert_and_key(from, leaf, key, NULL, 1) == 1, what);
    for (int i = 0; i < 4 && answered != 1; i++) {
        SSL_connect(to);
        ERR_clear_error();
        answered = SSL_accept(from);
        CHECK(answered == 1 || SSL_get_error(from, answered) == SSL_ERROR_WANT_READ, what);
    }
    CHECK(answered == 1, what);
    X509 *shown = SSL_get1_peer_certificate(to);
    CHECK(shown && X509_cmp(shown, leaf) == 0, what);
    X509_free(shown);
    SSL_free(to);
    SSL_free(from);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

static struct str encoding(X509 *leaf, struct arena *arena)
{
    unsigned char *der = NULL;
    int n = i2d_X509(leaf, &der);
    return take_der(der, n, arena);
}

static void a_pair_comes_back_as_it_was_written(void **state)
{
    static const struct {
        const char *what, *curve; /* NULL: RSA */
        bool without_public;
    } rows[] = {
        {"P-256", "prime256v1", false},
        {"P-256 without its public key", "prime256v1", true},
        {"P-384", "secp384r1", false},
        {"RSA", NULL, false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena CLEANUP(arena_done);
        struct tls_reader reader = {0};
        arena_init(&arena, 1 << 16);
        struct pair pair =
            pair_of(rows[i].curve ? EVP_EC_gen(rows[i].curve) : EVP_RSA_gen(2048), &arena);
        if (rows[i].without_public) {
            EVP_PKEY_set_int_param(pair.key, "include-public", 0);
            pair.pkcs8 = write_key(pair.key, &arena);
        }
        struct buf chain CLEANUP(buf_done);
        buf_init(&chain, 1 << 16);
        buf_str(&chain, pair.certificate);
        buf_str(&chain, STR("the rest"));
        struct str rest = buf_view(&chain);
        X509 *leaf = NULL;
        EVP_PKEY *key = NULL;
        CHECK(tls_reader_pair(&reader, &rest, pair.pkcs8, &leaf, &key), rows[i].what);
        CHECK_STR(rest, "the rest", rows[i].what);
        CHECK(EVP_PKEY_eq(key, pair.key) == 1, rows[i].what);
        CHECK(str_eq(encoding(leaf, &arena), pair.certificate), rows[i].what);
        serves(leaf, key, rows[i].what);
        CHECK(str_eq(encoding(leaf, &arena), pair.certificate), rows[i].what);
        X509_free(leaf);
        EVP_PKEY_free(key);
        EVP_PKEY_free(pair.key);
        tls_reader_done(&reader);
    }
}

static EVP_PKEY *with_compressed_point(void)
{
    EVP_PKEY *key = EVP_EC_gen("prime256v1");
    EVP_PKEY_set_utf8_string_param(key, "point-format", "compressed");
    return key;
}

/* Such a pair is for the decoders, which say what is wrong or read it after all. */
static void a_pair_that_does_not_fit_is_left_alone(void **state)
{
    struct arena arena CLEANUP(arena_done);
    struct tls_reader reader = {0};
    (void)state;
    arena_init(&arena, 1 << 20);
    struct pair one = pair_of(EVP_EC_gen("prime256v1"), &arena);
    struct pair two = pair_of(EVP_EC_gen("prime256v1"), &arena);
    struct pair rsa = pair_of(EVP_RSA_gen(2048), &arena);
    struct pair compressed = pair_of(with_compressed_point(), &arena);
    struct pair edwards = pair_of(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), &arena);
    const struct {
        const char *what;
        struct str certificate, key;
    } rows[] = {
        {"a key of another", one.certificate, two.pkcs8},
        {"a key of another kind", one.certificate, rsa.pkcs8},
        {"a point of another form", compressed.certificate, one.pkcs8},
        {"a key without an older parser", edwards.certificate, edwards.pkcs8},
        {"no certificate", STR(""), one.pkcs8},
        {"half a certificate", str_head(one.certificate, one.certificate.n / 2), one.pkcs8},
        {"no key", one.certificate, STR("")},
        {"half a key", one.certificate, str_head(one.pkcs8, one.pkcs8.n / 2)},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str rest = rows[i].certificate;
        X509 *leaf = NULL;
        EVP_PKEY *key = NULL;
        CHECK(!tls_reader_pair(&reader, &rest, rows[i].key, &leaf, &key), rows[i].what);
        CHECK(!leaf && !key && rest.n == rows[i].certificate.n, rows[i].what);
        CHECK(!ERR_peek_error(), rows[i].what);
    }
    tls_reader_done(&reader);
    EVP_PKEY_free(one.key);
    EVP_PKEY_free(two.key);
    EVP_PKEY_free(rsa.key);
    EVP_PKEY_free(compressed.key);
    EVP_PKEY_free(edwards.key);
}

/* A number with zeros in front keeps its length: one key in 256 has one. */
static void keys_with_leading_zeros_are_read(void **state)
{
    struct tls_reader reader = {0};
    (void)state;
    for (int i = 0; i < 600; i++) {
        struct arena arena CLEANUP(arena_done);
        arena_init(&arena, 1 << 16);
        struct pair pair = pair_of(EVP_EC_gen("prime256v1"), &arena);
        X509 *leaf = NULL;
        EVP_PKEY *key = NULL;
        assert_true(tls_reader_pair(&reader, &pair.certificate, pair.pkcs8, &leaf, &key));
        assert_int_equal(EVP_PKEY_eq(key, pair.key), 1);
        X509_free(leaf);
        EVP_PKEY_free(key);
        EVP_PKEY_free(pair.key);
    }
    tls_reader_done(&reader);
}

static void read_damaged(struct tls_reader *reader, struct str certificate, struct str pkcs8)
{
    char *der = malloc(certificate.n + 1), *key = malloc(pkcs8.n + 1); /* ends the sanitizer sees */
    memcpy(der, certificate.p, certificate.n);
    memcpy(key, pkcs8.p, pkcs8.n);
    struct str rest = {der, certificate.n};
    X509 *leaf = NULL;
    EVP_PKEY *private = NULL;
    bool done = tls_reader_pair(reader, &rest, (struct str){key, pkcs8.n}, &leaf, &private);
    assert_true(done == (leaf != NULL) && done == (private != NULL));
    X509_free(leaf);
    EVP_PKEY_free(private);
    free(der);
    free(key);
}

/* Every byte cut off or changed: a pair or none, and no read beyond the end. */
static void damaged_pairs_do_no_harm(void **state)
{
    struct arena arena CLEANUP(arena_done);
    struct tls_reader reader = {0};
    (void)state;
    arena_init(&arena, 1 << 20);
    struct pair pair = pair_of(EVP_EC_gen("prime256v1"), &arena);
    for (int which = 0; which < 2; which++) {
        struct str der = which ? pair.pkcs8 : pair.certificate;
        for (size_t n = 0; n < der.n; n++) {
            char *changed = arena_alloc(&arena, der.n);
            memcpy(changed, der.p, der.n);
            changed[n] = (char)(changed[n] ^ 0x81);
            const struct str damaged[] = {str_head(der, n), {changed, der.n}};
            for (size_t i = 0; i < ARRAY_LEN(damaged); i++)
                read_damaged(&reader, which ? pair.certificate : damaged[i],
                             which ? damaged[i] : pair.pkcs8);
        }
    }
    tls_reader_done(&reader);
    EVP_PKEY_free(pair.key);
}

static void an_issuer_is_parsed_once(void **state)
{
    struct arena arena CLEANUP(arena_done);
    struct tls_reader reader = {0};
    (void)state;
    arena_init(&arena, 1 << 20);
    struct made authority = made_new("Authority", NULL, NULL, 0, 1);
    struct made leaf = made_new("one", "DNS:one.test", &authority, 0, 1);
    struct str one = made_der(&leaf, &arena), issuer = made_der(&authority, &arena);
    struct buf both CLEANUP(buf_done);
    buf_init(&both, 65536);
    buf_str(&both, issuer);
    buf_str(&both, one);
    struct str rest = buf_view(&both), again = rest, cut = str_head(issuer, issuer.n - 1);
    X509 *first = tls_reader_issuer(&reader, &rest), *second = tls_reader_issuer(&reader, &again);
    assert_non_null(first);
    assert_ptr_equal(first, second);
    assert_int_equal(X509_cmp(first, authority.certificate), 0);
    assert_true(str_eq(rest, one) && str_eq(again, one));
    assert_null(tls_reader_issuer(&reader, &cut));
    X509 *other = tls_reader_issuer(&reader, &rest);
    assert_int_equal(X509_cmp(other, leaf.certificate), 0);
    assert_int_equal(rest.n, 0);
    for (unsigned i = 0; i < 2 * TLS_ISSUERS_MAX; i++) { /* the oldest makes room */
        struct made m = made_new("issuer", NULL, NULL, 0, 1);
        struct str der = made_der(&m, &arena);
        X509 *x = tls_reader_issuer(&reader, &der);
        assert_int_equal(X509_cmp(x, m.certificate), 0);
        X509_free(x);
        made_done(&m);
    }
    again = issuer;
    X509 *third = tls_reader_issuer(&reader, &again);
    assert_ptr_not_equal(third, first);
    assert_int_equal(X509_cmp(third, first), 0);
    X509_free(first);
    X509_free(second);
    X509_free(third);
    X509_free(other);
    tls_reader_done(&reader);
    made_done(&leaf);
    made_done(&authority);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pair_comes_back_as_it_was_written),
        cmocka_unit_test(a_pair_that_does_not_fit_is_left_alone),
        cmocka_unit_test(keys_with_leading_zeros_are_read),
        cmocka_unit_test(damaged_pairs_do_no_harm),
        cmocka_unit_test(an_issuer_is_parsed_once),
    };
    return cmocka_run_group_tests_name("net/tls_reader", tests, NULL, NULL);
}
