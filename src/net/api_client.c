#include "net/api_client.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "net/messages.h"

#define REQUEST_TEXT_MAX ((size_t)64 * 1024) /* of the URL and of each header line */
#define USER_AGENT       "sealpost/" SEALPOST_VERSION

struct api_client {
    CURL *easy;
    char *ca_file; /* NULL: the system's */
    const atomic_bool *stop;
};

/* One request while it runs. */
struct exchange {
    const struct api_request *request;
    struct arena *arena;
    const atomic_bool *stop;
    struct api_header *headers;
    size_t header_count, header_bytes;
    struct buf body;
    bool too_large;
    struct curl_slist *lines;
    char reason[CURL_ERROR_SIZE];
};

static void free_lines(struct exchange *x)
{
    curl_slist_free_all(x->lines);
    buf_done(&x->body);
}

int api_client_new(struct api_client **out, const struct api_settings *settings, struct error *err)
{
    bool own_roots = settings->ca_file && *settings->ca_file;
    struct api_client *client = calloc(1, sizeof *client);
    if (!client || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(client);
        return error_set_memory(err);
    }
    client->stop = settings->stop;
    client->ca_file = own_roots ? strdup(settings->ca_file) : NULL;
    client->easy = curl_easy_init();
    if (!client->easy || (own_roots && !client->ca_file)) {
        api_client_free(client);
        return error_set_memory(err);
    }
    *out = client;
    return 0;
}

void api_client_free(struct api_client *client)
{
    if (!client)
        return;
    curl_easy_cleanup(client->easy);
    free(client->ca_file);
    free(client);
    curl_global_cleanup();
}

/* ---- what libcurl tells us ---- */

static struct str lower_copy(struct arena *arena, struct str s)
{
    char *copy = arena_cstr(arena, s);
    for (size_t i = 0; copy && i < s.n; i++)
        copy[i] = ascii_lower(copy[i]);
    return (struct str){copy, copy ? s.n : 0};
}

static bool keep_header(struct exchange *x, struct str line)
{
    struct str name, value;
    if (!str_cut(line, ':', &name, &value))
        return true; /* the status line, or the empty one */
    if (x->header_count == API_HEADERS_MAX) {
        x->too_large = true;
        return false;
    }
    x->headers[x->header_count++] = (struct api_header){
        lower_copy(x->arena, str_trim(name)),
        arena_str(x->arena, str_trim(value)),
    };
    return !x->arena->failed;
}

static size_t on_header(char *bytes, size_t size, size_t n, void *context)
{
    struct exchange *x = context;
    struct str line = {bytes, n};
    (void)size; /* always 1 */
    /* Another head: before it came an interim response, or a proxy's. */
    if (str_istarts(line, STR("HTTP/")))
        x->header_count = 0;
    x->header_bytes += n;
    x->too_large = x->too_large || x->header_bytes > API_HEADERS_SIZE;
    return !x->too_large && keep_header(x, line) ? n : n ? 0 : 1;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *context)
{
    struct exchange *x = context;
    (void)size;
    x->too_large = n > x->body.max - x->body.n;
    if (!x->too_large)
        buf_add(&x->body, bytes, n);
    return x->too_large || x->body.failed ? (n ? 0 : 1) : n;
}

static int on_progress(void *context, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
                       curl_off_t up)
{
    const struct exchange *x = context;
    (void)down_all;
    (void)down;
    (void)up_all;
    (void)up;
    return x->stop && atomic_load(x->stop);
}

/* ---- what we tell libcurl ---- */

static bool is_printable(struct str s, bool blanks)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < (blanks ? ' ' : '!') || s.p[i] > '~')
            return false;
    }
    return true;
}

static bool is_url(struct str url)
{
    return str_istarts(url, STR("https://")) && url.n > 8 && url.n <= API_URL_MAX &&
           is_printable(url, false) && str_chr(url, '#') < 0;
}

static bool add_line(struct exchange *x, const char *line)
{
    struct curl_slist *longer = curl_slist_append(x->lines, line);
    if (longer)
        x->lines = longer;
    return longer != NULL;
}

static bool set_headers(CURL *easy, struct exchange *x)
{
    struct buf line CLEANUP(buf_done);
    buf_init(&line, REQUEST_TEXT_MAX);
    /* Waits for no "100 Continue"; libcurl's own type for a body goes. */
    bool ok = add_line(x, "Expect:") && add_line(x, "Content-Type:");
    for (size_t i = 0; ok && i < x->request->header_count; i++) {
        const struct api_header *h = &x->request->headers[i];
        buf_reset(&line);
        buf_str(&line, h->name);
        buf_cstr(&line, ": ");
        buf_str(&line, h->value);
        ok = is_printable(h->name, false) && is_printable(h->value, true) && !line.failed &&
             add_line(x, line.p);
    }
    return ok && !curl_easy_setopt(easy, CURLOPT_HTTPHEADER, x->lines);
}

static bool set_method(CURL *easy, const struct api_request *request)
{
    char method[16];
    snprintf(method, sizeof method, "%.*s", STR_ARG(request->method));
    if (str_eq(request->method, STR("HEAD")))
        return !curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    if (str_eq(request->method, STR("GET")))
        return true;
    return !curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method) &&
           (!(request->body.n || str_eq(request->method, STR("POST"))) ||
            (!curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.n) &&
             !curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.n ? request->body.p : "")));
}

