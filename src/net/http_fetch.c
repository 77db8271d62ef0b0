#include "net/http_fetch.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/messages.h"

#define TEXT_BYTES_MAX   ((size_t)16 * 1024)  /* of URL, headers and what libcurl is told */
#define KEPT_BYTES_MAX   ((size_t)256 * 1024) /* of an answer without its body */
#define HOST_BYTES_MAX   253
#define PATH_BYTES_MAX   ((size_t)8 * 1024)
#define HTTPS_PORT       443
#define RECEIVE_BYTES    4096L  /* libcurl's buffer of each request */
#define SEND_BYTES       16384L /* likewise; its least */
#define CONTENT_TYPE_MAX 256
#define MALFORMED_MAX    128 /* bytes shown of a line */

/* ---- what libcurl asks us ---- */

static bool address_of(const struct sockaddr *sa, struct address *address, uint16_t *port)
{
    *address = (struct address){.family = sa->sa_family};
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof in);
        memcpy(address->bytes, &in.sin_addr, sizeof in.sin_addr);
        *port = ntohs(in.sin_port);
        return true;
    }
    if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, sa, sizeof in6);
        memcpy(address->bytes, &in6.sin6_addr, sizeof in6.sin6_addr);
        *port = ntohs(in6.sin6_port);
        return true;
    }
    return false;
}

static bool is_ours(const struct http_fetch *fetch, const struct address *address, uint16_t port)
{
    return address->family == fetch->address.family && port == fetch->port &&
           memcmp(address->bytes, fetch->address.bytes,
                  address->family == AF_INET ? 4 : sizeof address->bytes) == 0;
}

static curl_socket_t on_open(void *context, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct http_fetch *fetch = context;
    struct address address;
    uint16_t port;
    if (purpose != CURLSOCKTYPE_IPCXN || !address_of(&to->addr, &address, &port) ||
        !is_ours(fetch, &address, port)) {
        fetch->stop = HTTP_STOP_ADDRESS;
        return CURL_SOCKET_BAD;
    }
    int fd = socket(to->family, to->socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, to->protocol);
    if (fd < 0) {
        fetch->stop = HTTP_STOP_SOCKET;
        fetch->stop_errno = errno;
        return CURL_SOCKET_BAD;
    }
    return fd;
}

/* Called when the connection stands, TLS included, before the request is sent. */
static int on_connected(void *context, char *peer, char *local, int peer_port, int local_port)
{
    struct http_fetch *fetch = context;
    struct address address;
    (void)local;
    (void)local_port;
    fetch->shaken = clock_monotonic_ms();
    if (address_parse(str_from(peer), &address) && is_ours(fetch, &address, (uint16_t)peer_port) &&
        fetch->tls.done)
        return CURL_PREREQFUNC_OK;
    fetch->stop = HTTP_STOP_ADDRESS;
    return CURL_PREREQFUNC_ABORT;
}

static CURLcode on_ssl_ctx(CURL *easy, void *ctx, void *context)
{
    struct http_fetch *fetch = context;
    (void)easy;
    fetch->connected = clock_monotonic_ms();
    return http_tls_attach(&fetch->tls, ctx) ? CURLE_OK : CURLE_OUT_OF_MEMORY;
}

static size_t on_header(char *bytes, size_t size, size_t n, void *context)
{
    struct http_fetch *fetch = context;
    (void)size; /* always 1 */
    if (!fetch->answered)
        fetch->answered = clock_monotonic_ms();
    switch (http_response_line(&fetch->response, (struct str){bytes, n})) {
    case HTTP_LINE_TAKEN:
        return n;
    case HTTP_LINE_MALFORMED:
        fetch->stop = HTTP_STOP_HEAD;
        fetch->malformed =
            arena_str(&fetch->arena, str_head(str_trim((struct str){bytes, n}), MALFORMED_MAX));
        break;
    case HTTP_LINE_TOO_MANY:
        fetch->stop = HTTP_STOP_LARGE;
        break;
    }
    return n ? 0 : 1;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *context)
{
    struct http_fetch *fetch = context;
    size_t room = fetch->body.max - fetch->body.n;
    (void)size;
    buf_add(&fetch->body, bytes, n < room ? n : room);
    if (n <= room && !fetch->body.failed)
        return n;
    fetch->stop = fetch->body.failed ? HTTP_STOP_MEMORY : HTTP_STOP_LARGE;
    return n ? 0 : 1;
}

/* ---- what we tell libcurl ---- */

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

static void print_url(struct buf *url, const struct http_options *o)
{
    uint16_t port = o->url_port ? o->url_port : o->port;
    buf_cstr(url, "https://");
    buf_str(url, o->host);
    if (port != HTTPS_PORT)
        buf_printf(url, ":%u", port);
    buf_str(url, o->path);
}

/* For any host and port, since libcurl may write the host in another way than we do. */
static bool pin_address(struct http_fetch *fetch, struct buf *text)
{
    buf_reset(text);
    buf_cstr(text, fetch->address.family == AF_INET6 ? "::[" : "::");
    address_print(&fetch->address, text);
    buf_printf(text, fetch->address.family == AF_INET6 ? "]:%u" : ":%u", fetch->port);
    fetch->connect_to = text->failed ? NULL : curl_slist_append(NULL, text->p);
    return fetch->connect_to != NULL;
}

