#include "acme/jose.h"

#include <openssl/ec.h>

#include "acme/key.h"
#include "acme/messages.h"
#include "check.h"
#include "fake_jws.h"
#include "fault.h"

struct place {
    struct arena arena;
    struct error err;
};

static int make(void **state)
{
    static struct place place;
    arena_init(&place.arena, 8 << 20);
    *state = &place;
    return 0;
}

static int end(void **state)
{
    struct place *p = *state;
    arena_done(&p->arena);
    return 0;
}

/* RFC 4648 10 without padding, RFC 7515 2 and appendix C. */
static void base64url_as_rfc_7515_2(void **state)
{
    struct place *p = *state;
    static const struct {
        struct str bytes;
        const char *text;
    } rows[] = {
        {STR_INIT(""), ""},
        {STR_INIT("f"), "Zg"},
        {STR_INIT("fo"), "Zm8"},
        {STR_INIT("foo"), "Zm9v"},
        {STR_INIT("foob"), "Zm9vYg"},
        {STR_INIT("fooba"), "Zm9vYmE"},
        {STR_INIT("foobar"), "Zm9vYmFy"},
        {STR_INIT("\x03\xec\xff\xe0\xc1"), "A-z_4ME"},
        {STR_INIT("\0"), "AA"},
        {STR_INIT("\xff\xff\xff"), "____"},
        {STR_INIT("\xfb\xef\xbe"), "----"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str text, bytes;
        assert_int_equal(jose_base64url(rows[i].bytes, &p->arena, &text, &p->err), 0);
        CHECK_STR(text, rows[i].text, rows[i].text);
        assert_int_equal(jose_base64url_decode(str_from(rows[i].text), &p->arena, &bytes, &p->err),
                         0);
        CHECK(str_eq(bytes, rows[i].bytes), rows[i].text);
    }
}

static void base64url_refuses_all_else(void **state)
{
    struct place *p = *state;
    static const struct str rows[] = {
        STR_INIT("A"),
        STR_INIT("AAAAA"),
        STR_INIT("Zg=="),
        STR_INIT("Zg="),
        STR_INIT("A+z/"),
        STR_INIT("A A A"),
        STR_INIT("AAA\n"),
        STR_INIT("AA\0A"),
        STR_INIT("Zh"),
        STR_INIT("Zm9"),
        STR_INIT("\xc3\xa9\xc3\xa9"),
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str out;
        CHECK(jose_base64url_decode(rows[i], &p->arena, &out, &p->err) == -ERROR_PERMANENT,
              rows[i].p);
        CHECK(error_is(&p->err, &MSG_ACME_BASE64URL), rows[i].p);
    }
}

static EVP_PKEY *key_of(struct place *p, const char *jwk)
{
    json_t *json = json_loads(jwk, 0, NULL);
    EVP_PKEY *key = fake_jwk_key(json, &p->arena);
    assert_non_null(key);
    json_decref(json);
    return key;
}

/* The example of RFC 7638 3.1, and the key of RFC 7515 A.3. */
static void jwk_and_thumbprint_as_rfc_7638_3(void **state)
{
    struct place *p = *state;
    static const struct {
        const char *jwk, *thumbprint;
    } rows[] = {
        {"{\"e\":\"AQAB\",\"kty\":\"RSA\",\"n\":"
         "\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"
         "BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
         "FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-"
         "bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-"
         "kEgU8awapJzKnqDKgw\"}",
         "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
        {"{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
         "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
         "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        EVP_PKEY *key = key_of(p, rows[i].jwk);
        struct str out;
        assert_int_equal(jose_jwk(key, &p->arena, &out, &p->err), 0);
        CHECK_STR(out, rows[i].jwk, "jwk");
        assert_int_equal(jose_thumbprint(key, &p->arena, &out, &p->err), 0);
        CHECK_STR(out, rows[i].thumbprint, "thumbprint");
        EVP_PKEY_free(key);
    }
}

static void check_signed(struct place *p, EVP_PKEY *key, const char *algorithm, bool by_kid)
{
    const struct jose_header header = {
        .kid = by_kid ? STR("https://ca.test/a/1") : STR(""),
        .nonce = STR("abc-_1"),
        .url = STR("https://ca.test/order?x=\"1"),
    };
    struct str text;
    struct fake_jws jws;
    assert_int_equal(jose_sign(key, &header, STR("{\"a\":1}"), &p->arena, &text, &p->err), 0);
    assert_true(fake_jws_read(text, &p->arena, &jws));
    CHECK_STR(jws.payload, "{\"a\":1}", algorithm);
    CHECK_STR(fake_jws_text(&jws, "alg"), algorithm, "alg");
    CHECK_STR(fake_jws_text(&jws, "nonce"), "abc-_1", algorithm);
    CHECK(str_eq(fake_jws_text(&jws, "url"), header.url), algorithm);
    CHECK_STR(fake_jws_text(&jws, "kid"), by_kid ? "https://ca.test/a/1" : "", algorithm);
    assert_int_equal(json_object_size(jws.header), 4);
    assert_true(fake_jws_verify(&jws, key));
    if (!by_kid) {
        EVP_PKEY *told = fake_jwk_key(json_object_get(jws.header, "jwk"), &p->arena);
        assert_true(told && fake_jws_verify(&jws, told) && EVP_PKEY_eq(told, key) == 1);
        EVP_PKEY_free(told);
    }
    fake_jws_done(&jws);
}

/* RFC 8555 6.2: alg, nonce, url, and exactly one of jwk and kid. Repeated, since a number of a
 * signature now and then is a byte shorter. */
static void signs_as_rfc_8555_6_2(void **state)
{
    struct place *p = *state;
    static const char *const algorithms[] = {"ES256", "ES384", "RS256"};
    for (int type = ACME_KEY_P256; type <= ACME_KEY_RSA2048; type++) {
        EVP_PKEY *key;
        assert_int_equal(acme_key_new((enum acme_key_type)type, &key, &p->err), 0);
        for (int i = 0; i < (type == ACME_KEY_RSA2048 ? 2 : 300); i++)
            check_signed(p, key, algorithms[type], i % 2);
        EVP_PKEY_free(key);
    }
}

static void an_inner_jws_has_no_nonce_as_rfc_8555_7_3_5(void **state)
{
    struct place *p = *state;
    const struct jose_header header = {.url = STR("https://ca.test/key-change")};
    EVP_PKEY *key;
    struct str text;
    struct fake_jws jws;
    assert_int_equal(acme_key_new(ACME_KEY_P256, &key, &p->err), 0);
    assert_int_equal(jose_sign(key, &header, STR(""), &p->arena, &text, &p->err), 0);
    assert_true(fake_jws_read(text, &p->arena, &jws));
    assert_null(json_object_get(jws.header, "nonce"));
    assert_non_null(json_object_get(jws.header, "jwk"));
    assert_int_equal(jws.payload.n, 0);
    fake_jws_done(&jws);
    EVP_PKEY_free(key);
}

static void hmac_as_rfc_8555_7_3_4(void **state)
{
    struct place *p = *state;
    const struct jose_header header = {.kid = STR("kid-1"), .url = STR("https://ca.test/new")};
    struct str text;
    struct fake_jws jws;
    assert_int_equal(jose_sign_hmac(STR("secret"), &header, STR("{}"), &p->arena, &text, &p->err),
                     0);
    assert_true(fake_jws_read(text, &p->arena, &jws));
    CHECK_STR(fake_jws_text(&jws, "kid"), "kid-1", "kid");
    assert_null(json_object_get(jws.header, "nonce"));
    assert_true(fake_jws_verify_hmac(&jws, STR("secret")));
    assert_false(fake_jws_verify_hmac(&jws, STR("Secret")));
    fake_jws_done(&jws);
}

static void other_kinds_of_keys_are_refused(void **state)
{
    struct place *p = *state;
    EVP_PKEY *keys[] = {EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), EVP_EC_gen("secp256k1")};
    const struct jose_header header = {.url = STR("https://ca.test/")};
    struct str out;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        assert_int_equal(jose_jwk(keys[i], &p->arena, &out, &p->err), -ERROR_PERMANENT);
        assert_int_equal(jose_sign(keys[i], &header, STR(""), &p->arena, &out, &p->err),
                         -ERROR_PERMANENT);
        assert_true(error_is(&p->err, &MSG_ACME_KEY_KIND));
        EVP_PKEY_free(keys[i]);
    }
}

static void no_memory_is_an_error_and_leaks_nothing(void **state)
{
    struct place *p = *state;
    const struct jose_header header = {.nonce = STR("n"), .url = STR("https://ca.test/")};
    EVP_PKEY *key;
    assert_int_equal(acme_key_new(ACME_KEY_P256, &key, &p->err), 0);
    for (unsigned n = 1;; n++) {
        struct arena arena;
        struct str out;
        arena_init(&arena, 1 << 20);
        fault_alloc_at(n);
        int rc = jose_sign(key, &header, STR("{}"), &arena, &out, &p->err);
        bool failed = fault_alloc_off();
        arena_done(&arena);
        if (!failed) {
            assert_int_equal(rc, 0);
            break;
        }
        assert_true(rc <= 0);
    }
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64url_as_rfc_7515_2),
        cmocka_unit_test(base64url_refuses_all_else),
        cmocka_unit_test(jwk_and_thumbprint_as_rfc_7638_3),
        cmocka_unit_test(signs_as_rfc_8555_6_2),
        cmocka_unit_test(an_inner_jws_has_no_nonce_as_rfc_8555_7_3_5),
        cmocka_unit_test(hmac_as_rfc_8555_7_3_4),
        cmocka_unit_test(other_kinds_of_keys_are_refused),
        cmocka_unit_test(no_memory_is_an_error_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, make, end);
}
