#include "check.h"

#include "https_world.h"

#define SOON 300 /* ms; of what does not end by itself */

#define OK "HTTP/1.1 200 OK\r\n"

static const struct {
    const char *name;
    struct str reply;
    enum https_end end;
    enum http_step at;
    enum net_failure failure;
    unsigned status;
    const char *body;
} replies[] = {
    {"a redirect is an answer, and not followed (RFC 8461 3.3)",
     STR_INIT("HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1/\r\nContent-Length: 0\r\n\r\n"),
     HTTPS_END_NOTIFY, HTTP_COMPLETE, NET_OK, 302, ""},
    {"no such page", STR_INIT("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno\n"),
     HTTPS_END_NOTIFY, HTTP_COMPLETE, NET_OK, 404, "no\n"},
    {"an interim response (RFC 9110 15.2)",
     STR_INIT("HTTP/1.1 103 Early Hints\r\nServer: a\r\n\r\n" OK "Content-Length: 1\r\n\r\nx"),
     HTTPS_END_NOTIFY, HTTP_COMPLETE, NET_OK, 200, "x"},
    {"a body in chunks, a trailer behind it",
     STR_INIT(OK "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nServer: x\r\n\r\n"),
     HTTPS_END_NOTIFY, HTTP_COMPLETE, NET_OK, 200, "abc"},
    {"a body up to the end of the connection", STR_INIT(OK "\r\nabc"), HTTPS_END_NOTIFY,
     HTTP_COMPLETE, NET_OK, 200, "abc"},
    {"HTTP/1.0", STR_INIT("HTTP/1.0 200 OK\r\n\r\nabc"), HTTPS_END_NOTIFY, HTTP_COMPLETE, NET_OK,
     200, "abc"},
    {"a body without length, cut off (RFC 9112 9.8)", STR_INIT(OK "\r\nabc"), HTTPS_END_FIN,
     HTTP_BODY, NET_CLOSED, 200, "abc"},
    {"half a body, then FIN", STR_INIT(OK "Content-Length: 6\r\n\r\nabc"), HTTPS_END_FIN, HTTP_BODY,
     NET_CLOSED, 200, "abc"},
    {"half a body, then close_notify", STR_INIT(OK "Content-Length: 6\r\n\r\nabc"),
     HTTPS_END_NOTIFY, HTTP_BODY, NET_CLOSED, 200, "abc"},
    {"chunks without their end", STR_INIT(OK "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"),
     HTTPS_END_NOTIFY, HTTP_BODY, NET_CLOSED, 200, "ab"},
    {"a chunk's size that is none", STR_INIT(OK "Transfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n"),
     HTTPS_END_NOTIFY, HTTP_BODY, NET_PROTOCOL, 200, ""},
    {"nothing, close_notify", STR_INIT(""), HTTPS_END_NOTIFY, HTTP_RESPONSE, NET_CLOSED, 0, ""},
    {"nothing, FIN", STR_INIT(""), HTTPS_END_FIN, HTTP_RESPONSE, NET_CLOSED, 0, ""},
    {"nothing, reset", STR_INIT(""), HTTPS_END_RESET, HTTP_RESPONSE, NET_CLOSED, 0, ""},
    {"half a head", STR_INIT(OK "Server: x\r\n"), HTTPS_END_FIN, HTTP_RESPONSE, NET_CLOSED, 200,
     ""},
    {"HTTP/0.9", STR_INIT("<html>hello there</html>"), HTTPS_END_NOTIFY, HTTP_RESPONSE,
     NET_PROTOCOL, 0, ""},
    {"SMTP", STR_INIT("220 mail.example.test ESMTP\r\n"), HTTPS_END_NOTIFY, HTTP_RESPONSE,
     NET_PROTOCOL, 0, ""},
    {"bytes", STR_INIT("\0\1\2\3\4\5\6\7\r\n\r\n"), HTTPS_END_NOTIFY, HTTP_RESPONSE, NET_PROTOCOL,
     0, ""},
    {"a header line without colon", STR_INIT(OK "hello\r\nContent-Length: 0\r\n\r\n"),
     HTTPS_END_NOTIFY, HTTP_RESPONSE, NET_PROTOCOL, 200, ""},
    {"a length that is none", STR_INIT(OK "Content-Length: x\r\n\r\n"), HTTPS_END_NOTIFY,
     HTTP_RESPONSE, NET_PROTOCOL, 200, ""},
};

/* "half a body" ends without its rest because the client reads to the end: no timing is in it. */
static void each_kind_of_answer_is_told_by_step_and_failure(void **state)
{
    struct https_world *w = *state;
    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        struct https_server s;
        const struct https_script script = {.reply = replies[i].reply, .end = replies[i].end};
        struct http_options o = https_options("127.0.0.1", 0);
        struct http_fetched f = https_fetch_from(w, &s, w->server, &script, &o);
        CHECK(f.at == replies[i].at, replies[i].name);
        CHECK(f.failure == replies[i].failure, replies[i].name);
        CHECK(f.status == replies[i].status, replies[i].name);
        CHECK_STR(f.body, replies[i].body, replies[i].name);
        CHECK(s.connections == 1, replies[i].name);
        CHECK(f.tls.chain_count == 2, replies[i].name);
        CHECK((f.detail.n > 0) == (f.failure == NET_PROTOCOL), replies[i].name);
    }
}

