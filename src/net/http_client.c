#include "net/http_client.h"

#include <stdlib.h>

#include "net/http_fetch.h"

struct http_client *http_client_new(struct event_base *base, struct error *err)
{
    struct http_client *client = calloc(1, sizeof *client);
    if (!client) {
        error_set_memory(err);
        return NULL;
    }
    client->base = base;
    if (tls_client_context_new_https(&client->tls, err) < 0) {
        free(client);
        return NULL;
    }
    return client;
}

void http_client_free(struct http_client *client)
{
    if (!client)
        return;
    while (client->first)
        http_fetch_free(client->first);
    tls_client_context_free(client->tls);
    free(client);
}

struct http_fetch *http_fetch_start(struct http_client *client, const struct http_options *options,
                                    http_callback *callback, void *user, struct error *err)
{
    struct http_fetch *fetch = calloc(1, sizeof *fetch);
    if (!fetch) {
        error_set_memory(err);
        return NULL;
    }
    fetch->client = client;
    fetch->callback = callback;
    fetch->user = user;
    fetch->next = client->first;
    if (client->first)
        client->first->previous = fetch;
    client->first = fetch;
    if (http_fetch_begin(fetch, options, err) < 0) {
        http_fetch_free(fetch);
        return NULL;
    }
    return fetch;
}

void http_fetch_free(struct http_fetch *fetch)
{
    tls_client_free(fetch->net);
    *(fetch->previous ? &fetch->previous->next : &fetch->client->first) = fetch->next;
    if (fetch->next)
        fetch->next->previous = fetch->previous;
    buf_done(&fetch->request);
    buf_done(&fetch->line);
    buf_done(&fetch->body);
    arena_done(&fetch->arena);
    free(fetch);
}

void http_fetch_cancel(struct http_fetch *fetch)
{
    http_fetch_free(fetch);
}
