#include "check.h"

#include <event2/event.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "fault.h"
#include "https_world.h"

#define GOOD                                                                                       \
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n"                         \
    "Cache-Control: max-age=60\r\nAge: 7\r\nServer: nginx\r\n\r\nbody"

static void a_response_is_told_with_its_handshake(void **state)
{
    struct https_world *w = *state;
    struct https_server s;
    const struct https_script script = {.reply = STR_INIT(GOOD)};
    struct http_options o = https_options("127.0.0.1", 0);
    struct http_fetched f = https_fetch_from(w, &s, w->server, &script, &o);
    assert_int_equal(f.at, HTTP_COMPLETE);
    assert_int_equal(f.failure, NET_OK);
    assert_int_equal(f.status, 200);
    CHECK_STR(f.detail, "", "detail");
    CHECK_STR(f.body, "body", "body");
    assert_true(f.has_content_type);
    CHECK_STR(f.content_type, "text/plain", "type");
    CHECK_STR(f.cache_control, "max-age=60", "cache-control");
    CHECK_STR(f.age, "7", "age");
    CHECK_STR(f.server, "nginx", "server");
    assert_int_equal(f.content_length, 4);
    assert_int_equal(f.tls.version, 0x0304);
    assert_true(f.tls.cipher.n > 0);
    assert_int_equal(f.tls.chain_count, 2);
    assert_true(str_eq(f.tls.chain[0], made_der(&w->leaf, &w->arena)));
    assert_true(str_eq(f.tls.chain[1], made_der(&w->issuer, &w->arena)));
    assert_true(f.connect_ms && f.connect_ms <= f.handshake_ms && f.handshake_ms <= f.response_ms &&
                f.response_ms <= f.total_ms);
}

static void a_request_says_no_more_than_it_should(void **state)
{
    struct https_world *w = *state;
    struct https_server s;
    const struct https_script script = {.reply = STR_INIT(GOOD)};
    struct http_options o = https_options("127.0.0.1", 0);
    o.url_port = 443;
    https_fetch_from(w, &s, w->server, &script, &o);
    CHECK_STR(((struct str){s.request, s.request_n}),
              "GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: " HTTPS_HOST
              "\r\nUser-Agent: sealpost/test\r\nAccept: */*\r\n\r\n",
              "request");
    assert_string_equal(s.name, HTTPS_HOST);
    o.path = STR("/a/../b?c=%2F");
    o.body = STR("\x1f\x8b\0x");
    o.content_type = STR("application/tlsrpt+gzip");
    o.url_port = 0;
    https_fetch_from(w, &s, w->server, &script, &o);
    struct str request = {s.request, s.request_n};
    char host[64];
    snprintf(host, sizeof host, "\r\nHost: " HTTPS_HOST ":%u\r\n", s.port);
    assert_true(str_starts(request, STR("POST /a/../b?c=%2F HTTP/1.1\r\n")));
    assert_true(str_find(request, str_from(host)) > 0);
    assert_true(str_find(request, STR("\r\nContent-Type: application/tlsrpt+gzip\r\n")) > 0);
    assert_true(str_find(request, STR("\r\nContent-Length: 4\r\n")) > 0);
    assert_true(str_ifind(request, STR("expect")) < 0);
}

/* ---- where it goes ---- */

static void only_the_given_address_is_connected_to(void **state)
{
    struct https_world *w = *state;
    static const char *const hosts[] = {HTTPS_HOST, "localhost",  "127.0.0.1",  "0x7f.1",
                                        "127.1",    "2130706433", "other.test", "_x.test"};
    const struct https_script script = {.reply = STR_INIT(GOOD)};
    struct https_server wrong, right;
    https_server_start(&wrong, "127.0.0.1", 0, w->server, &script);
    https_server_start(&right, "127.0.0.2", wrong.port, w->server, &script);
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        struct http_options o = https_options("127.0.0.2", right.port);
        o.host = str_from(hosts[i]);
        struct http_fetched f = https_fetch(w, &o);
        CHECK(f.at == HTTP_COMPLETE, hosts[i]);
        /* The same name elsewhere, right after: nothing is remembered. */
        o.port = 1;
        f = https_fetch(w, &o);
        CHECK(f.at == HTTP_CONNECT && f.failure == NET_REFUSED, hosts[i]);
    }
    https_server_stop(&right);
    https_server_stop(&wrong);
    assert_int_equal(right.connections, ARRAY_LEN(hosts));
    assert_int_equal(wrong.connections, 0);
}

