#include "check.h"

#include <string.h>

#include "net/http_body.h"

#define OUT_MAX 8

static struct http_response head(const char *name, const char *value, unsigned status)
{
    struct http_response h = {.status = status, .complete = true};
    h.chunked = strcmp(name, "chunked") == 0;
    h.has_transfer_encoding = h.chunked || strcmp(name, "coding") == 0;
    h.has_content_length = *value != '\0';
    if (*value)
        assert_true(str_to_u64(str_from(value), &h.content_length));
    return h;
}

static const struct {
    const char *name;
    const char *framing, *length;
    unsigned status;
    struct str bytes;
    enum http_body_progress progress;
    const char *body;
} rows[] = {
    {"a length (RFC 9112 6.3)", "", "3", 200, STR_INIT("abc"), HTTP_BODY_DONE, "abc"},
    {"a length, and more behind it", "", "3", 200, STR_INIT("abcd"), HTTP_BODY_DONE, "abc"},
    {"a length, one byte short", "", "3", 200, STR_INIT("ab"), HTTP_BODY_MORE, "ab"},
    {"no length: to the end", "", "", 200, STR_INIT("abc"), HTTP_BODY_MORE, "abc"},
    {"a coding that is not known: to the end", "coding", "1", 200, STR_INIT("abc"), HTTP_BODY_MORE,
     "abc"},
    {"the maximum", "", "8", 200, STR_INIT("12345678"), HTTP_BODY_DONE, "12345678"},
    {"beyond the maximum", "", "9", 200, STR_INIT("123456789"), HTTP_BODY_FULL, "12345678"},
    {"one byte less than the maximum", "", "", 200, STR_INIT("1234567"), HTTP_BODY_MORE, "1234567"},
    {"chunks count, not the length (RFC 9112 6.3)", "chunked", "1", 200,
     STR_INIT("2\r\nab\r\n0\r\n\r\n"), HTTP_BODY_DONE, "ab"},
    {"chunks, extensions, a trailer (RFC 9112 7.1)", "chunked", "", 200,
     STR_INIT("2;a=b\r\nab\r\n01 \r\nc\r\n0;x\r\nA: b\r\nC: d\r\n\r\n"), HTTP_BODY_DONE, "abc"},
    {"bare line feeds", "chunked", "", 200, STR_INIT("2\nab\n0\n\n"), HTTP_BODY_DONE, "ab"},
    {"a size in upper case", "chunked", "", 200, STR_INIT("A\r\n0123456789\r\n"), HTTP_BODY_FULL,
     "01234567"},
    {"chunks without their end", "chunked", "", 200, STR_INIT("2\r\nab\r\n0\r\n"), HTTP_BODY_MORE,
     "ab"},
    {"no size", "chunked", "", 200, STR_INIT("\r\nab"), HTTP_BODY_MALFORMED, ""},
    {"a size that is none", "chunked", "", 200, STR_INIT("x\r\nab"), HTTP_BODY_MALFORMED, ""},
    {"a chunk that is longer than it says", "chunked", "", 200, STR_INIT("1\r\nab\r\n"),
     HTTP_BODY_MALFORMED, "a"},
    {"16 digits", "chunked", "", 200, STR_INIT("ffffffffffffffff\r\nab"), HTTP_BODY_MORE, "ab"},
    {"17 digits", "chunked", "", 200, STR_INIT("00000000000000002\r\nab"), HTTP_BODY_MALFORMED, ""},
};

/* However the bytes are cut. */
static void the_end_of_a_body_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (size_t piece = 1; piece <= rows[i].bytes.n; piece++) {
            struct http_response h = head(rows[i].framing, rows[i].length, rows[i].status);
            struct http_body body;
            struct buf out CLEANUP(buf_done);
            struct str rest = rows[i].bytes;
            buf_init(&out, OUT_MAX);
            enum http_body_progress progress = http_body_begin(&body, &h);
            while (rest.n && progress == HTTP_BODY_MORE) {
                progress = http_body_read(&body, str_head(rest, piece), &out);
                rest = str_skip(rest, piece);
            }
            CHECK(progress == rows[i].progress, rows[i].name);
            CHECK_STR(buf_view(&out), rows[i].body, rows[i].name);
        }
    }
}

static void some_responses_have_no_body(void **state)
{
    (void)state;
    static const struct {
        const char *length;
        unsigned status;
        enum http_body_progress progress;
    } cases[] = {{"0", 200, HTTP_BODY_DONE},
                 {"1", 200, HTTP_BODY_MORE},
                 {"", 200, HTTP_BODY_MORE},
                 {"5", 204, HTTP_BODY_DONE},
                 {"", 304, HTTP_BODY_DONE}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_response h = head("", cases[i].length, cases[i].status);
        struct http_body body;
        assert_int_equal(http_body_begin(&body, &h), cases[i].progress);
        assert_int_equal(http_body_may_end(&body), !*cases[i].length && cases[i].status == 200);
    }
}

static void what_stands_beside_the_body_has_a_maximum(void **state)
{
    (void)state;
    static char line[1 + HTTP_BODY_BESIDE_MAX + 2] = "1";
    memset(line + 1, ';', sizeof line - 1);
    for (size_t n = HTTP_BODY_BESIDE_MAX - 1; n <= HTTP_BODY_BESIDE_MAX + 1; n++) {
        struct http_response h = head("chunked", "", 200);
        struct http_body body;
        struct buf out CLEANUP(buf_done);
        buf_init(&out, OUT_MAX);
        http_body_begin(&body, &h);
        assert_int_equal(http_body_read(&body, (struct str){line, 1 + n}, &out),
                         n <= HTTP_BODY_BESIDE_MAX ? HTTP_BODY_MORE : HTTP_BODY_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_of_a_body_is_found),
        cmocka_unit_test(some_responses_have_no_body),
        cmocka_unit_test(what_stands_beside_the_body_has_a_maximum),
    };
    return cmocka_run_group_tests_name("net http_body", tests, NULL, NULL);
}