static bool set_limits(const struct api_client *client, const struct api_request *request)
{
    CURL *easy = client->easy;
    long deadline = request->deadline_ms ? (long)request->deadline_ms : 1; /* 0 would be none */
    return !curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https") &&
           !curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) &&
           !curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) &&
           !curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) &&
           !curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L) &&
           !curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
           !curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) &&
           !curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
           !curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, deadline) &&
           !curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, deadline) &&
           !curl_easy_setopt(easy, CURLOPT_USERAGENT, USER_AGENT) &&
           (!client->ca_file || (!curl_easy_setopt(easy, CURLOPT_CAINFO, client->ca_file) &&
                                 !curl_easy_setopt(easy, CURLOPT_CAPATH, NULL)));
}

static bool set_callbacks(CURL *easy, struct exchange *x)
{
    return !curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, x->reason) &&
           !curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) &&
           !curl_easy_setopt(easy, CURLOPT_HEADERDATA, x) &&
           !curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) &&
           !curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) &&
           !curl_easy_setopt(easy, CURLOPT_WRITEDATA, x) &&
           !curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L) &&
           !curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress) &&
           !curl_easy_setopt(easy, CURLOPT_XFERINFODATA, x);
}

static bool set_url(CURL *easy, struct str url)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, REQUEST_TEXT_MAX);
    buf_str(&text, url);
    return !text.failed && !curl_easy_setopt(easy, CURLOPT_URL, text.p);
}

/* ---- what came of it ---- */

static struct str host_of(struct str url)
{
    struct str rest = str_skip(url, sizeof "https://" - 1);
    size_t n = 0;
    while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?')
        n++;
    return str_head(rest, n);
}

static int set_failure(const struct exchange *x, CURLcode code, struct error *err)
{
    struct str host = host_of(x->request->url);
    struct str reason = str_from(*x->reason ? x->reason : curl_easy_strerror(code));
    if (x->too_large)
        return error_set(err, ERROR_TEMPORARY, msg_api_too_large(host, x->request->body_max));
    if (x->arena->failed || x->body.failed)
        return error_set_memory(err);
    switch ((int)code) {
    case CURLE_OUT_OF_MEMORY:
        return error_set_memory(err);
    case CURLE_ABORTED_BY_CALLBACK:
        return error_set(err, ERROR_TEMPORARY, msg_api_stopped(host));
    case CURLE_URL_MALFORMAT:
    case CURLE_LOGIN_DENIED:
        return error_set(err, ERROR_PERMANENT, msg_api_url(x->request->url));
    case CURLE_OPERATION_TIMEDOUT:
        return error_set(err, ERROR_TEMPORARY,
                         msg_api_timeout(host, (x->request->deadline_ms + 999) / 1000));
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
        return error_set(err, ERROR_TEMPORARY, msg_api_tls(host, reason));
    default:
        return error_set(err, ERROR_TEMPORARY, msg_api_unreachable(host, reason));
    }
}

static int keep_response(struct api_client *client, const struct exchange *x,
                         struct api_response *response, struct error *err)
{
    long status = 0;
    struct str body = arena_str(x->arena, buf_view(&x->body));
    curl_easy_getinfo(client->easy, CURLINFO_RESPONSE_CODE, &status);
    if (x->arena->failed)
        return error_set_memory(err);
    *response = (struct api_response){
        .status = status > 0 ? (unsigned)status : 0,
        .headers = x->headers,
        .header_count = x->header_count,
        .body = body,
    };
    return 0;
}

int api_client_send(struct api_client *client, const struct api_request *request,
                    struct arena *arena, struct api_response *response, struct error *err)
{
    if (!is_url(request->url))
        return error_set(err, ERROR_PERMANENT, msg_api_url(request->url));
    struct exchange x CLEANUP(free_lines) = {
        .request = request,
        .arena = arena,
        .stop = client->stop,
        .headers = arena_array(arena, API_HEADERS_MAX, sizeof *x.headers),
    };
    buf_init(&x.body, request->body_max);
    if (!x.headers)
        return error_set_memory(err);
    curl_easy_reset(client->easy); /* connections stay */
    if (!set_limits(client, request) || !set_callbacks(client->easy, &x) ||
        !set_url(client->easy, request->url) || !set_method(client->easy, request) ||
        !set_headers(client->easy, &x))
        return error_set_memory(err);
    CURLcode code = curl_easy_perform(client->easy);
    int rc =
        code == CURLE_OK ? keep_response(client, &x, response, err) : set_failure(&x, code, err);
    /* Nothing of this call's may be looked at by a later one. */
    curl_easy_reset(client->easy);
    return rc;
}

struct str api_header_next(const struct api_response *response, struct str name, size_t *at)
{
    while (*at < response->header_count) {
        const struct api_header *h = &response->headers[(*at)++];
        if (str_eq(h->name, name))
            return h->value;
    }
    return STR("");
}

struct str api_header_get(const struct api_response *response, struct str name)
{
    size_t at = 0;
    return api_header_next(response, name, &at);
}

bool api_date_read(struct str text, int64_t *out)
{
    char date[64];
    if (text.n >= sizeof date || !is_printable(text, true))
        return false;
    snprintf(date, sizeof date, "%.*s", STR_ARG(text));
    time_t at = curl_getdate(date, NULL);
    if (at == -1)
        return false;
    *out = at;
    return true;
}
