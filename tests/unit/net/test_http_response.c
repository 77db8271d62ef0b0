#include "check.h"

#include <string.h>

#include "net/http_response.h"

static enum http_line_result feed(struct http_response *r, const char *const *lines)
{
    enum http_line_result result = HTTP_LINE_TAKEN;
    for (; *lines && result == HTTP_LINE_TAKEN; lines++)
        result = http_response_line(r, str_from(*lines));
    return result;
}

#define OK "HTTP/1.1 200 OK\r\n"

static void fields_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *lines[8];
        unsigned status;
        bool complete;
        const char *content_type, *server;
    } rows[] = {
        {"all there is",
         {OK, "Content-Type: text/plain\r\n", "Server: a\r\n", "\r\n"},
         200,
         true,
         "text/plain",
         "a"},
        {"names have no case, values are trimmed (RFC 9110 5.1, 5.5)",
         {OK, "CONTENT-type:\t text/plain \t\r\n", "SERVER:b\r\n", "\r\n"},
         200,
         true,
         "text/plain",
         "b"},
        {"bare line feeds", {"HTTP/1.1 200 OK\n", "Server: a\n", "\n"}, 200, true, "", "a"},
        {"the first of two counts",
         {OK, "Server: a\r\n", "Server: b\r\n", "\r\n"},
         200,
         true,
         "",
         "a"},
        {"an empty value", {OK, "Content-Type:\r\n", "\r\n"}, 200, true, "", ""},
        {"a continuation line (RFC 9112 5.2)",
         {OK, "Content-Type: text/plain;\r\n", "  charset=utf-8\r\n", "\t;x\r\n", "\r\n"},
         200,
         true,
         "text/plain; charset=utf-8 ;x",
         ""},
        {"a continuation of what is not kept",
         {OK, "Server: a\r\n", "X: 1\r\n", " 2\r\n", "\r\n"},
         200,
         true,
         "",
         "a"},
        {"a continuation of a second one",
         {OK, "Server: a\r\n", "Server: b\r\n", " c\r\n"},
         200,
         false,
         "",
         "a"},
        {"no end yet", {OK, "Server: a\r\n"}, 200, false, "", "a"},
        {"an interim response leaves nothing (RFC 9110 15.2)",
         {"HTTP/1.1 103 Early Hints\r\n", "Server: a\r\n", "\r\n", "HTTP/1.1 404 \r\n", "\r\n"},
         404,
         true,
         "",
         ""},
        {"only an interim response", {"HTTP/1.1 100 Continue\r\n", "\r\n"}, 100, false, "", ""},
        {"trailer fields are passed over (RFC 9110 6.5)",
         {OK, "\r\n", "Server: a\r\n", "not one\r\n"},
         200,
         true,
         "",
         ""},
        {"no reason phrase", {"HTTP/1.0 200\r\n", "\r\n"}, 200, true, "", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena CLEANUP(arena_done);
        struct http_response r;
        arena_init(&arena, 1 << 20);
        http_response_init(&r, &arena);
        CHECK(feed(&r, rows[i].lines) == HTTP_LINE_TAKEN, rows[i].name);
        CHECK(r.status == rows[i].status, rows[i].name);
        CHECK(r.complete == rows[i].complete, rows[i].name);
        CHECK_STR(r.content_type, rows[i].content_type, rows[i].name);
        CHECK_STR(r.server, rows[i].server, rows[i].name);
    }
}

static void what_is_no_head_is_malformed(void **state)
{
    (void)state;
    static const struct str first[] = {
        STR_INIT(""),
        STR_INIT("\r\n"),
        STR_INIT("Server: a\r\n"),
        STR_INIT("HTTP/2 200\r\n"),
        STR_INIT("HTTP/1. 200 OK\r\n"),
        STR_INIT("HTTP/1.1 99 OK\r\n"),
        STR_INIT("HTTP/1.1 099 OK\r\n"),
        STR_INIT("HTTP/1.1 2x0 OK\r\n"),
        STR_INIT("HTTP/1.1 2000 OK\r\n"),
        STR_INIT("HTTP/1.1  200 OK\r\n"),
        STR_INIT("http/1.1 200 OK\r\n"),
        STR_INIT("HTTP/1.1 200 \0\r\n"),
    };
    static const struct str later[] = {
        STR_INIT("no colon\r\n"),   STR_INIT(": no name\r\n"),
        STR_INIT("a b: c\r\n"),     STR_INIT("Server : a\r\n"),
        STR_INIT("a: \0b\r\n"),     STR_INIT("a: b\rc: d\r\n"),
        STR_INIT("a: b\nc: d\r\n"), STR_INIT(OK),
        STR_INIT("a\x80: b\r\n"),
    };
    struct arena arena CLEANUP(arena_done);
    struct http_response r;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(first); i++) {
        http_response_init(&r, &arena);
        CHECK(http_response_line(&r, first[i]) == HTTP_LINE_MALFORMED, first[i].p);
    }
    for (size_t i = 0; i < ARRAY_LEN(later); i++) {
        http_response_init(&r, &arena);
        assert_int_equal(http_response_line(&r, STR(OK)), HTTP_LINE_TAKEN);
        CHECK(http_response_line(&r, later[i]) == HTTP_LINE_MALFORMED, later[i].p);
    }
}

