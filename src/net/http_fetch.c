#include "net/http_fetch.h"

#include <string.h>

#include "base/domain.h"
#include "net/http_tls.h"
#include "net/messages.h"

#define REQUEST_HEAD_MAX ((size_t)16 * 1024)
#define KEPT_BYTES_MAX   ((size_t)256 * 1024) /* of an answer without its body */
#define HOST_BYTES_MAX   253
#define PATH_BYTES_MAX   ((size_t)8 * 1024)
#define HTTPS_PORT       443
#define CONTENT_TYPE_MAX 256
#define MALFORMED_MAX    128 /* bytes shown of a line */

/* ---- what comes ---- */

/* What is no head is told by the line. */
static void refuse_head(struct http_fetch *f)
{
    struct str line = str_head(str_trim(buf_view(&f->line)), MALFORMED_MAX);
    http_fetch_finish(f, NET_PROTOCOL, line.n ? line : STR("empty-line"));
}

/* As far as it has come, the first line may still be that of HTTP/1: who speaks another protocol
 * may wait for us. */
static bool may_be_status(struct str line)
{
    static const struct str begin = STR_INIT("HTTP/1.");
    return str_starts(line, str_head(begin, line.n));
}

/* Takes a line off *bytes, or what there is of it. False when the request has ended. */
static bool take_of_head(struct http_fetch *f, struct str *bytes)
{
    ssize_t end = str_chr(*bytes, '\n');
    struct str piece = end < 0 ? *bytes : str_head(*bytes, (size_t)end + 1);
    *bytes = str_skip(*bytes, piece.n);
    bool room = piece.n <= f->line.max - f->line.n;
    buf_str(&f->line, piece);
    if (f->line.failed) {
        http_fetch_finish(f, room ? NET_LOCAL : NET_TOO_LARGE, room ? STR("no memory") : STR(""));
        return false;
    }
    if (!f->response.status && !may_be_status(buf_view(&f->line))) {
        refuse_head(f);
        return false;
    }
    if (end < 0)
        return true;
    enum http_line_result result = http_response_line(&f->response, buf_view(&f->line));
    if (result == HTTP_LINE_TOO_MANY) {
        http_fetch_finish(f, NET_TOO_LARGE, STR(""));
        return false;
    }
    if (result == HTTP_LINE_MALFORMED || f->response.bad_content_length) {
        refuse_head(f);
        return false;
    }
    buf_reset(&f->line);
    return true;
}

/* False when the request has ended. */
static bool take_of_body(struct http_fetch *f, struct str bytes)
{
    switch (http_body_read(&f->framing, bytes, &f->body)) {
    case HTTP_BODY_MORE:
        return true;
    case HTTP_BODY_DONE:
        f->step = HTTP_COMPLETE;
        http_fetch_finish(f, NET_OK, STR(""));
        break;
    case HTTP_BODY_MALFORMED:
        http_fetch_finish(f, NET_PROTOCOL, STR("bad-chunk"));
        break;
    case HTTP_BODY_FULL:
        if (f->body.n == f->body.max)
            http_fetch_finish(f, NET_TOO_LARGE, STR(""));
        else
            http_fetch_finish(f, NET_LOCAL, STR("no memory"));
        break;
    }
    return false;
}

static bool begin_body(struct http_fetch *f)
{
    f->step = HTTP_BODY;
    if (http_body_begin(&f->framing, &f->response) != HTTP_BODY_DONE)
        return true;
    f->step = HTTP_COMPLETE;
    http_fetch_finish(f, NET_OK, STR(""));
    return false;
}

static unsigned elapsed_ms(const struct http_fetch *f)
{
    unsigned ms = tls_client_elapsed_ms(f->net);
    return ms ? ms : 1;
}

static void on_received(void *user, struct str bytes)
{
    struct http_fetch *f = user;
    if (!f->answered_ms)
        f->answered_ms = elapsed_ms(f);
    while (bytes.n && !f->response.complete) {
        if (!take_of_head(f, &bytes) || (f->response.complete && !begin_body(f)))
            return;
    }
    if (bytes.n)
        (void)take_of_body(f, bytes);
}

static void on_connected(void *user)
{
    struct http_fetch *f = user;
    f->connected_ms = elapsed_ms(f);
    f->step = HTTP_HANDSHAKE;
    /* RFC 6066 3: an address is no name there. */
    struct str sni = domain_is_address(f->host) ? STR("") : f->host;
    if (!tls_client_upgrade(f->net, f->client->tls, sni))
        http_fetch_finish(f, NET_LOCAL, STR("no memory"));
}