static void both_families_are_spoken(void **state)
{
    struct https_world *w = *state;
    const struct https_script script = {.reply = STR_INIT(GOOD)};
    struct https_server s;
    https_server_start(&s, "::1", 0, w->server, &script);
    struct http_options o = https_options("::1", s.port);
    assert_int_equal(https_fetch(w, &o).at, HTTP_COMPLETE);
    https_server_stop(&s);
    struct http_fetched f = https_fetch(w, &o);
    assert_int_equal(f.at, HTTP_CONNECT);
    assert_int_equal(f.failure, NET_REFUSED);
    assert_int_equal(f.connect_ms, 0);
    assert_int_equal(f.tls.version, 0);
}

static void no_proxy_of_the_environment_is_used(void **state)
{
    struct https_world *w = *state;
    static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                                        "http_proxy"};
    struct https_server s;
    const struct https_script script = {.reply = STR_INIT(GOOD)};
    struct http_options o = https_options("127.0.0.1", 0);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        setenv(names[i], "http://127.0.0.1:1", 1);
    setenv("no_proxy", "", 1);
    struct http_fetched f = https_fetch_from(w, &s, w->server, &script, &o);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        unsetenv(names[i]);
    unsetenv("no_proxy");
    assert_int_equal(f.at, HTTP_COMPLETE);
}

static void an_address_without_a_way_is_unreachable(void **state)
{
    struct https_world *w = *state;
    struct http_options o = https_options("255.255.255.255", 443);
    struct http_fetched f = https_fetch(w, &o);
    assert_int_equal(f.at, HTTP_CONNECT);
    assert_int_equal(f.failure, NET_UNREACHABLE);
}

static void without_descriptors_this_machine_is_to_blame(void **state)
{
    struct https_world *w = *state;
    struct rlimit before, none;
    struct http_options o = https_options("127.0.0.1", 1);
    struct https_heard h = {.arena = &w->arena};
    struct error err;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    assert_non_null(http_fetch_start(w->client, &o, https_hear, &h, &err));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    while (h.calls == 0)
        event_base_loop(w->base, EVLOOP_ONCE);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(h.fetched.at, HTTP_CONNECT);
    assert_int_equal(h.fetched.failure, NET_LOCAL);
    assert_true(h.fetched.detail.n > 0);
}

static void what_is_no_target_is_not_asked(void **state)
{
    struct https_world *w = *state;
    static const struct {
        struct str host, path, agent;
    } rows[] = {
        {STR_INIT(""), STR_INIT("/"), STR_INIT("a")},
        {STR_INIT("a b"), STR_INIT("/"), STR_INIT("a")},
        {STR_INIT("a@b"), STR_INIT("/"), STR_INIT("a")},
        {STR_INIT("a\0b"), STR_INIT("/"), STR_INIT("a")},
        {STR_INIT("a/b"), STR_INIT("/"), STR_INIT("a")},
        {STR_INIT("a:1"), STR_INIT("/"), STR_INIT("a")},
        {STR_INIT("a"), STR_INIT(""), STR_INIT("a")},
        {STR_INIT("a"), STR_INIT("b"), STR_INIT("a")},
        {STR_INIT("a"), STR_INIT("/ HTTP/1.1\r\nX: y"), STR_INIT("a")},
        {STR_INIT("a"), STR_INIT("/#x"), STR_INIT("a")},
        {STR_INIT("a"), STR_INIT("/\xc3\xa4"), STR_INIT("a")},
        {STR_INIT("a"), STR_INIT("/"), STR_INIT("a\r\nX: y")},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct http_options o = https_options("127.0.0.1", 1);
        struct error err;
        o.host = rows[i].host;
        o.path = rows[i].path;
        o.user_agent = rows[i].agent;
        assert_null(http_fetch_start(w->client, &o, https_hear, NULL, &err));
        CHECK_STR(str_from(err.msg.def->id), "http-target", "code");
    }
}

/* ---- its life ---- */

static void never(void *user, const struct http_fetched *fetched)
{
    (void)user;
    (void)fetched;
    fail_msg("a request that was dropped has spoken");
}

