#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "net/http_request.h"

#define HOST "Host: mta-sts.example.org\r\n"
#define MAX  8192

static enum http_progress read_all(struct http_request *r, struct str bytes, size_t max)
{
    http_request_init(r, max);
    return http_request_read(r, bytes);
}

/* Byte by byte; each call gets a copy that ends where the bytes end, so that ASan sees a read
 * beyond them. */
static enum http_progress read_bytewise(struct http_request *r, struct str bytes, size_t max)
{
    enum http_progress got = HTTP_MORE;
    http_request_init(r, max);
    for (size_t n = 1; n <= bytes.n && got == HTTP_MORE; n++) {
        char *copy = malloc(n);
        assert_non_null(copy);
        memcpy(copy, bytes.p, n);
        got = http_request_read(r, (struct str){copy, n});
        free(copy);
    }
    return got;
}

static void requests_are_read(void **state)
{
    static const struct {
        const char *what, *bytes, *method, *path, *host;
        bool keep_alive;
    } rows[] = {
        {"3: the plain form", "GET /.well-known/mta-sts.txt HTTP/1.1\r\n" HOST "\r\n", "GET",
         "/.well-known/mta-sts.txt", "mta-sts.example.org", true},
        {"2.2: one empty line before", "\r\nHEAD / HTTP/1.1\r\n" HOST "\r\n", "HEAD", "/",
         "mta-sts.example.org", true},
        {"3.2.1: the query is apart", "GET /a?b=/c HTTP/1.1\r\n" HOST "\r\n", "GET", "/a",
         "mta-sts.example.org", true},
        {"3.2.2: the target's authority counts", "GET https://b.example/x HTTP/1.1\r\n" HOST "\r\n",
         "GET", "/x", "b.example", true},
        {"3.2.2: no path is /", "GET HTTP://b.example:80 HTTP/1.1\r\n" HOST "\r\n", "GET", "/",
         "b.example", true},
        {"3.2.2: no path, a query", "GET http://b.example?q HTTP/1.1\r\n" HOST "\r\n", "GET", "/",
         "b.example", true},
        {"3.2.3: authority-form", "CONNECT a.example:443 HTTP/1.1\r\n" HOST "\r\n", "CONNECT", "",
         "a.example", true},
        {"3.2.4: asterisk-form", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", "OPTIONS", "*",
         "mta-sts.example.org", true},
        {"3.2: Host with a port", "GET / HTTP/1.1\r\nhOST:\t a:8443 \t\r\n\r\n", "GET", "/", "a",
         true},
        {"3.2: Host is an address", "GET / HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n", "GET", "/",
         "[::1]", true},
        {"3.2: an empty Host is legal", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET", "/", "", true},
        {"3.2: HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", "GET", "/", "", false},
        {"9.3: HTTP/1.0 with keep-alive", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET",
         "/", "", true},
        {"9.3: close among other options",
         "GET / HTTP/1.1\r\n" HOST "Connection: te, Close\r\nTE: x\r\n\r\n", "GET", "/",
         "mta-sts.example.org", false},
        {"9.3: close wins", "GET / HTTP/1.0\r\nConnection: keep-alive,close\r\n\r\n", "GET", "/",
         "", false},
        {"2.5: a later minor version is 1.1", "GET / HTTP/1.7\r\n" HOST "\r\n", "GET", "/",
         "mta-sts.example.org", true},
        {"9110 5.5: obs-text in a value", "GET / HTTP/1.1\r\n" HOST "X: \xc3\xa9\r\nY:\r\n\r\n",
         "GET", "/", "mta-sts.example.org", true},
        {"9110 9.1: methods have case", "get / HTTP/1.1\r\n" HOST "\r\n", "get", "/",
         "mta-sts.example.org", true},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct http_request r;
        struct str bytes = str_from(rows[i].bytes);
        CHECK(read_bytewise(&r, bytes, MAX) == HTTP_DONE, rows[i].what);
        CHECK(read_all(&r, bytes, MAX) == HTTP_DONE, rows[i].what);
        CHECK_STR(r.method_name, rows[i].method, rows[i].what);
        CHECK_STR(r.path, rows[i].path, rows[i].what);
        CHECK_STR(r.host, rows[i].host, rows[i].what);
        CHECK(r.keep_alive == rows[i].keep_alive, rows[i].what);
        CHECK(r.head_size == bytes.n, rows[i].what);
        CHECK((r.method == HTTP_GET) == (strcmp(rows[i].method, "GET") == 0), rows[i].what);
    }
}

#define GET(rest) "GET / HTTP/1.1\r\n" rest
static const struct {
    const char *what, *bytes;
    unsigned status;
} refusals[] = {
    {"2.2: bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400},
    {"2.2: bare LF after CRLF lines", GET(HOST "\n"), 400},
    {"2.2: bare CR", GET("Host: a\rX: b\r\n\r\n"), 400},
    {"2.2: CR CR LF", GET("Host: a\r\r\n\r\n"), 400},
    {"2.2: two empty lines before", "\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 400},
    {"2.2: a blank before the first field", GET(" Host: a\r\n\r\n"), 400},
    {"2.3: another major version", "GET / HTTP/2.0\r\n" HOST "\r\n", 505},
    {"2.3: the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    {"2.3: HTTP/0.9 by name", "GET / HTTP/0.9\r\n\r\n", 505},
    {"2.3: the name has case", "GET / http/1.1\r\n" HOST "\r\n", 400},
    {"2.3: two digits", "GET / HTTP/1.10\r\n" HOST "\r\n", 400},
    {"3: HTTP/0.9 has no version", "GET /\r\n", 400},
    {"3: only a method", "GET\r\n", 400},
    {"3: two blanks", "GET  / HTTP/1.1\r\n" HOST "\r\n", 400},
    {"3: two blanks before the version", "GET /  HTTP/1.1\r\n" HOST "\r\n", 400},
    {"3: a tab", "GET\t/ HTTP/1.1\r\n" HOST "\r\n", 400},
    {"3: a blank at the end", "GET / HTTP/1.1 \r\n" HOST "\r\n", 400},
    {"3.1: no token", "G(T / HTTP/1.1\r\n" HOST "\r\n", 400},
    {"3.1: no method", " / HTTP/1.1\r\n" HOST "\r\n", 400},
    {"3.1: a long method", "AAAAAAAABBBBBBBBCCCCCCCCDDDDDDDDE / HTTP/1.1\r\n" HOST "\r\n", 501},
    {"3.2: no form of a target", "GET index.html HTTP/1.1\r\n" HOST "\r\n", 400},
    {"3.2: a fragment", "GET /#a HTTP/1.1\r\n" HOST "\r\n", 400},
    {"3.2: beyond ASCII", "GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n", 400},
    {"3.2: another scheme", "GET ftp://a/ HTTP/1.1\r\n" HOST "\r\n", 400},
    {"3.2.2: no authority", "GET https:///x HTTP/1.1\r\n" HOST "\r\n", 400},
    {"3.2.2: user information", "GET https://u@a/ HTTP/1.1\r\n" HOST "\r\n", 400},
    {"3.2.2: Host is needed all the same", "GET https://a/ HTTP/1.1\r\n\r\n", 400},
    {"3.2.2: Host must be legal all the same", "GET https://a/ HTTP/1.1\r\nHost: b/c\r\n\r\n", 400},
    {"3.2.3: CONNECT without a port", "CONNECT a HTTP/1.1\r\n" HOST "\r\n", 400},
    {"3.2.3: CONNECT of a path", "CONNECT / HTTP/1.1\r\n" HOST "\r\n", 400},
    {"3.2.3: authority-form with GET", "GET a:443 HTTP/1.1\r\n" HOST "\r\n", 400},
    {"3.2.4: asterisk with GET", "GET * HTTP/1.1\r\n" HOST "\r\n", 400},
    {"3.2: no Host", GET("\r\n"), 400},
    {"3.2: two Hosts", GET(HOST HOST "\r\n"), 400},
    {"3.2: two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\n" HOST HOST "\r\n", 400},
    {"3.2: two names", GET("Host: a, b\r\n\r\n"), 400},
    {"3.2: a port that is none", GET("Host: a:b\r\n\r\n"), 400},
    {"3.2: a port too high", GET("Host: a:65536\r\n\r\n"), 400},
    {"3.2: only a port", GET("Host: :443\r\n\r\n"), 400},
    {"3.2: user information", GET("Host: u@a\r\n\r\n"), 400},
    {"3.2: half a bracket", GET("Host: [::1\r\n\r\n"), 400},
    {"5: no colon", GET(HOST "X\r\n\r\n"), 400},
    {"5.1: a blank before the colon", GET("Host : a\r\n\r\n"), 400},
    {"5.1: no name", GET(HOST ": a\r\n\r\n"), 400},
    {"5.2: a continuation line", GET(HOST "X: a\r\n b\r\n\r\n"), 400},
    {"9110 5.5: DEL in a value", GET(HOST "X: \x7f\r\n\r\n"), 400},
    {"6.1: Transfer-Encoding in HTTP/1.0",
     "POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 400},
    {"6.1: both lengths", GET(HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"), 400},
    {"6.1: both, the other way",
     GET(HOST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"), 400},
    {"6.1: another coding first", GET(HOST "Transfer-Encoding: gzip, chunked\r\n\r\n"), 501},
    {"6.3: chunked is not the last", GET(HOST "Transfer-Encoding: chunked, gzip\r\n\r\n"), 400},
    {"6.3: no chunked at all", GET(HOST "Transfer-Encoding: identity\r\n\r\n"), 400},
    {"6.3: nearly chunked", GET(HOST "Transfer-Encoding: xchunked\r\n\r\n"), 400},
    {"6.3: two fields",
     GET(HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"), 400},
    {"6.3: two lengths", GET(HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n"), 400},
    {"6.3: a list of lengths", GET(HOST "Content-Length: 1, 1\r\n\r\n"), 400},
    {"6.2: a sign", GET(HOST "Content-Length: +1\r\n\r\n"), 400},
    {"6.2: hexadecimal", GET(HOST "Content-Length: 0x1\r\n\r\n"), 400},
    {"6.2: empty", GET(HOST "Content-Length:\r\n\r\n"), 400},
    {"6.2: too large for any number", GET(HOST "Content-Length: 18446744073709551616\r\n\r\n"),
     413},
};

static void what_two_programs_could_read_in_two_ways_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        struct http_request r;
        struct str bytes = str_from(refusals[i].bytes);
        CHECK(read_all(&r, bytes, MAX) == HTTP_REFUSED, refusals[i].what);
        CHECK(r.status == refusals[i].status, refusals[i].what);
        CHECK(read_bytewise(&r, bytes, MAX) == HTTP_REFUSED, refusals[i].what);
        CHECK(r.status == refusals[i].status, refusals[i].what);
    }
}

static void nul_is_refused_wherever_it_stands(void **state)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\r\n";
    (void)state;
    for (size_t i = 0; i < sizeof request - 1; i++) {
        struct http_request r;
        char bytes[sizeof request];
        memcpy(bytes, request, sizeof bytes);
        bytes[i] = '\0';
        enum http_progress got = read_all(&r, (struct str){bytes, sizeof bytes - 1}, MAX);
        /* The very last line has no end then. */
        assert_true(got == HTTP_REFUSED || (got == HTTP_MORE && i == sizeof request - 2));
    }
}

static void bodies_are_announced_by_either_field(void **state)
{
    struct http_request r;
    (void)state;
    assert_int_equal(read_all(&r, STR(GET(HOST "Content-Length: 0012\r\n\r\nabc")), MAX),
                     HTTP_DONE);
    assert_true(r.has_length && r.length == 12 && http_request_has_body(&r));
    assert_int_equal(r.head_size, sizeof GET(HOST "Content-Length: 0012\r\n\r\n") - 1);
    assert_int_equal(read_all(&r, STR(GET(HOST "Content-Length: 0\r\n\r\n")), MAX), HTTP_DONE);
    assert_true(r.has_length && !http_request_has_body(&r));
    assert_int_equal(read_all(&r, STR(GET(HOST "Transfer-Encoding: Chunked\r\n\r\n")), MAX),
                     HTTP_DONE);
    assert_true(r.chunked && http_request_has_body(&r));
}

/* Reads "GET /aaa HTTP/1.1" of `line` bytes with a field that makes the head `head` bytes. */
static enum http_progress read_sized(struct http_request *r, size_t line, size_t head, size_t max)
{
    struct buf b CLEANUP(buf_done);
    buf_init(&b, (size_t)1024 * 1024);
    buf_cstr(&b, "GET /");
    while (b.n < line - 9)
        buf_byte(&b, 'a');
    buf_cstr(&b, " HTTP/1.1\r\nHost: a\r\nX: ");
    while (b.n < head - 4)
        buf_byte(&b, 'x');
    buf_cstr(&b, "\r\n\r\n");
    assert_false(b.failed);
    struct http_request bytewise;
    enum http_progress got = read_all(r, buf_view(&b), max);
    assert_int_equal(read_bytewise(&bytewise, buf_view(&b), max), got);
    assert_int_equal(bytewise.status, r->status);
    return got;
}

static void the_request_line_has_a_limit(void **state)
{
    struct http_request r;
    (void)state;
    for (size_t n = HTTP_REQUEST_LINE_MAX - 1; n <= HTTP_REQUEST_LINE_MAX + 1; n++) {
        enum http_progress got = read_sized(&r, n, n + 100, HTTP_HEAD_MAX);
        assert_int_equal(got, n <= HTTP_REQUEST_LINE_MAX ? HTTP_DONE : HTTP_REFUSED);
        assert_int_equal(r.status, n <= HTTP_REQUEST_LINE_MAX ? 0 : 414);
    }
    assert_int_equal(read_sized(&r, 600, 700, 512), HTTP_REFUSED);
    assert_int_equal(r.status, 414);
}

static void the_head_has_a_limit(void **state)
{
    struct http_request r;
    (void)state;
    for (size_t n = 511; n <= 513; n++) {
        enum http_progress got = read_sized(&r, 20, n, 512);
        assert_int_equal(got, n <= 512 ? HTTP_DONE : HTTP_REFUSED);
        assert_int_equal(r.status, n <= 512 ? 0 : 431);
    }
    http_request_init(&r, (size_t)10 * HTTP_HEAD_MAX);
    assert_int_equal(r.head_max, HTTP_HEAD_MAX);
}

static void fields_have_a_limit(void **state)
{
    (void)state;
    for (size_t n = HTTP_FIELDS_MAX - 1; n <= HTTP_FIELDS_MAX + 1; n++) {
        struct http_request r;
        struct buf b CLEANUP(buf_done);
        buf_init(&b, HTTP_HEAD_MAX);
        buf_cstr(&b, "GET / HTTP/1.1\r\nHost: a\r\n");
        for (size_t i = 1; i < n; i++)
            buf_cstr(&b, "X: y\r\n");
        buf_cstr(&b, "\r\n");
        enum http_progress got = read_all(&r, buf_view(&b), HTTP_HEAD_MAX);
        assert_int_equal(got, n <= HTTP_FIELDS_MAX ? HTTP_DONE : HTTP_REFUSED);
        assert_int_equal(r.status, n <= HTTP_FIELDS_MAX ? 0 : 431);
    }
}

static void a_head_without_end_waits_for_more(void **state)
{
    struct http_request r;
    struct str request = STR(GET(HOST "\r\n"));
    (void)state;
    for (size_t n = 0; n < request.n; n++)
        assert_int_equal(read_all(&r, str_head(request, n), MAX), HTTP_MORE);
    assert_int_equal(read_all(&r, (struct str){NULL, 0}, 0), HTTP_MORE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_read),
        cmocka_unit_test(what_two_programs_could_read_in_two_ways_is_refused),
        cmocka_unit_test(nul_is_refused_wherever_it_stands),
        cmocka_unit_test(bodies_are_announced_by_either_field),
        cmocka_unit_test(the_request_line_has_a_limit),
        cmocka_unit_test(the_head_has_a_limit),
        cmocka_unit_test(fields_have_a_limit),
        cmocka_unit_test(a_head_without_end_waits_for_more),
    };
    return cmocka_run_group_tests_name("net/http_request", tests, NULL, NULL);
}