static void a_handshake_that_fails_says_why(void **state)
{
    struct https_world *w = *state;
    const struct {
        const char *name;
        SSL_CTX *ctx;
        struct https_script script;
        enum net_failure failure;
        const char *detail; /* part of it */
    } rows[] = {
        {"no certificate for that name",
         w->nameless,
         {.end = HTTPS_END_FIN},
         NET_TLS,
         "unrecognized name"},
        {"TLS 1.1 at most (RFC 8996)", w->old, {.end = HTTPS_END_FIN}, NET_TLS, "protocol"},
        {"another protocol",
         NULL,
         {.silent = true, .plain = STR_INIT("220 mx.example.test ESMTP\r\n"), .end = HTTPS_END_FIN},
         NET_TLS,
         "wrong version number"},
        {"FIN at once", NULL, {.silent = true, .end = HTTPS_END_FIN}, NET_CLOSED, ""},
        {"reset at once", NULL, {.silent = true, .end = HTTPS_END_RESET}, NET_CLOSED, ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct https_server s;
        struct http_options o = https_options("127.0.0.1", 0);
        struct http_fetched f = https_fetch_from(w, &s, rows[i].ctx, &rows[i].script, &o);
        CHECK(f.at == HTTP_HANDSHAKE, rows[i].name);
        CHECK(f.failure == rows[i].failure, rows[i].name);
        CHECK(str_find(f.detail, str_from(rows[i].detail)) >= 0, rows[i].name);
        CHECK(f.tls.version == 0 && f.tls.chain_count == 0, rows[i].name);
        /* A reset can be there before the client has seen that it was connected. */
        CHECK(f.connect_ms || rows[i].script.end == HTTPS_END_RESET, rows[i].name);
        CHECK(!f.handshake_ms && !f.response_ms, rows[i].name);
    }
}

static void what_hangs_ends_by_the_deadline_at_its_step(void **state)
{
    struct https_world *w = *state;
    static const struct {
        const char *name;
        struct https_script script;
        enum http_step at;
    } rows[] = {
        {"handshake", {.silent = true, .end = HTTPS_END_HANG}, HTTP_HANDSHAKE},
        {"response", {.end = HTTPS_END_HANG}, HTTP_RESPONSE},
        {"head", {.reply = STR_INIT(OK "Server: x\r\n"), .end = HTTPS_END_HANG}, HTTP_RESPONSE},
        {"body", {.reply = STR_INIT(OK "\r\nabc"), .end = HTTPS_END_HANG}, HTTP_BODY},
        {"interim responses without end",
         {.filler = STR_INIT("HTTP/1.1 100 Continue\r\n\r\n"), .end = HTTPS_END_HANG},
         HTTP_RESPONSE},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct https_server s;
        struct http_options o = https_options("127.0.0.1", 0);
        o.deadline_ms = SOON;
        struct http_fetched f = https_fetch_from(w, &s, w->server, &rows[i].script, &o);
        CHECK(f.at == rows[i].at, rows[i].name);
        CHECK(f.failure == NET_TIMEOUT || (rows[i].script.filler.n && f.failure == NET_TOO_LARGE),
              rows[i].name);
        CHECK(f.total_ms >= SOON || f.failure == NET_TOO_LARGE, rows[i].name);
    }
}

static void a_body_is_cut_at_its_maximum(void **state)
{
    struct https_world *w = *state;
    for (size_t n = 7; n <= 9; n++) {
        struct https_server s;
        char reply[128];
        snprintf(reply, sizeof reply, OK "Content-Length: %zu\r\n\r\n%.*s", n, (int)n, "123456789");
        const struct https_script script = {.reply = str_from(reply)};
        struct http_options o = https_options("127.0.0.1", 0);
        o.body_max = 8;
        struct http_fetched f = https_fetch_from(w, &s, w->server, &script, &o);
        assert_int_equal(f.at, n <= 8 ? HTTP_COMPLETE : HTTP_BODY);
        assert_int_equal(f.failure, n <= 8 ? NET_OK : NET_TOO_LARGE);
        assert_int_equal(f.body.n, n <= 8 ? n : 8);
        assert_int_equal(f.content_length, n);
    }
    /* Without end and without length. */
    struct https_server s;
    const struct https_script script = {.reply = STR_INIT(OK "\r\n"),
                                        .filler = STR_INIT("0123456789")};
    struct http_options o = https_options("127.0.0.1", 0);
    o.body_max = 64 << 10;
    struct http_fetched f = https_fetch_from(w, &s, w->server, &script, &o);
    assert_int_equal(f.failure, NET_TOO_LARGE);
    assert_int_equal(f.body.n, o.body_max);
    assert_true(f.content_length == UINT64_MAX);
}

static void a_head_has_a_maximum(void **state)
{
    struct https_world *w = *state;
    static const char *const fillers[] = {"Server: 0123456789\r\n", "x"};
    for (size_t i = 0; i < ARRAY_LEN(fillers); i++) {
        struct https_server s;
        const struct https_script script = {.reply = STR_INIT(OK "A: "),
                                            .filler = str_from(fillers[i])};
        struct http_options o = https_options("127.0.0.1", 0);
        struct http_fetched f = https_fetch_from(w, &s, w->server, &script, &o);
        CHECK(f.at == HTTP_RESPONSE, fillers[i]);
        CHECK(f.failure == NET_TOO_LARGE, fillers[i]);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, https_client_make, https_client_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_kind_of_answer_is_told_by_step_and_failure),
        TEST(a_handshake_that_fails_says_why),
        TEST(what_hangs_ends_by_the_deadline_at_its_step),
        TEST(a_body_is_cut_at_its_maximum),
        TEST(a_head_has_a_maximum),
    };
    return cmocka_run_group_tests_name("net http_outcome", tests, https_world_make,
                                       https_world_end);
}
