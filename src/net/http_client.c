#include "net/http_client.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>

#include "net/http_fetch.h"
#include "net/messages.h"

struct http_client {
    struct event_base *base;
    CURLM *multi;
    struct event timer;
    struct http_fetch *first; /* of the open ones */
    bool broken;              /* libcurl gave up the multi: what is open ends */
};

/* One socket that libcurl wants watched. */
struct watch {
    struct http_client *client;
    struct event event;
};

static void fetch_free(struct http_fetch *fetch)
{
    struct http_client *client = fetch->client;
    http_tls_detach(&fetch->tls);
    if (fetch->easy) {
        curl_multi_remove_handle(client->multi, fetch->easy);
        curl_easy_cleanup(fetch->easy);
    }
    curl_slist_free_all(fetch->headers);
    curl_slist_free_all(fetch->connect_to);
    *(fetch->previous ? &fetch->previous->next : &client->first) = fetch->next;
    if (fetch->next)
        fetch->next->previous = fetch->previous;
    buf_done(&fetch->body);
    arena_done(&fetch->arena);
    free(fetch);
}

static void finish(struct http_fetch *fetch, CURLcode code)
{
    struct http_fetched fetched;
    http_fetch_outcome(fetch, code, &fetched);
    fetch->callback(fetch->user, &fetched);
    fetch_free(fetch);
}

/* Callbacks of ours may start and cancel requests: nothing is held over one. */
static void tell_finished(struct http_client *client, CURLMcode code)
{
    CURLMsg *message;
    int left;
    client->broken = client->broken || code != CURLM_OK;
    while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
        char *fetch = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode result = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &fetch);
        finish((struct http_fetch *)(void *)fetch, result);
    }
    while (client->broken && client->first)
        finish(client->first, CURLE_ABORTED_BY_CALLBACK);
}

static void on_socket_event(evutil_socket_t fd, short what, void *context)
{
    struct watch *watch = context;
    struct http_client *client = watch->client; /* the watch may go */
    int ready = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
    int running;
    tell_finished(client, curl_multi_socket_action(client->multi, fd, ready, &running));
}

static void on_timer_event(evutil_socket_t fd, short what, void *context)
{
    struct http_client *client = context;
    int running;
    (void)fd;
    (void)what;
    tell_finished(client,
                  curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running));
}

static int on_timer(CURLM *multi, long ms, void *context)
{
    struct http_client *client = context;
    struct timeval wait = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    (void)multi;
    if (ms < 0)
        event_del(&client->timer);
    else
        event_add(&client->timer, &wait);
    return 0;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *socket_context)
{
    struct http_client *client = context;
    struct watch *watch = socket_context;
    (void)easy;
    if (watch)
        event_del(&watch->event);
    if (what == CURL_POLL_REMOVE) {
        free(watch);
        return 0;
    }
    if (!watch) {
        watch = calloc(1, sizeof *watch);
        if (!watch || curl_multi_assign(client->multi, fd, watch) != CURLM_OK) {
            free(watch);
            return -1;
        }
        watch->client = client;
    }
    short events = (short)(EV_PERSIST | (what & CURL_POLL_IN ? EV_READ : 0) |
                           (what & CURL_POLL_OUT ? EV_WRITE : 0));
    event_assign(&watch->event, client->base, fd, events, on_socket_event, watch);
    return event_add(&watch->event, NULL);
}

static bool set_up(struct http_client *client)
{
    event_assign(&client->timer, client->base, -1, 0, on_timer_event, client);
    client->multi = curl_multi_init();
    return client->multi && !curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket) &&
           !curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client) &&
           !curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_timer) &&
           !curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client) &&
           !curl_multi_setopt(client->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
}

struct http_client *http_client_new(struct event_base *base, struct error *err)
{
    struct http_client *client = calloc(1, sizeof *client);
    if (!client || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(client);
        error_set_memory(err);
        return NULL;
    }
    client->base = base;
    if (!set_up(client)) {
        error_set_memory(err);
        http_client_free(client);
        return NULL;
    }
    return client;
}

void http_client_free(struct http_client *client)
{
    if (!client)
        return;
    while (client->first)
        fetch_free(client->first);
    curl_multi_cleanup(client->multi);
    event_del(&client->timer);
    free(client);
    curl_global_cleanup();
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
    if (http_fetch_set_up(fetch, options, err) < 0) {
        fetch_free(fetch);
        return NULL;
    }
    if (client->broken || curl_multi_add_handle(client->multi, fetch->easy) != CURLM_OK) {
        error_set(err, ERROR_TEMPORARY, msg_http_set_up(str_from(curl_version())));
        fetch_free(fetch);
        return NULL;
    }
    return fetch;
}

void http_fetch_cancel(struct http_fetch *fetch)
{
    fetch_free(fetch);
}
