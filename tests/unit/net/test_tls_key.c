#include "check.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "made.h"
#include "net/tls_key.h"

/* DER of PKCS #8, as OpenSSL writes it. */
static struct str write_key(EVP_PKEY *key, struct arena *arena)
{
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
    unsigned char *der = NULL;
    assert_non_null(info);
    int n = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
    struct str copy = arena_str(arena, (struct str){(const char *)der, (size_t)n});
    OPENSSL_free(der);
    PKCS8_PRIV_KEY_INFO_free(info);
    return copy;
}

static void signs_for(EVP_PKEY *private, EVP_PKEY *public, const char *what)
{
    unsigned char signature[1024];
    size_t n = sizeof signature;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    CHECK(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, private) == 1, what);
    CHECK(EVP_DigestSign(ctx, signature, &n, (const unsigned char *)"text", 4) == 1, what);
    EVP_MD_CTX_free(ctx);
    ctx = EVP_MD_CTX_new();
    CHECK(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, public) == 1, what);
    CHECK(EVP_DigestVerify(ctx, signature, n, (const unsigned char *)"text", 4) == 1, what);
    EVP_MD_CTX_free(ctx);
}

/* The short way (P-256) and the long way (the others) give the same key. */
static void a_key_comes_back_as_it_was_written(void **state)
{
    static const struct {
        const char *what, *kind, *curve;
        bool without_public;
    } rows[] = {
        {"P-256", "EC", "prime256v1", false},
        {"P-256 without its public key", "EC", "prime256v1", true},
        {"P-384", "EC", "secp384r1", false},
        {"Ed25519", "ED25519", NULL, false},
        {"RSA", "RSA", NULL, false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena CLEANUP(arena_done);
        arena_init(&arena, 1 << 16);
        EVP_PKEY *key = rows[i].curve ? EVP_EC_gen(rows[i].curve)
                        : strcmp(rows[i].kind, "RSA") == 0
                            ? EVP_RSA_gen(2048)
                            : EVP_PKEY_Q_keygen(NULL, NULL, rows[i].kind);
        assert_non_null(key);
        if (rows[i].without_public)
            EVP_PKEY_set_int_param(key, "include-public", 0);
        EVP_PKEY *read = tls_key_read(write_key(key, &arena));
        CHECK(read != NULL, rows[i].what);
        CHECK(EVP_PKEY_eq(read, key) == 1, rows[i].what);
        if (strcmp(rows[i].kind, "ED25519") != 0)
            signs_for(read, key, rows[i].what);
        EVP_PKEY_free(read);
        EVP_PKEY_free(key);
    }
}

/* A number with zeros in front keeps its length: one key in 256 has one. */
static void keys_with_leading_zeros_are_read(void **state)
{
    (void)state;
    for (int i = 0; i < 600; i++) {
        struct arena arena CLEANUP(arena_done);
        arena_init(&arena, 1 << 16);
        EVP_PKEY *key = EVP_EC_gen("prime256v1");
        EVP_PKEY *read = tls_key_read(write_key(key, &arena));
        assert_non_null(read);
        assert_int_equal(EVP_PKEY_eq(read, key), 1);
        EVP_PKEY_free(read);
        EVP_PKEY_free(key);
    }
}

/* Every byte cut off or changed: a key or none, and never a read beyond the end. */
static void damaged_keys_do_no_harm(void **state)
{
    struct arena arena CLEANUP(arena_done);
    (void)state;
    arena_init(&arena, 1 << 20);
    EVP_PKEY *key = EVP_EC_gen("prime256v1");
    struct str der = write_key(key, &arena);
    for (size_t n = 0; n < der.n; n++) {
        char *copy = malloc(n + 1); /* of its own, for the sanitizer to see its end */
        memcpy(copy, der.p, n);
        assert_null(tls_key_read((struct str){copy, n}));
        free(copy);
        copy = malloc(der.n);
        memcpy(copy, der.p, der.n);
        copy[n] = (char)(copy[n] ^ 0x81);
        EVP_PKEY_free(tls_key_read((struct str){copy, der.n}));
        free(copy);
    }
    ERR_clear_error();
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_comes_back_as_it_was_written),
        cmocka_unit_test(keys_with_leading_zeros_are_read),
        cmocka_unit_test(damaged_keys_do_no_harm),
    };
    return cmocka_run_group_tests_name("net/tls_key", tests, NULL, NULL);
}
