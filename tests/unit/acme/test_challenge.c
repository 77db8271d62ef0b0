#include "acme/challenge.h"

#include <openssl/x509v3.h>

#include "acme/messages.h"
#include "check.h"

#define NOW INT64_C(1795518000)

static const struct acme_challenge challenge = {
    ACME_TLS_ALPN_01, STR_INIT("mta-sts.example.org"), STR_INIT("token"),
    STR_INIT(
        "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA.9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI")};

static void types_are_called_as_in_the_registry(void **state)
{
    enum acme_challenge_type type;
    (void)state;
    for (int i = 0; i < ACME_CHALLENGE_TYPES; i++) {
        assert_true(acme_challenge_read(str_from(acme_challenge_name(i)), &type));
        assert_int_equal(type, i);
    }
    assert_false(acme_challenge_read(STR("tls-sni-01"), &type));
    assert_false(acme_challenge_read(STR(""), &type));
    assert_false(acme_challenge_read(STR("HTTP-01"), &type));
}

/* RFC 8555 8.4; the value by `printf %s ... | openssl sha256 -binary | base64`. */
static void the_record_is_the_hash_of_the_authorization(void **state)
{
    struct arena arena CLEANUP(arena_done);
    struct str txt;
    struct error err;
    (void)state;
    arena_init(&arena, 10000);
    assert_int_equal(acme_challenge_txt(&challenge, &arena, &txt, &err), 0);
    CHECK_STR(txt, "lCM7cZyQXcVHK2nnW3jjAhNT3Fvm18UN-kWZZknKoYM", "hash");
}

static void free_certificate(X509 **x)
{
    X509_free(*x);
}

static X509 *read_certificate(struct str der)
{
    const unsigned char *at = (const unsigned char *)der.p;
    X509 *x = d2i_X509(NULL, &at, (long)der.n);
    assert_non_null(x);
    assert_ptr_equal(at, der.p + der.n);
    return x;
}

/* RFC 8737 3 */
static void the_certificate_is_for_the_name_alone_and_has_the_critical_identifier(void **state)
{
    struct arena arena CLEANUP(arena_done);
    struct str der, key;
    struct error err;
    (void)state;
    arena_init(&arena, 10000);
    assert_int_equal(acme_challenge_certificate(&challenge, NOW, &arena, &der, &key, &err), 0);
    X509 *x CLEANUP(free_certificate) = read_certificate(der);
    assert_int_equal(X509_check_host(x, "mta-sts.example.org", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(x, "example.org", 0, 0, NULL), 0);
    assert_int_equal(X509_verify(x, X509_get0_pubkey(x)), 1);
    time_t now = NOW;
    assert_int_equal(X509_cmp_time(X509_get0_notBefore(x), &now), -1);
    assert_int_equal(X509_cmp_time(X509_get0_notAfter(x), &now), 1);
    ASN1_OBJECT *object = OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1);
    int at = X509_get_ext_by_OBJ(x, object, -1);
    ASN1_OBJECT_free(object);
    assert_true(at >= 0 && X509_EXTENSION_get_critical(X509_get_ext(x, at)));
    const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(X509_get_ext(x, at));
    assert_int_equal(ASN1_STRING_length(value), 34);
    assert_memory_equal(ASN1_STRING_get0_data(value), "\x04\x20\x94\x23\x3b\x71", 6);
    const unsigned char *key_at = (const unsigned char *)key.p;
    EVP_PKEY *read = d2i_AutoPrivateKey(NULL, &key_at, (long)key.n);
    assert_non_null(read);
    assert_int_equal(X509_check_private_key(x, read), 1);
    EVP_PKEY_free(read);
}

static void only_the_certificate_of_the_challenge_is_taken_for_it(void **state)
{
    struct arena arena CLEANUP(arena_done);
    struct acme_challenge other_name = challenge, other_answer = challenge;
    struct str der, key;
    struct error err;
    (void)state;
    arena_init(&arena, 10000);
    other_name.name = STR("mta-sts.example.com");
    other_answer.authorization = STR("token.other");
    assert_int_equal(acme_challenge_certificate(&challenge, NOW, &arena, &der, &key, &err), 0);
    assert_true(acme_challenge_is_shown(&challenge, der));
    assert_false(acme_challenge_is_shown(&other_name, der));
    assert_false(acme_challenge_is_shown(&other_answer, der));
    assert_false(acme_challenge_is_shown(&challenge, STR("")));
    assert_false(acme_challenge_is_shown(&challenge, str_head(der, der.n - 1)));
}

static void what_is_no_name_of_a_host_gets_none(void **state)
{
    static const char *const names[] = {"", "*.example.org", "a b", "a..b", "192.0.2.1", "a\n"};
    struct arena arena CLEANUP(arena_done);
    struct str der, key;
    struct error err;
    (void)state;
    arena_init(&arena, 10000);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct acme_challenge c = challenge;
        c.name = str_from(names[i]);
        CHECK(acme_challenge_certificate(&c, NOW, &arena, &der, &key, &err) == -ERROR_PERMANENT,
              names[i]);
        CHECK(error_is(&err, &MSG_ACME_NAME), names[i]);
    }
}

static void memory_that_runs_out_is_an_error(void **state)
{
    struct str der, key, txt;
    struct error err;
    (void)state;
    for (size_t max = 0; max < 2000; max += 40) {
        struct arena arena CLEANUP(arena_done);
        arena_init(&arena, max);
        int rc = acme_challenge_certificate(&challenge, NOW, &arena, &der, &key, &err);
        assert_true(rc == 0 || rc == -ERROR_TEMPORARY);
        rc = acme_challenge_txt(&challenge, &arena, &txt, &err);
        assert_true(rc == 0 || rc == -ERROR_TEMPORARY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_are_called_as_in_the_registry),
        cmocka_unit_test(the_record_is_the_hash_of_the_authorization),
        cmocka_unit_test(the_certificate_is_for_the_name_alone_and_has_the_critical_identifier),
        cmocka_unit_test(only_the_certificate_of_the_challenge_is_taken_for_it),
        cmocka_unit_test(what_is_no_name_of_a_host_gets_none),
        cmocka_unit_test(memory_that_runs_out_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
