#include "acme/key.h"

#include <openssl/x509v3.h>

#include "acme/messages.h"
#include "check.h"

#define ARENA_MAX ((size_t)1 << 20)

static void keys_by_their_names_come_back_from_der(void **state)
{
    static const int bits[] = {256, 384, 2048, 4096};
    (void)state;
    for (int i = 0; acme_key_types[i]; i++) {
        struct arena arena CLEANUP(arena_done);
        enum acme_key_type type;
        EVP_PKEY *key, *again;
        struct str der;
        struct error err;
        arena_init(&arena, ARENA_MAX);
        assert_true(acme_key_type_read(str_from(acme_key_types[i]), &type));
        assert_int_equal(acme_key_new(type, &key, &err), 0);
        CHECK(EVP_PKEY_get_bits(key) == bits[i], acme_key_types[i]);
        assert_int_equal(acme_key_write(key, &arena, &der, &err), 0);
        assert_int_equal(acme_key_read(der, &again, &err), 0);
        CHECK(EVP_PKEY_eq(key, again) == 1, acme_key_types[i]);
        EVP_PKEY_free(again);
        /* One byte less, one more. */
        assert_int_equal(acme_key_read(str_head(der, der.n - 1), &again, &err), -ERROR_PERMANENT);
        char *longer = arena_cstr(&arena, der);
        assert_int_equal(acme_key_read((struct str){longer, der.n + 1}, &again, &err),
                         -ERROR_PERMANENT);
        assert_int_equal(acme_key_read(STR(""), &again, &err), -ERROR_PERMANENT);
        assert_true(error_is(&err, &MSG_ACME_KEY_UNREADABLE));
        EVP_PKEY_free(key);
    }
}

static void other_names_are_no_types(void **state)
{
    static const char *const rows[] = {"", "P256", "rsa", "rsa1024", "p256 "};
    enum acme_key_type type;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK(!acme_key_type_read(str_from(rows[i]), &type), rows[i]);
}

/* RFC 2986, RFC 8555 7.4: the names in subjectAltName, all of them, and signed. */
static void a_request_has_its_names(void **state)
{
    static const struct str names[] = {STR_INIT("mta-sts.example.test"), STR_INIT("*.a.test")};
    (void)state;
    for (int type = ACME_KEY_P256; type <= ACME_KEY_RSA2048; type++) {
        struct arena arena CLEANUP(arena_done);
        EVP_PKEY *key;
        struct str der;
        struct error err;
        arena_init(&arena, ARENA_MAX);
        assert_int_equal(acme_key_new((enum acme_key_type)type, &key, &err), 0);
        assert_int_equal(acme_request_new(key, names, 2, &arena, &der, &err), 0);
        const unsigned char *at = (const unsigned char *)der.p;
        X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)der.n);
        assert_non_null(request);
        assert_int_equal(X509_REQ_verify(request, key), 1);
        assert_int_equal(X509_NAME_entry_count(X509_REQ_get_subject_name(request)), 0);
        STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(request);
        GENERAL_NAMES *found = X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL);
        assert_int_equal(sk_GENERAL_NAME_num(found), 2);
        for (int i = 0; i < 2; i++) {
            const ASN1_IA5STRING *one = sk_GENERAL_NAME_value(found, i)->d.dNSName;
            assert_true(str_eq((struct str){(const char *)ASN1_STRING_get0_data(one),
                                            (size_t)ASN1_STRING_length(one)},
                               names[i]));
        }
        GENERAL_NAMES_free(found);
        sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
        X509_REQ_free(request);
        EVP_PKEY_free(key);
    }
}

static void what_is_no_name_is_not_requested(void **state)
{
    static const struct str rows[] = {
        STR_INIT(""),         STR_INIT("a..test"),  STR_INIT("192.0.2.1"),
        STR_INIT("a b.test"), STR_INIT("*.*.test"), STR_INIT("\xc3\xa4.test"),
        STR_INIT("a.test."),  STR_INIT("a\0.test"),
    };
    struct arena arena CLEANUP(arena_done);
    EVP_PKEY *key;
    struct str der;
    struct error err;
    (void)state;
    arena_init(&arena, ARENA_MAX);
    assert_int_equal(acme_key_new(ACME_KEY_P256, &key, &err), 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CHECK(acme_request_new(key, &rows[i], 1, &arena, &der, &err) == -ERROR_PERMANENT,
              rows[i].p);
        CHECK(error_is(&err, &MSG_ACME_NAME), rows[i].p);
    }
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_by_their_names_come_back_from_der),
        cmocka_unit_test(other_names_are_no_types),
        cmocka_unit_test(a_request_has_its_names),
        cmocka_unit_test(what_is_no_name_is_not_requested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
