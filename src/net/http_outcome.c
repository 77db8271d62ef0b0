#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "net/http_fetch.h"

/* An answer that lasts until the connection ends is whole only when TLS says that it has ended (RFC
 * 9112 9.8); libcurl passes that over, depending on its version. */
static bool is_cut(const struct http_fetch *f)
{
    const struct http_response *r = &f->response;
    return !r->has_content_length && !r->has_transfer_encoding && r->status != 204 &&
           r->status != 304 && !f->tls.goodbye;
}

/* The connection stood and was reset before libcurl had looked at it: nobody resets what is only
 * being connected. */
static bool was_reset(const struct http_fetch *f, CURLcode code)
{
    long errnum = 0;
    curl_easy_getinfo(f->easy, CURLINFO_OS_ERRNO, &errnum);
    return code == CURLE_COULDNT_CONNECT && errnum == ECONNRESET;
}

static enum http_step step_of(const struct http_fetch *f, CURLcode code)
{
    if (f->response.complete)
        return code == CURLE_OK && !is_cut(f) ? HTTP_COMPLETE : HTTP_BODY;
    if (f->tls.done)
        return HTTP_RESPONSE;
    return f->tls.begun || was_reset(f, code) ? HTTP_HANDSHAKE : HTTP_CONNECT;
}

static enum net_failure from_stop(const struct http_fetch *f)
{
    switch (f->stop) {
    case HTTP_STOP_ADDRESS:
        return NET_FORBIDDEN;
    case HTTP_STOP_SOCKET:
        return net_failure_from_errno(f->stop_errno);
    case HTTP_STOP_HEAD:
        return NET_PROTOCOL;
    case HTTP_STOP_LARGE:
        return NET_TOO_LARGE;
    case HTTP_STOP_MEMORY:
        return NET_LOCAL;
    case HTTP_STOP_NONE:
        break;
    }
    return NET_OK;
}

static enum net_failure from_handshake(const struct http_fetch *f, CURLcode code)
{
    if (code == CURLE_OUT_OF_MEMORY || code == CURLE_ABORTED_BY_CALLBACK)
        return NET_LOCAL;
    return f->tls.closed && !*f->tls.reason ? NET_CLOSED : NET_TLS;
}

static bool says(const struct http_fetch *f, struct str words)
{
    return str_find((struct str){f->error, strnlen(f->error, sizeof f->error)}, words) >= 0;
}

/* The connection stood, and something went wrong with what was to come over it. */
static enum net_failure from_exchange(const struct http_fetch *f, CURLcode code)
{
    switch ((int)code) {
    case CURLE_OK: /* without a final response, or without an end */
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
        return NET_CLOSED;
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
        if (*f->tls.reason)
            return NET_TLS; /* an alert behind the handshake, as TLS 1.3 has them */
        return says(f, STR("chunk")) ? NET_PROTOCOL : NET_CLOSED;
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9 */
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP2:
        return NET_PROTOCOL;
    case CURLE_OUT_OF_MEMORY:
        /* What libcurl before 8.6 says of a header line beyond its own limit, 100 KiB. */
    case 100: /* CURLE_TOO_LARGE, the later name */
        return f->response.complete ? NET_LOCAL : NET_TOO_LARGE;
    default:
        return NET_LOCAL;
    }
}

static enum net_failure failure_of(const struct http_fetch *f, CURLcode code, enum http_step at)
{
    long errnum = 0;
    if (at == HTTP_COMPLETE)
        return NET_OK;
    if (f->stop != HTTP_STOP_NONE)
        return from_stop(f);
    if (code == CURLE_OPERATION_TIMEDOUT)
        return NET_TIMEOUT;
    if (was_reset(f, code))
        return NET_CLOSED;
    if (at == HTTP_HANDSHAKE)
        return from_handshake(f, code);
    if (at != HTTP_CONNECT)
        return from_exchange(f, code);
    curl_easy_getinfo(f->easy, CURLINFO_OS_ERRNO, &errnum);
    return code == CURLE_COULDNT_CONNECT && errnum ? net_failure_from_errno((int)errnum)
                                                   : NET_LOCAL;
}

static struct str detail_of(const struct http_fetch *f, enum net_failure failure)
{
    if (failure == NET_TLS && *f->tls.reason)
        return str_from(f->tls.reason);
    if (f->stop == HTTP_STOP_SOCKET)
        return str_from(strerror(f->stop_errno));
    if (f->stop == HTTP_STOP_HEAD)
        return f->malformed;
    if (failure != NET_TLS && failure != NET_PROTOCOL && failure != NET_LOCAL)
        return STR("");
    return (struct str){f->error, strnlen(f->error, sizeof f->error)};
}

/* At least 1 for what was reached. libcurl's own times are not there for what failed. */
static unsigned time_ms(const struct http_fetch *f, int64_t reached)
{
    if (!reached)
        return 0;
    return reached > f->started ? (unsigned)(reached - f->started) : 1;
}

void http_fetch_outcome(const struct http_fetch *f, CURLcode code, struct http_fetched *out)
{
    const struct http_response *r = &f->response;
    enum http_step at = step_of(f, code);
    enum net_failure failure = failure_of(f, code, at);
    *out = (struct http_fetched){
        .at = at,
        .failure = failure,
        .detail = detail_of(f, failure),
        .tls = f->tls.peer,
        .status = r->interim ? 0 : r->status,
        .has_content_type = r->has_content_type,
        .content_type = r->content_type,
        .location = r->location,
        .cache_control = r->cache_control,
        .age = r->age,
        .expires = r->expires,
        .date = r->date,
        .server = r->server,
        .retry_after = r->retry_after,
        .body = buf_view(&f->body),
        .content_length = r->has_content_length ? r->content_length : UINT64_MAX,
        .connect_ms = time_ms(f, f->connected),
        .handshake_ms = time_ms(f, f->shaken),
        .response_ms = time_ms(f, f->answered),
        .total_ms = time_ms(f, clock_monotonic_ms()),
    };
}

int http_fetched_copy(struct http_fetched *to, const struct http_fetched *from, struct arena *arena)
{
    struct http_fetched copy = *from;
    struct str *texts[] = {
        &copy.detail,  &copy.content_type, &copy.location, &copy.cache_control, &copy.age,
        &copy.expires, &copy.date,         &copy.server,   &copy.retry_after,   &copy.body};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        *texts[i] = arena_str(arena, *texts[i]);
    tls_peer_copy(&copy.tls, &from->tls, arena);
    if (arena->failed)
        return error_set_memory(NULL);
    *to = copy;
    return 0;
}
