#include "net/api_client.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "check.h"
#include "https_world.h"
#include "net/messages.h"

struct place {
    struct https_world *world;
    struct arena arena;
    char roots[64];
    struct api_client *client;
    atomic_bool stop;
    struct error err;
};

static int make(void **state)
{
    static struct place place;
    void *world = NULL;
    https_world_make(&world);
    place = (struct place){.world = world, .roots = "/tmp/api-client-XXXXXX"};
    arena_init(&place.arena, 16 << 20);
    close(mkstemp(place.roots));
    struct str pem = made_pem(&place.world->issuer, &place.arena);
    const struct api_settings settings = {.ca_file = place.roots, .stop = &place.stop};
    if (file_write(place.roots, pem, S_IRUSR, &place.err) < 0 ||
        api_client_new(&place.client, &settings, &place.err) < 0)
        return -1;
    /* The server's name leads to loopback by a name that needs no resolver. */
    setenv("no_proxy", "*", 1);
    *state = &place;
    return 0;
}

static int end(void **state)
{
    struct place *p = *state;
    void *world = p->world;
    api_client_free(p->client);
    unlink(p->roots);
    arena_done(&p->arena);
    return https_world_end(&world);
}

/* Serves one script to one request; the certificate is for localhost where `leaf` is. */
static int ask(struct place *p, const struct made *leaf, const struct https_script *script,
               struct api_request *request, struct api_response *response,
               struct https_server *server)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    char url[64];
    assert_int_equal(SSL_CTX_use_certificate(ctx, leaf->certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, leaf->key), 1);
    https_server_start(server, "127.0.0.1", 0, ctx, script);
    snprintf(url, sizeof url, "https://localhost:%u/x", server->port);
    request->url = str_from(url);
    request->body_max = request->body_max ? request->body_max : 1000;
    request->deadline_ms = request->deadline_ms ? request->deadline_ms : HTTPS_DEADLINE;
    int rc = api_client_send(p->client, request, &p->arena, response, &p->err);
    /* The connection is kept for the next request: it goes with its client. */
    const struct api_settings settings = {.ca_file = p->roots, .stop = &p->stop};
    api_client_free(p->client);
    assert_int_equal(api_client_new(&p->client, &settings, &p->err), 0);
    https_server_stop(server);
    SSL_CTX_free(ctx);
    return rc;
}

static struct made leaf_for(struct place *p, const char *names)
{
    return made_new("leaf", names, &p->world->issuer, HTTPS_FROM - 400 * 86400, HTTPS_UNTIL);
}

static void sends_what_it_is_told_and_keeps_what_comes(void **state)
{
    struct place *p = *state;
    struct made leaf = leaf_for(p, "DNS:localhost");
    const struct api_header headers[] = {{STR("Content-Type"), STR("application/jose+json")},
                                         {STR("X-More"), STR("a b")}};
    struct api_request request = {
        .method = STR("POST"), .headers = headers, .header_count = 2, .body = STR("{}")};
    const struct https_script script = {
        .reply =
            STR("HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\nHTTP/1.1 403 No\r\n"
                "Replay-Nonce:  abc \r\nLink: <a>\r\nLINK: <b>\r\nContent-Length: 4\r\n\r\nbody")};
    struct api_response response;
    struct https_server server;
    size_t at = 0;
    assert_int_equal(ask(p, &leaf, &script, &request, &response, &server), 0);
    assert_int_equal(response.status, 403);
    CHECK_STR(response.body, "body", "body");
    CHECK_STR(api_header_get(&response, STR("replay-nonce")), "abc", "nonce");
    CHECK_STR(api_header_get(&response, STR("x-early")), "", "of an interim response");
    CHECK_STR(api_header_next(&response, STR("link"), &at), "<a>", "first");
    CHECK_STR(api_header_next(&response, STR("link"), &at), "<b>", "second");
    CHECK_STR(api_header_next(&response, STR("link"), &at), "", "no more");
    struct str sent = {server.request, server.request_n};
    assert_true(str_starts(sent, STR("POST /x HTTP/1.1\r\n")));
    assert_true(str_find(sent, STR("\r\nUser-Agent: sealpost/")) > 0);
    assert_true(str_find(sent, STR("\r\nContent-Type: application/jose+json\r\n")) > 0);
    assert_true(str_find(sent, STR("\r\nX-More: a b\r\n")) > 0);
    assert_int_equal(str_find(sent, STR("Expect")), -1);
    assert_int_equal(str_find(sent, STR("x-www-form-urlencoded")), -1);
    made_done(&leaf);
}

static void methods_as_they_are_named(void **state)
{
    struct place *p = *state;
    static const struct {
        struct str method, body, line;
    } rows[] = {
        {STR_INIT("GET"), STR_INIT(""), STR_INIT("GET /x HTTP/1.1\r\n")},
        {STR_INIT("HEAD"), STR_INIT(""), STR_INIT("HEAD /x HTTP/1.1\r\n")},
        {STR_INIT("DELETE"), STR_INIT(""), STR_INIT("DELETE /x HTTP/1.1\r\n")},
        {STR_INIT("PUT"), STR_INIT("{}"), STR_INIT("PUT /x HTTP/1.1\r\n")},
    };
    struct made leaf = leaf_for(p, "DNS:localhost");
    const struct https_script script = {.reply = STR("HTTP/1.1 204 No Content\r\n\r\n")};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct api_request request = {.method = rows[i].method, .body = rows[i].body};
        struct api_response response;
        struct https_server server;
        assert_int_equal(ask(p, &leaf, &script, &request, &response, &server), 0);
        assert_int_equal(response.status, 204);
        CHECK(str_starts((struct str){server.request, server.request_n}, rows[i].line),
              rows[i].line.p);
    }
    made_done(&leaf);
}