static void on_secured(void *user)
{
    struct http_fetch *f = user;
    f->shaken_ms = elapsed_ms(f);
    f->step = HTTP_RESPONSE;
    if (!tls_client_send(f->net, buf_view(&f->request)))
        http_fetch_finish(f, NET_LOCAL, STR("no memory"));
    else
        buf_done(&f->request);
}

/* A body without length is whole only when TLS says that it has ended (RFC 9112 9.8). */
static void on_ended(void *user, enum net_failure failure, struct str detail)
{
    struct http_fetch *f = user;
    if (f->step == HTTP_BODY && failure == NET_CLOSED && http_body_may_end(&f->framing) &&
        tls_client_said_goodbye(f->net)) {
        f->step = HTTP_COMPLETE;
        failure = NET_OK;
    }
    http_fetch_finish(f, failure, detail);
}

static int judge(void *user, const struct tls_peer *peer)
{
    const struct http_fetch *f = user;
    return http_tls_fault(f->trust, peer, f->host, f->now);
}

/* ---- what is sent ---- */

static bool is_host(struct str host)
{
    for (size_t i = 0; i < host.n; i++) {
        if (!ascii_is_alnum(host.p[i]) && !strchr("-._", host.p[i] ? host.p[i] : ' '))
            return false;
    }
    return host.n && host.n <= HOST_BYTES_MAX;
}

/* Bytes that stand for themselves in a request target (RFC 9112 3.2.1). */
static bool is_path(struct str path)
{
    for (size_t i = 0; i < path.n; i++) {
        if (path.p[i] <= ' ' || path.p[i] > '~' || path.p[i] == '#')
            return false;
    }
    return path.n && path.n <= PATH_BYTES_MAX && path.p[0] == '/';
}

/* No line ends: what stands in a field line stays in it. */
static bool is_value(struct str value)
{
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] < ' ' || value.p[i] > '~')
            return false;
    }
    return value.n <= CONTENT_TYPE_MAX;
}

static void print_request(struct buf *out, const struct http_options *o)
{
    uint16_t port = o->url_port ? o->url_port : o->port;
    buf_cstr(out, o->body.n ? "POST " : "GET ");
    buf_str(out, o->path);
    buf_cstr(out, " HTTP/1.1\r\nHost: ");
    buf_str(out, o->host);
    if (port != HTTPS_PORT)
        buf_printf(out, ":%u", port);
    if (o->user_agent.n) {
        buf_cstr(out, "\r\nUser-Agent: ");
        buf_str(out, o->user_agent);
    }
    buf_cstr(out, "\r\nAccept: */*\r\n");
    if (o->body.n) {
        buf_cstr(out, "Content-Type: ");
        buf_str(out, o->content_type);
        buf_printf(out, "\r\nContent-Length: %zu\r\n", o->body.n);
    }
    buf_cstr(out, "\r\n");
    buf_str(out, o->body);
}

int http_fetch_begin(struct http_fetch *f, const struct http_options *o, struct error *err)
{
    static const struct tls_client_events anybody = {on_connected, on_secured, on_received,
                                                     on_ended, NULL};
    static const struct tls_client_events trusted = {on_connected, on_secured, on_received,
                                                     on_ended, judge};
    arena_init(&f->arena, KEPT_BYTES_MAX);
    buf_init(&f->request, REQUEST_HEAD_MAX + o->body.n);
    buf_init(&f->line, HTTP_RESPONSE_HEAD_MAX);
    buf_init(&f->body, o->body_max);
    http_response_init(&f->response, &f->arena);
    if (!is_host(o->host) || !is_path(o->path) || !is_value(o->user_agent) ||
        !is_value(o->content_type))
        return error_set(err, ERROR_PERMANENT, msg_http_target(o->host, o->path));
    f->host = arena_str(&f->arena, o->host);
    f->trust = o->trust;
    f->now = o->now;
    print_request(&f->request, o);
    struct tls_client_options to = {.address = o->address,
                                    .port = o->port,
                                    .alpn = STR("\x08http/1.1"),
                                    .deadline_ms = o->deadline_ms,
                                    .send_max = f->request.max};
    if (f->arena.failed || f->request.failed)
        return error_set_memory(err);
    f->net = tls_client_new(f->client->base, &to, o->trust ? &trusted : &anybody, f, &f->arena);
    return f->net ? 0 : error_set_memory(err);
}
