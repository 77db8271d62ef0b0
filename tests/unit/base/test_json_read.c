#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json_read.h"

#define ARENA_MAX ((size_t)1024 * 1024)

/* RFC 8259: what is no JSON is refused at the byte where it stops being JSON. */
static void errors_name_their_byte(void **state)
{
    static const struct {
        const char *text;
        enum json_error error;
        size_t at;
    } rows[] = {
        {"", JSON_ERROR_TRUNCATED, 0},
        {"  ", JSON_ERROR_TRUNCATED, 2},
        {"[", JSON_ERROR_TRUNCATED, 1},
        {"[1", JSON_ERROR_TRUNCATED, 2},
        {"[1,", JSON_ERROR_TRUNCATED, 3},
        {"[1,]", JSON_ERROR_SYNTAX, 3},
        {"[,1]", JSON_ERROR_SYNTAX, 1},
        {"[1 2]", JSON_ERROR_SYNTAX, 3},
        {"[1}", JSON_ERROR_SYNTAX, 2},
        {"{\"a\"", JSON_ERROR_TRUNCATED, 4},
        {"{\"a\":", JSON_ERROR_TRUNCATED, 5},
        {"{\"a\" 1}", JSON_ERROR_SYNTAX, 5},
        {"{a:1}", JSON_ERROR_SYNTAX, 1},
        {"{\"a\":1,}", JSON_ERROR_SYNTAX, 7},
        {"\"abc", JSON_ERROR_TRUNCATED, 4},
        {"\"a\nb\"", JSON_ERROR_SYNTAX, 2},
        {"\"0123456789\x1f\"", JSON_ERROR_SYNTAX, 11},
        {"\"\\", JSON_ERROR_TRUNCATED, 2},
        {"\"\\x\"", JSON_ERROR_SYNTAX, 2},
        {"\"\\u12\"", JSON_ERROR_SYNTAX, 3},
        {"\"\\u12", JSON_ERROR_TRUNCATED, 5},
        {"-", JSON_ERROR_TRUNCATED, 1},
        {"-a", JSON_ERROR_SYNTAX, 1},
        {"1.", JSON_ERROR_TRUNCATED, 2},
        {"1.e5", JSON_ERROR_SYNTAX, 2},
        {"1e+", JSON_ERROR_TRUNCATED, 3},
        {"tru", JSON_ERROR_TRUNCATED, 3},
        {"trux", JSON_ERROR_SYNTAX, 3},
        {"nan", JSON_ERROR_SYNTAX, 1},
        {"'a'", JSON_ERROR_SYNTAX, 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct json_reader r;
        struct arena arena;
        arena_init(&arena, ARENA_MAX);
        json_reader_init(&r, str_from(rows[i].text), &arena);
        CHECK(!json_skip(&r, NULL), rows[i].text);
        CHECK(r.error == rows[i].error, rows[i].text);
        CHECK(r.error_at == rows[i].at, rows[i].text);
        CHECK(!json_skip(&r, NULL) && json_peek(&r) == JSON_NONE, rows[i].text);
        arena_done(&arena);
    }
}

/* RFC 8259 section 7, with surrogate pairs; what is no Unicode becomes U+FFFD or is marked. */
static void strings_are_decoded(void **state)
{
    static const struct {
        const char *text, *value;
        bool bad_utf8;
    } rows[] = {
        {"\"\"", "", false},
        {"\"plain\"", "plain", false},
        {"\"a\\\"\\\\\\/\\b\\f\\n\\r\\tz\"", "a\"\\/\b\f\n\r\tz", false},
        {"\"\\u0041\\u00fc\\u20AC\"", "A\xc3\xbc\xe2\x82\xac", false},
        {"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80", false},
        {"\"\\ud83dx\"", "\xef\xbf\xbdx", true},
        {"\"\\ude00\"", "\xef\xbf\xbd", true},
        {"\"\\ud83d\\u0041\"",
         "\xef\xbf\xbd"
         "A",
         true},
        {"\"b\xc3\xbc"
         "cher\"",
         "b\xc3\xbc"
         "cher",
         false},
        {"\"a\xff\"", "a\xff", true},
        {"\"\xed\xa0\x80\"", "\xed\xa0\x80", true},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct json_reader r;
        struct arena arena;
        struct str s = {NULL, 0};
        arena_init(&arena, ARENA_MAX);
        json_reader_init(&r, str_from(rows[i].text), &arena);
        CHECK(json_string(&r, &s), rows[i].text);
        CHECK_STR(s, rows[i].value, rows[i].text);
        CHECK(r.bad_utf8 == rows[i].bad_utf8, rows[i].text);
        arena_done(&arena);
    }
}

/* Every byte at every place of a string of every length: the reader in steps of eight stops where
 * one that looks at each byte does. */
static void each_byte_is_judged_at_each_place(void **state)
{
    (void)state;
    char text[40];
    for (size_t length = 1; length < 30; length++) {
        for (size_t at = 0; at < length; at++) {
            for (unsigned byte = 0; byte < 256; byte++) {
                struct json_reader r;
                struct arena arena;
                struct str s;
                memset(text, 'a', sizeof text);
                text[0] = text[length + 1] = '"';
                text[1 + at] = (char)byte;
                arena_init(&arena, ARENA_MAX);
                json_reader_init(&r, (struct str){text, length + 2}, &arena);
                bool ok = json_string(&r, &s);
                if (byte == '"')
                    assert_true(ok && s.n == at);
                else if (byte < ' ' || byte == '\\')
                    assert_true(!ok && r.error_at >= at + 1);
                else
                    assert_true(ok && s.n == length && r.bad_utf8 == (byte >= 0x80));
                arena_done(&arena);
            }
        }
    }
}

static void depth_is_limited(void **state)
{
    (void)state;
    char text[2 * (JSON_DEPTH_MAX + 1)];
    for (size_t depth = JSON_DEPTH_MAX - 1; depth <= JSON_DEPTH_MAX + 1; depth++) {
        struct json_reader r;
        struct arena arena;
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        arena_init(&arena, ARENA_MAX);
        json_reader_init(&r, (struct str){text, 2 * depth}, &arena);
        assert_true(json_skip(&r, NULL) == (depth <= JSON_DEPTH_MAX));
        assert_int_equal(r.error, depth <= JSON_DEPTH_MAX ? JSON_OK : JSON_ERROR_DEPTH);
        assert_true(r.error_at == (depth <= JSON_DEPTH_MAX ? 0 : JSON_DEPTH_MAX));
        arena_done(&arena);
    }
}

static void path_and_rest_say_where_the_reader_is(void **state)
{
    (void)state;
    struct json_reader r;
    struct arena arena;
    struct str key, raw = STR(""), number = STR("");
    struct buf path CLEANUP(buf_done);
    buf_init(&path, 1000);
    arena_init(&arena, ARENA_MAX);
    json_reader_init(&r, STR(" {\"a-b\":[1, {\"c d\" : -2.5e+3 }]} tail "), &arena);
    assert_true(json_enter(&r) && json_next_key(&r, &key) && json_enter(&r));
    assert_true(json_next_element(&r) && json_skip(&r, &raw) && json_next_element(&r));
    CHECK_STR(raw, "1", "raw");
    assert_true(json_enter(&r) && json_next_key(&r, &key));
    json_path(&r, &path);
    CHECK_STR(buf_view(&path), "$.a-b[1][\"c d\"]", "path");
    assert_true(!json_null(&r) && json_number(&r, &number));
    CHECK_STR(number, "-2.5e+3", "number");
    assert_true(!json_next_key(&r, &key) && !json_next_element(&r) && !json_next_key(&r, &key));
    assert_true(r.error == JSON_OK && r.depth == 0);
    CHECK_STR(json_rest(&r), "tail", "rest");
    arena_done(&arena);
}

static void full_arena_is_an_error(void **state)
{
    (void)state;
    struct json_reader r;
    struct arena arena;
    struct str s;
    arena_init(&arena, 0);
    json_reader_init(&r, STR("\"\\n\""), &arena);
    assert_false(json_string(&r, &s));
    assert_int_equal(r.error, JSON_ERROR_MEMORY);
    arena_done(&arena);
}

static void note_slip(void *user, enum json_slip slip)
{
    buf_byte(user, slip == JSON_SLIP_COMMA ? ',' : 'c');
}

/* Reads the rows strictly, then tolerantly: the slips that were told, or '!' for an error. */
static void a_tolerant_reader_tells_each_slip_and_a_strict_one_refuses(void **state)
{
    static const struct {
        struct str text;
        const char *slips;
    } rows[] = {
        {STR_INIT("[1,]"), ","},
        {STR_INIT("{\"a\":1 , }"), ","},
        {STR_INIT("[[1,],[],{\"a\":{\"b\":2,},},]"), ",,,,"},
        {STR_INIT("\"a\tb\""), "c"},
        {STR_INIT("\"a\nb\0c\x1f\""), "c"},
        {STR_INIT("\"\n\""), "c"},
        {STR_INIT("\"plain text \\n and \t a tab\""), "c"},
        {STR_INIT("\"\t tab \\\" quote \r\n\""), "c"},
        {STR_INIT("{\"a\tb\":\"c\td\",}"), "cc,"},
        {STR_INIT("[,]"), "!"},
        {STR_INIT("[1,,]"), "!"},
        {STR_INIT("{,}"), "!"},
        {STR_INIT("[1,}"), "!"},
        {STR_INIT("[1,"), "!"},
        {STR_INIT("\"a\t"), "!"},
        {STR_INIT("\"a\t\\"), "!"},
        {STR_INIT("[1]"), ""},
        {STR_INIT("\"a\x7f\""), ""},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena;
        struct json_reader r;
        struct buf slips CLEANUP(buf_done);
        buf_init(&slips, 100);
        arena_init(&arena, 65536);
        json_reader_init(&r, rows[i].text, &arena);
        assert_int_equal(json_skip(&r, NULL), rows[i].slips[0] == 0);
        json_reader_init(&r, rows[i].text, &arena);
        r.tolerated = note_slip;
        r.user = &slips;
        if (!json_skip(&r, NULL))
            buf_byte(&slips, '!');
        assert_true(str_eq(buf_view(&slips), str_from(rows[i].slips)));
        assert_true(rows[i].slips[0] == '!' || r.at == rows[i].text.n);
        arena_done(&arena);
    }
}

static void tolerated_control_characters_are_kept(void **state)
{
    struct arena arena;
    struct json_reader r;
    struct buf slips CLEANUP(buf_done);
    struct str s = {NULL, 0};
    (void)state;
    buf_init(&slips, 100);
    arena_init(&arena, 65536);
    json_reader_init(&r, STR("\"a\tb\\n\rc\0\""), &arena);
    r.tolerated = note_slip;
    r.user = &slips;
    assert_true(json_string(&r, &s));
    assert_true(str_eq(s, STR("a\tb\n\rc\0")));
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_name_their_byte),
        cmocka_unit_test(strings_are_decoded),
        cmocka_unit_test(each_byte_is_judged_at_each_place),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(path_and_rest_say_where_the_reader_is),
        cmocka_unit_test(full_arena_is_an_error),
        cmocka_unit_test(a_tolerant_reader_tells_each_slip_and_a_strict_one_refuses),
        cmocka_unit_test(tolerated_control_characters_are_kept),
    };
    return cmocka_run_group_tests_name("base json_read", tests, NULL, NULL);
}