#define HEAD "HTTP/1.1 200 OK\r\n"

static void what_is_refused(void **state)
{
    struct place *p = *state;
    static char many[API_HEADERS_MAX * 8 + 64];
    struct buf b CLEANUP(buf_done);
    buf_init(&b, sizeof many - 1);
    buf_cstr(&b, HEAD);
    for (int i = 0; i <= API_HEADERS_MAX; i++)
        buf_cstr(&b, "a: b\r\n");
    memcpy(many, b.p, b.n);
    const struct {
        const char *what, *names;
        struct https_script script;
        struct api_request request;
        const struct msg_def *code;
    } rows[] = {
        {"a certificate for another name",
         "DNS:other.test",
         {.reply = STR(HEAD "\r\n")},
         {{NULL}},
         &MSG_API_TLS},
        {"no TLS at all",
         "DNS:localhost",
         {.silent = true, .plain = STR("220 hello\r\n")},
         {{NULL}},
         &MSG_API_TLS},
        {"a body beyond the limit",
         "DNS:localhost",
         {.reply = STR(HEAD "Content-Length: 11\r\n\r\n12345678901")},
         {.body_max = 10},
         &MSG_API_TOO_LARGE},
        {"a body without end",
         "DNS:localhost",
         {.reply = STR(HEAD "\r\n"), .filler = STR("0123456789")},
         {.body_max = 1 << 20},
         &MSG_API_TOO_LARGE},
        {"too many headers", "DNS:localhost", {.reply = {many, b.n}}, {{NULL}}, &MSG_API_TOO_LARGE},
        {"headers without end",
         "DNS:localhost",
         {.reply = STR(HEAD), .filler = STR("a: b\r\n")},
         {{NULL}},
         &MSG_API_TOO_LARGE},
        {"silence",
         "DNS:localhost",
         {.end = HTTPS_END_HANG},
         {.deadline_ms = 300},
         &MSG_API_TIMEOUT},
        {"an end without an answer",
         "DNS:localhost",
         {.end = HTTPS_END_NOTIFY},
         {{NULL}},
         &MSG_API_UNREACHABLE},
        {"HTTP/0.9", "DNS:localhost", {.reply = STR("hello")}, {{NULL}}, &MSG_API_UNREACHABLE},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct made leaf = leaf_for(p, rows[i].names);
        struct api_request request = rows[i].request;
        struct api_response response;
        struct https_server server;
        request.method = STR("GET");
        CHECK(ask(p, &leaf, &rows[i].script, &request, &response, &server) == -ERROR_TEMPORARY,
              rows[i].what);
        CHECK(error_is(&p->err, rows[i].code), rows[i].what);
        CHECK(str_starts(p->err.msg.args[0].str, STR("localhost:")), rows[i].what);
        made_done(&leaf);
    }
}

static void no_redirect_is_followed(void **state)
{
    struct place *p = *state;
    struct made leaf = leaf_for(p, "DNS:localhost");
    struct api_request request = {.method = STR("GET")};
    const struct https_script script = {
        .reply = STR("HTTP/1.1 302 Found\r\nLocation: https://localhost/y\r\n"
                     "Content-Length: 0\r\n\r\n")};
    struct api_response response;
    struct https_server server;
    assert_int_equal(ask(p, &leaf, &script, &request, &response, &server), 0);
    assert_int_equal(response.status, 302);
    assert_int_equal(server.connections, 1);
    made_done(&leaf);
}

static void addresses_that_are_not_asked(void **state)
{
    struct place *p = *state;
    static char long_one[API_URL_MAX + 2];
    snprintf(long_one, sizeof long_one, "https://ca.test/");
    memset(long_one + 16, 'a', sizeof long_one - 17);
    const char *const rows[] = {
        "",
        "ca.test",
        "http://ca.test/",
        "file:///etc/passwd",
        "https://",
        "https://a b/",
        "https://ca.test/\r\nx",
        "https://u:p@ca.test/",
        "https:///",
        "https://ca.test/#a",
        long_one,
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct api_request request = {
            .method = STR("GET"), .url = str_from(rows[i]), .deadline_ms = 1000};
        struct api_response response;
        CHECK(api_client_send(p->client, &request, &p->arena, &response, &p->err) ==
                  -ERROR_PERMANENT,
              rows[i]);
        CHECK(error_is(&p->err, &MSG_API_URL), rows[i]);
    }
}

static void a_request_ends_when_the_program_does(void **state)
{
    struct place *p = *state;
    struct made leaf = leaf_for(p, "DNS:localhost");
    struct api_request request = {.method = STR("GET")};
    const struct https_script script = {.end = HTTPS_END_HANG};
    struct api_response response;
    struct https_server server;
    atomic_store(&p->stop, true);
    assert_int_equal(ask(p, &leaf, &script, &request, &response, &server), -ERROR_TEMPORARY);
    assert_true(error_is(&p->err, &MSG_API_STOPPED));
    atomic_store(&p->stop, false);
    made_done(&leaf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_what_it_is_told_and_keeps_what_comes),
        cmocka_unit_test(methods_as_they_are_named),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(no_redirect_is_followed),
        cmocka_unit_test(addresses_that_are_not_asked),
        cmocka_unit_test(a_request_ends_when_the_program_does),
    };
    return cmocka_run_group_tests(tests, make, end);
}