static void a_dropped_request_says_nothing(void **state)
{
    struct https_world *w = *state;
    struct https_server s;
    const struct https_script script = {.reply = STR_INIT(GOOD)};
    struct http_options o = https_options("127.0.0.1", 0);
    struct error err;
    https_server_start(&s, "127.0.0.1", 0, w->server, &script);
    o.port = s.port;
    /* After ever more turns of the loop: in each of its steps. */
    for (unsigned turns = 0, spoke = 0; !spoke; turns++) {
        struct https_heard h = {.arena = &w->arena};
        struct http_fetch *dropped = http_fetch_start(w->client, &o, https_hear, &h, &err);
        assert_non_null(dropped);
        for (unsigned i = 0; i < turns && !h.calls; i++)
            event_base_loop(w->base, EVLOOP_ONCE);
        spoke = h.calls;
        if (!spoke)
            http_fetch_cancel(dropped);
        assert_int_equal(https_fetch(w, &o).at, HTTP_COMPLETE);
        assert_int_equal(h.calls, spoke);
    }
    https_server_stop(&s);
}

struct pair {
    struct https_world *w;
    struct http_fetch *other;
    unsigned calls;
};

static void cancel_other(void *user, const struct http_fetched *fetched)
{
    struct pair *p = user;
    (void)fetched;
    p->calls++;
    http_fetch_cancel(p->other);
}

static void a_callback_may_drop_another_request(void **state)
{
    struct https_world *w = *state;
    struct http_options o = https_options("127.0.0.1", 1);
    struct pair p = {.w = w};
    struct error err;
    p.other = http_fetch_start(w->client, &o, never, NULL, &err);
    o.deadline_ms = 1;
    assert_non_null(p.other);
    assert_int_equal(p.calls, 0);
    struct http_options slow = o;
    struct https_server s;
    const struct https_script script = {.silent = true, .end = HTTPS_END_HANG};
    http_fetch_cancel(p.other);
    https_server_start(&s, "127.0.0.1", 0, NULL, &script);
    slow.port = s.port;
    slow.deadline_ms = HTTPS_DEADLINE;
    p.other = http_fetch_start(w->client, &slow, never, NULL, &err);
    assert_non_null(http_fetch_start(w->client, &o, cancel_other, &p, &err));
    while (p.calls == 0)
        assert_int_equal(event_base_loop(w->base, EVLOOP_ONCE), 0);
    event_base_loop(w->base, EVLOOP_NONBLOCK);
    assert_int_equal(p.calls, 1);
    https_server_stop(&s);
}

static void the_end_drops_what_is_open(void **state)
{
    struct https_world *w = *state;
    struct https_server s;
    const struct https_script script = {.end = HTTPS_END_HANG};
    struct http_options o = https_options("127.0.0.1", 0);
    struct error err;
    https_server_start(&s, "127.0.0.1", 0, w->server, &script);
    o.port = s.port;
    for (int i = 0; i < 3; i++) {
        assert_non_null(http_fetch_start(w->client, &o, never, NULL, &err));
        event_base_loop(w->base, EVLOOP_ONCE);
    }
    http_client_free(w->client);
    w->client = NULL;
    event_base_loop(w->base, EVLOOP_NONBLOCK);
    https_server_stop(&s);
}

static void without_memory_a_request_fails_and_leaks_nothing(void **state)
{
    struct https_world *w = *state;
    struct http_options o = https_options("127.0.0.1", 1);
    o.body = STR("x");
    for (unsigned n = 1;; n++) {
        struct error err;
        fault_alloc_at(n);
        struct http_fetch *started = http_fetch_start(w->client, &o, never, NULL, &err);
        bool failed = fault_alloc_off();
        if (started)
            http_fetch_cancel(started);
        if (!failed)
            break;
        /* libcurl forgives some. */
        assert_true(started || err.class == ERROR_TEMPORARY);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, https_client_make, https_client_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_response_is_told_with_its_handshake),
        TEST(a_request_says_no_more_than_it_should),
        TEST(only_the_given_address_is_connected_to),
        TEST(both_families_are_spoken),
        TEST(no_proxy_of_the_environment_is_used),
        TEST(an_address_without_a_way_is_unreachable),
        TEST(without_descriptors_this_machine_is_to_blame),
        TEST(what_is_no_target_is_not_asked),
        TEST(a_dropped_request_says_nothing),
        TEST(a_callback_may_drop_another_request),
        TEST(the_end_drops_what_is_open),
        TEST(without_memory_a_request_fails_and_leaks_nothing),
    };
    return cmocka_run_group_tests_name("net http_client", tests, https_world_make, https_world_end);
}
