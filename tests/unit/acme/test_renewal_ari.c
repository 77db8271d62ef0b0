#include <openssl/x509v3.h>

#include "acme/messages.h"
#include "acme/renewal.h"
#include "check.h"
#include "made.h"

#define NOW INT64_C(1795518000)

static void free_made(struct made *m)
{
    made_done(m);
}

/* A certificate with the serial number and the authority key identifier (DER) given. */
static struct str certificate(const char *serial, struct str aki, struct arena *arena)
{
    struct made m CLEANUP(free_made) = made_new("a", "DNS:a.test", NULL, NOW, NOW + 86400);
    BIGNUM *number = NULL;
    assert_true(BN_hex2bn(&number, serial) > 0);
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(m.certificate));
    BN_free(number);
    if (aki.n) {
        ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
        ASN1_OCTET_STRING_set(value, (const unsigned char *)aki.p, (int)aki.n);
        X509_EXTENSION *extension =
            X509_EXTENSION_create_by_NID(NULL, NID_authority_key_identifier, 0, value);
        X509_add_ext(m.certificate, extension, -1);
        X509_EXTENSION_free(extension);
        ASN1_OCTET_STRING_free(value);
    }
    assert_true(X509_sign(m.certificate, m.key, EVP_sha256()) > 0);
    return made_der(&m, arena);
}

#define AKI                                                                                        \
    "\x30\x16\x80\x14\x69\x88\x5b\x6b\x87\x46\x40\x41\xe1\xb3\x7b\x84\x7b\xa0\xae\x2c\xde\x01\xc8" \
    "\xd4"

/* RFC 9773 4.1, and its example. */
static void a_certificate_is_named_by_its_issuers_key_and_its_number(void **state)
{
    static const struct {
        const char *serial;
        struct str aki;
        const char *id; /* NULL: none */
    } rows[] = {
        {"8765432100", STR_INIT(AKI), "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyEA"},
        {"87654321", STR_INIT(AKI), "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"},
        {"01", STR_INIT(AKI), "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AQ"},
        {"7f", STR_INIT(AKI), "aYhba4dGQEHhs3uEe6CuLN4ByNQ.fw"},
        {"87654321", STR_INIT(""), NULL},
        {"87654321", STR_INIT("\x30\x00"), NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena CLEANUP(arena_done);
        struct error err;
        struct str id;
        arena_init(&arena, 100000);
        struct str der = certificate(rows[i].serial, rows[i].aki, &arena);
        int rc = acme_certificate_id(der, &arena, &id, &err);
        CHECK((rc == 0) == (rows[i].id != NULL), rows[i].serial);
        if (rows[i].id)
            CHECK_STR(id, rows[i].id, rows[i].serial);
        else
            CHECK(error_is(&err, &MSG_ACME_NO_KEY_IDENTIFIER), rows[i].serial);
    }
}

static void what_is_no_certificate_has_no_name(void **state)
{
    struct arena arena CLEANUP(arena_done);
    struct str id;
    (void)state;
    arena_init(&arena, 1000);
    assert_true(acme_certificate_id(STR(""), &arena, &id, NULL) < 0);
    assert_true(acme_certificate_id(STR("no certificate"), &arena, &id, NULL) < 0);
}

#define FROM "{\"suggestedWindow\":{\"start\":\"2026-11-24T11:00:00Z\","

/* RFC 9773 4.2 */
static void a_window_ends_after_it_starts(void **state)
{
    static const struct {
        const char *body;
        int64_t length; /* 0: refused */
        const char *explanation;
    } rows[] = {
        {FROM "\"end\":\"2026-11-26T11:00:00Z\"}}", 172800, ""},
        {FROM "\"end\":\"2026-11-24T11:00:01Z\"},\"explanationURL\":\"https://ca.test/\"}", 1,
         "https://ca.test/"},
        {FROM "\"end\":\"2026-11-24T13:00:00+01:00\"},\"explanationURL\":7}", 3600, ""},
        {FROM "\"end\":\"2026-11-24T11:00:00Z\"}}", 0, NULL},
        {FROM "\"end\":\"2026-11-24T10:59:59Z\"}}", 0, NULL},
        {FROM "\"end\":\"2026-11-26\"}}", 0, NULL},
        {FROM "\"end\":\"\"}}", 0, NULL},
        {FROM "\"end\":5}}", 0, NULL},
        {FROM "\"finish\":\"2026-11-26T11:00:00Z\"}}", 0, NULL},
        {"{\"suggestedWindow\":[]}", 0, NULL},
        {"{\"suggestedWindow\":null}", 0, NULL},
        {"{}", 0, NULL},
        {"[]", 0, NULL},
        {"null", 0, NULL},
        {"", 0, NULL},
        {"<html>", 0, NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena CLEANUP(arena_done);
        struct acme_window window;
        struct error err;
        arena_init(&arena, 10000);
        int rc = acme_window_read(str_from(rows[i].body), &arena, &window, &err);
        CHECK((rc == 0) == (rows[i].length != 0), rows[i].body);
        if (rc < 0) {
            CHECK(error_is(&err, &MSG_ACME_WINDOW), rows[i].body);
            continue;
        }
        CHECK(window.start == NOW && window.end - window.start == rows[i].length, rows[i].body);
        CHECK_STR(window.explanation, rows[i].explanation, rows[i].body);
    }
}

/* RFC 9773 4.3 */
static void a_ca_is_asked_again_between_a_minute_and_a_day_later(void **state)
{
    static const struct {
        int64_t retry_at, after;
    } rows[] = {
        {0, 21600},
        {NOW + 21600, 21600},
        {NOW + 60, 60},
        {NOW + 59, 60},
        {NOW, 60},
        {NOW - 100, 60},
        {INT64_MIN, 60},
        {NOW + 86400, 86400},
        {NOW + 86401, 86400},
        {INT64_MAX, 86400},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(acme_window_ask_again(rows[i].retry_at, NOW), NOW + rows[i].after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_is_named_by_its_issuers_key_and_its_number),
        cmocka_unit_test(what_is_no_certificate_has_no_name),
        cmocka_unit_test(a_window_ends_after_it_starts),
        cmocka_unit_test(a_ca_is_asked_again_between_a_minute_and_a_day_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