/* RFC 9110 8.6: digits. */
static void a_length_is_digits(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool good;
        uint64_t length;
    } rows[] = {{"Content-Length: 0\r\n", true, 0},
                {"Content-Length: 18446744073709551615\r\n", true, UINT64_MAX},
                {"Content-Length: 18446744073709551616\r\n", false, 0},
                {"Content-Length: -1\r\n", false, 0},
                {"Content-Length: 1, 1\r\n", false, 0},
                {"Content-Length:\r\n", false, 0}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena CLEANUP(arena_done);
        struct http_response r;
        arena_init(&arena, 1 << 20);
        http_response_init(&r, &arena);
        const char *const lines[] = {OK, rows[i].line, NULL};
        CHECK(feed(&r, lines) == HTTP_LINE_TAKEN, rows[i].line);
        CHECK(r.has_content_length == rows[i].good, rows[i].line);
        CHECK(!rows[i].good || r.content_length == rows[i].length, rows[i].line);
    }
}

static void a_value_is_kept_up_to_its_maximum(void **state)
{
    (void)state;
    for (size_t n = HTTP_RESPONSE_VALUE_MAX - 1; n <= HTTP_RESPONSE_VALUE_MAX + 1; n++) {
        char line[HTTP_RESPONSE_VALUE_MAX + 32];
        struct arena arena CLEANUP(arena_done);
        struct http_response r;
        int written = snprintf(line, sizeof line, "Server: %0*d\r\n", (int)n, 0);
        arena_init(&arena, 1 << 20);
        http_response_init(&r, &arena);
        assert_int_equal(http_response_line(&r, STR(OK)), HTTP_LINE_TAKEN);
        assert_int_equal(http_response_line(&r, (struct str){line, (size_t)written}),
                         HTTP_LINE_TAKEN);
        assert_int_equal(r.server.n, n < HTTP_RESPONSE_VALUE_MAX ? n : HTTP_RESPONSE_VALUE_MAX);
        /* What continues it does not lengthen it beyond. */
        for (int i = 0; i < 3; i++)
            assert_int_equal(http_response_line(&r, STR(" more\r\n")), HTTP_LINE_TAKEN);
        assert_true(r.server.n <= HTTP_RESPONSE_VALUE_MAX);
        assert_false(arena.failed);
    }
}

static void continuation_lines_cost_no_memory(void **state)
{
    (void)state;
    struct arena arena CLEANUP(arena_done);
    struct http_response r;
    arena_init(&arena, 4 * HTTP_RESPONSE_VALUE_MAX);
    http_response_init(&r, &arena);
    assert_int_equal(http_response_line(&r, STR(OK)), HTTP_LINE_TAKEN);
    assert_int_equal(http_response_line(&r, STR("Server:\r\n")), HTTP_LINE_TAKEN);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(http_response_line(&r, STR(" a\r\n")), HTTP_LINE_TAKEN);
    assert_false(arena.failed);
    assert_int_equal(r.server.n, HTTP_RESPONSE_VALUE_MAX - 1); /* "a a ... a" */
}

static void all_lines_together_have_a_maximum(void **state)
{
    (void)state;
    for (size_t over = 0; over <= 1; over++) {
        static char line[HTTP_RESPONSE_HEAD_MAX];
        struct arena arena CLEANUP(arena_done);
        struct http_response r;
        size_t n = HTTP_RESPONSE_HEAD_MAX - (sizeof(OK) - 1) - 2 + over;
        memset(line, 'x', n);
        line[1] = ':';
        line[n - 2] = '\r';
        line[n - 1] = '\n';
        arena_init(&arena, 1 << 20);
        http_response_init(&r, &arena);
        assert_int_equal(http_response_line(&r, STR(OK)), HTTP_LINE_TAKEN);
        assert_int_equal(http_response_line(&r, (struct str){line, n}), HTTP_LINE_TAKEN);
        assert_int_equal(http_response_line(&r, STR("\r\n")),
                         over ? HTTP_LINE_TOO_MANY : HTTP_LINE_TAKEN);
        /* Trailer fields count too. */
        assert_int_equal(http_response_line(&r, STR("a: b\r\n")), HTTP_LINE_TOO_MANY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_read),
        cmocka_unit_test(what_is_no_head_is_malformed),
        cmocka_unit_test(a_length_is_digits),
        cmocka_unit_test(a_value_is_kept_up_to_its_maximum),
        cmocka_unit_test(continuation_lines_cost_no_memory),
        cmocka_unit_test(all_lines_together_have_a_maximum),
    };
    return cmocka_run_group_tests_name("net http_response", tests, NULL, NULL);
}
