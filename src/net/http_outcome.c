#include "net/http_fetch.h"

void http_fetch_finish(struct http_fetch *f, enum net_failure failure, struct str detail)
{
    const struct http_response *r = &f->response;
    unsigned total_ms = tls_client_elapsed_ms(f->net);
    struct http_fetched fetched = {
        .at = f->step,
        .failure = failure,
        .detail = detail,
        .tls = *tls_client_peer(f->net),
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
        .connect_ms = f->connected_ms,
        .handshake_ms = f->shaken_ms,
        .response_ms = f->answered_ms,
        .total_ms = total_ms ? total_ms : 1,
    };
    if (f->arena.failed)
        fetched =
            (struct http_fetched){.at = f->step, .failure = NET_LOCAL, .detail = STR("no memory")};
    f->callback(f->user, &fetched);
    http_fetch_free(f);
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
