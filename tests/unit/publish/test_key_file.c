#include "check.h"

#include "publish/key_file.h"
#include "publish/messages.h"

/* "sealpost" */
#define SECRET "c2VhbHBvc3Q="

static void keys_are_read_as_tools_write_them(void **state)
{
    static const struct {
        const char *name, *text, *key, *secret;
        enum tsig_algorithm algorithm;
    } rows[] = {
        {"tsig-keygen", "key \"k1\" {\n\talgorithm hmac-sha384;\n\tsecret \"" SECRET "\";\n};\n",
         "k1", "sealpost", TSIG_HMAC_SHA384},
        {"on one line", "key k1. { algorithm HMAC-SHA512; secret " SECRET "; };", "k1", "sealpost",
         TSIG_HMAC_SHA512},
        {"keymgr",
         "# hmac-sha256:k1:" SECRET
         "\nkey:\n  - id: k1\n    algorithm: hmac-sha256\n    secret: " SECRET "\n",
         "k1", "sealpost", TSIG_HMAC_SHA256},
        {"no algorithm", "key _k.example.org { secret \"" SECRET "\"; };", "_k.example.org",
         "sealpost", TSIG_HMAC_SHA256},
        {"no padding", "key k1 { secret \"c2VhbHBvc3Rz\"; };", "k1", "sealposts", TSIG_HMAC_SHA256},
        {"slashes first", "key:\r\n- id: k1\r\n  secret: //8A\r\n", "k1", "\xff\xff",
         TSIG_HMAC_SHA256},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena CLEANUP(arena_done);
        struct tsig_key key;
        arena_init(&arena, 4096);
        CHECK(key_file_parse(str_from(rows[i].text), STR("f"), &arena, &key, NULL) == 0,
              rows[i].name);
        CHECK(str_eq(key.name, str_from(rows[i].key)), rows[i].name);
        CHECK(key.algorithm == rows[i].algorithm, rows[i].name);
        struct str secret = {(const char *)key.secret, key.secret_n};
        CHECK(str_starts(secret, str_from(rows[i].secret)), rows[i].name);
    }
}

static void a_file_without_one_good_key_is_refused(void **state)
{
    static const struct {
        const char *name, *text;
    } rows[] = {
        {"nothing", ""},
        {"a comment", "# key k1 { secret " SECRET " }"},
        {"no secret", "key k1 { algorithm hmac-sha256; };"},
        {"no name", "{ secret " SECRET "; }"},
        {"an algorithm that is broken", "key k1 { algorithm hmac-md5; secret " SECRET "; };"},
        {"no base64", "key k1 { secret \"c2Vhb!BvcQ==\"; };"},
        {"half of it", "key k1 { secret \"c2VhbHBvc3\"; };"},
        {"empty", "key k1 { secret \"\"; };"},
        {"padding alone", "key k1 { secret \"====\"; };"},
        {"two keys", "key k1 { secret " SECRET "; }; key k2 { secret " SECRET "; };"},
        {"a name that is none", "key k..1 { secret " SECRET "; };"},
        {"it ends behind a word", "key"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena CLEANUP(arena_done);
        struct tsig_key key;
        struct error err;
        arena_init(&arena, 4096);
        CHECK(key_file_parse(str_from(rows[i].text), STR("f"), &arena, &key, &err) ==
                  -ERROR_PERMANENT,
              rows[i].name);
        CHECK(error_is(&err, &MSG_PUBLISH_KEY_FILE), rows[i].name);
    }
}

/* RFC 2104 3: HMAC takes any length; a file, and a secret, have an end here. */
static void a_secret_has_a_longest(void **state)
{
    (void)state;
    for (size_t quads = 84; quads <= 87; quads++) {
        struct arena arena CLEANUP(arena_done);
        struct buf text CLEANUP(buf_done);
        struct tsig_key key;
        arena_init(&arena, 4096);
        buf_init(&text, KEY_FILE_MAX);
        buf_cstr(&text, "key k1 { secret ");
        for (size_t i = 0; i < quads; i++)
            buf_cstr(&text, "AAAA");
        buf_cstr(&text, " };");
        int rc = key_file_parse(buf_view(&text), STR("f"), &arena, &key, NULL);
        assert_int_equal(rc, quads * 3 <= TSIG_SECRET_MAX ? 0 : -ERROR_PERMANENT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_read_as_tools_write_them),
        cmocka_unit_test(a_file_without_one_good_key_is_refused),
        cmocka_unit_test(a_secret_has_a_longest),
    };
    return cmocka_run_group_tests_name("publish/key_file", tests, NULL, NULL);
}
