#include "check.h"

#include "host/response.h"
#include "sites.h"

struct row {
    const char *what, *request;
    bool close;
    unsigned status;
    bool keep_alive;
};

#define HOST "Host: mta-sts.a.test\r\n"
#define PATH "/.well-known/mta-sts.txt"

static unsigned respond(const struct row *row, bool plain, struct buf *out, bool *keep_alive)
{
    static const char *const rows[] = {"a.test", "policy\r\n", "b.test", "other\r\n", NULL};
    struct snapshot *s = sites_snapshot(rows);
    struct http_request r;
    http_request_init(&r, 4096);
    assert_int_not_equal(http_request_read(&r, str_from(row->request)), HTTP_MORE);
    const struct response_context context = {.snapshot = s,
                                             .plain = plain,
                                             .server_name = STR("mta-sts.a.test"),
                                             .date = STR("then"),
                                             .close = row->close};
    unsigned status = response_write(&context, &r, out, keep_alive);
    snapshot_unref(s);
    return status;
}

static void each_request_has_its_answer(void **state)
{
    static const struct row rows[] = {
        {"the policy", "GET " PATH " HTTP/1.1\r\n" HOST "\r\n", false, 200, true},
        {"the last one", "GET " PATH " HTTP/1.1\r\n" HOST "\r\n", true, 200, false},
        {"close", "HEAD " PATH " HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", false, 200, false},
        {"1.0 without Host", "GET " PATH " HTTP/1.0\r\n\r\n", false, 200, false},
        {"8461 3.3: a query", "GET " PATH "? HTTP/1.1\r\n" HOST "\r\n", false, 403, true},
        {"another path", "GET / HTTP/1.1\r\n" HOST "\r\n", false, 403, true},
        {"another method", "POST " PATH " HTTP/1.1\r\n" HOST "\r\n", false, 405, true},
        {"a body", "GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n", false, 413, false},
        {"another method with a body", "PUT / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n", false,
         405, false},
        {"another of our hosts", "GET / HTTP/1.1\r\nHost: mta-sts.b.test\r\n\r\n", false, 421,
         true},
        {"an unknown host", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", false, 421, true},
        {"an empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", false, 421, true},
        {"refused by the reader", "GET /\r\n", false, 400, false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out CLEANUP(buf_done);
        bool keep_alive;
        buf_init(&out, RESPONSE_MAX);
        CHECK(respond(&rows[i], false, &out, &keep_alive) == rows[i].status, rows[i].what);
        CHECK(keep_alive == rows[i].keep_alive, rows[i].what);
        bool says_close = str_find(buf_view(&out), STR("\r\nConnection: close\r\n")) > 0;
        CHECK(says_close == !rows[i].keep_alive, rows[i].what);
    }
}

/* Behind a reverse proxy there was no handshake; the name of one is not looked at. */
static void behind_a_proxy_the_host_decides(void **state)
{
    static const struct row rows[] = {
        {"ours", "GET " PATH " HTTP/1.1\r\n" HOST "\r\n", true, 200, false},
        {"another of ours", "GET " PATH " HTTP/1.1\r\nHost: MTA-STS.b.test.:8080\r\n\r\n", true,
         200, false},
        {"absolute", "GET http://mta-sts.b.test" PATH " HTTP/1.1\r\nHost: x\r\n\r\n", true, 200,
         false},
        {"a stranger's", "GET " PATH " HTTP/1.1\r\nHost: mta-sts.c.test\r\n\r\n", true, 421, false},
        {"the domain itself", "GET " PATH " HTTP/1.1\r\nHost: a.test\r\n\r\n", true, 421, false},
        {"1.0 without Host", "GET " PATH " HTTP/1.0\r\n\r\n", true, 421, false},
        {"another path", "GET / HTTP/1.1\r\n" HOST "\r\n", true, 403, false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out CLEANUP(buf_done);
        bool keep_alive;
        buf_init(&out, RESPONSE_MAX);
        CHECK(respond(&rows[i], true, &out, &keep_alive) == rows[i].status, rows[i].what);
        CHECK(keep_alive == rows[i].keep_alive, rows[i].what);
    }
}

static void the_policy_is_sent_to_the_byte(void **state)
{
    static const struct row get = {"", "GET " PATH " HTTP/1.1\r\n" HOST "\r\n", false, 200, true};
    struct buf out CLEANUP(buf_done);
    bool keep_alive;
    (void)state;
    buf_init(&out, RESPONSE_MAX);
    respond(&get, false, &out, &keep_alive);
    CHECK_STR(buf_view(&out),
              "HTTP/1.1 200 OK\r\nDate: then\r\nX-Content-Type-Options: nosniff\r\n"
              "Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-cache\r\n"
              "Content-Length: 8\r\n\r\npolicy\r\n",
              "policy");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_has_its_answer),
        cmocka_unit_test(behind_a_proxy_the_host_decides),
        cmocka_unit_test(the_policy_is_sent_to_the_byte),
    };
    return cmocka_run_group_tests_name("host/response", tests, NULL, NULL);
}