static bool add_header(struct http_fetch *fetch, const char *line)
{
    struct curl_slist *longer = curl_slist_append(fetch->headers, line);
    if (longer)
        fetch->headers = longer;
    return longer != NULL;
}

/* The body stays in our arena: libcurl does not copy it. */
static bool set_body(struct http_fetch *fetch, const struct http_options *o, struct buf *text)
{
    if (!o->body.n)
        return true;
    struct str body = arena_str(&fetch->arena, o->body);
    buf_reset(text);
    buf_cstr(text, "Content-Type: ");
    buf_str(text, o->content_type);
    return body.n && !text->failed && add_header(fetch, text->p) &&
           /* Waits for no "100 Continue". */
           add_header(fetch, "Expect:") &&
           !curl_easy_setopt(fetch->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n) &&
           !curl_easy_setopt(fetch->easy, CURLOPT_POSTFIELDS, body.p) &&
           !curl_easy_setopt(fetch->easy, CURLOPT_HTTPHEADER, fetch->headers);
}

static bool set_limits(CURL *easy)
{
    return !curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https") &&
           !curl_easy_setopt(easy, CURLOPT_PROXY, "") &&
           !curl_easy_setopt(easy, CURLOPT_NOPROXY, "*") &&
           !curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) &&
           !curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) &&
           !curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) &&
           !curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L) &&
           !curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L) &&
           !curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
           !curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) &&
           !curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L) &&
           !curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, RECEIVE_BYTES) &&
           !curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, SEND_BYTES) &&
           /* Each request shows a handshake of its own. */
           !curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L) &&
           !curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
}

static bool set_tls(struct http_fetch *fetch)
{
    CURL *easy = fetch->easy;
    return !curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
           !curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L) &&
           !curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L) &&
           !curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L) &&
           !curl_easy_setopt(easy, CURLOPT_CAINFO, NULL) &&
           !curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) &&
           !curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx) &&
           !curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, fetch);
}

static bool set_callbacks(struct http_fetch *fetch)
{
    CURL *easy = fetch->easy;
    return !curl_easy_setopt(easy, CURLOPT_PRIVATE, fetch) &&
           !curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, fetch->error) &&
           !curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open) &&
           !curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, fetch) &&
           !curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected) &&
           !curl_easy_setopt(easy, CURLOPT_PREREQDATA, fetch) &&
           !curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) &&
           !curl_easy_setopt(easy, CURLOPT_HEADERDATA, fetch) &&
           !curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) &&
           !curl_easy_setopt(easy, CURLOPT_WRITEDATA, fetch);
}

static bool set_request(struct http_fetch *fetch, const struct http_options *o)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, TEXT_BYTES_MAX);
    print_url(&text, o);
    long deadline = o->deadline_ms ? (long)o->deadline_ms : 1; /* 0 would be none */
    const char *agent = arena_cstr(&fetch->arena, o->user_agent);
    return !text.failed && agent && !curl_easy_setopt(fetch->easy, CURLOPT_URL, text.p) &&
           (!*agent || !curl_easy_setopt(fetch->easy, CURLOPT_USERAGENT, agent)) &&
           !curl_easy_setopt(fetch->easy, CURLOPT_TIMEOUT_MS, deadline) &&
           !curl_easy_setopt(fetch->easy, CURLOPT_CONNECTTIMEOUT_MS, deadline) &&
           pin_address(fetch, &text) &&
           !curl_easy_setopt(fetch->easy, CURLOPT_CONNECT_TO, fetch->connect_to) &&
           set_body(fetch, o, &text);
}

int http_fetch_set_up(struct http_fetch *fetch, const struct http_options *o, struct error *err)
{
    if (!is_host(o->host) || !is_path(o->path) || !is_value(o->user_agent) ||
        !is_value(o->content_type))
        return error_set(err, ERROR_PERMANENT, msg_http_target(o->host, o->path));
    fetch->started = clock_monotonic_ms();
    fetch->address = o->address;
    fetch->port = o->port;
    arena_init(&fetch->arena, KEPT_BYTES_MAX + o->body.n);
    buf_init(&fetch->body, o->body_max);
    http_response_init(&fetch->response, &fetch->arena);
    fetch->tls = (struct http_tls){.arena = &fetch->arena,
                                   .host = arena_str(&fetch->arena, o->host),
                                   .trust = o->trust,
                                   .now = o->now};
    fetch->easy = curl_easy_init();
    if (!fetch->easy)
        return error_set_memory(err);
    if (set_limits(fetch->easy) && set_tls(fetch) && set_callbacks(fetch) && set_request(fetch, o))
        return 0;
    /* Of all this only memory can be lacking; an option that libcurl does not know is told with its
     * version. */
    return error_set(err, ERROR_TEMPORARY, msg_http_set_up(str_from(curl_version())));
}
