#include "admin/admin.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "admin/health.h"
#include "admin/messages.h"
#include "admin/metrics.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/notify.h"

#define CANNOT_START  3
#define TURN_S        1 /* between two signs of life */
#define JUDGE_MS      5000
#define HEAD_MAX      8192 /* bytes of a request */
#define BODY_MAX      8192 /* likewise; it is not looked at */
#define PAGE_MAX      1024 /* of an answer that says no */
#define PATIENCE_S    10   /* for a client's request */
#define SIGNALS_COUNT 3
#define TEXT_TYPE     "text/plain; charset=utf-8"
#define METHODS                                                                                    \
    (EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |     \
     EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE | EVHTTP_REQ_PATCH)

struct admin {
    struct admin_view *view;
    struct counters *counters;
    struct event_base *base;
    struct evhttp *http;
    struct event *turn, *signals[SIGNALS_COUNT];
    struct health health; /* as it is in the log */
    int64_t judged_at;    /* clock_monotonic_ms */
    int64_t beat_at;      /* likewise, of the watchdog */
};

/* ---- judging ---- */

/* Each fault when it begins and when it ends. */
static void tell(const struct health *before, const struct health *now)
{
    for (size_t i = 0; i < before->count; i++) {
        if (!health_has(now, &before->faults[i]))
            LOG(LOG_INFO, "admin.mended", LOG_MSG("fault", &before->faults[i]));
    }
    for (size_t i = 0; i < now->count; i++) {
        if (!health_has(before, &now->faults[i]))
            LOG(LOG_ERROR, "admin.unhealthy", LOG_MSG("fault", &now->faults[i]));
    }
    if (before->count && !now->count)
        LOG(LOG_INFO, "admin.healthy");
}

/* True: there is no fault. */
static bool judge(struct admin *a)
{
    struct health now;
    admin_view_take(a->view);
    health_judge(a->view, &now);
    tell(&a->health, &now);
    a->health = now;
    a->judged_at = a->view->now_ms;
    return !now.count;
}

/* ---- answering ---- */

static void answer(struct evhttp_request *request, int status, const char *type,
                   const struct buf *text)
{
    struct evbuffer *body = evbuffer_new();
    struct evkeyvalq *fields = evhttp_request_get_output_headers(request);
    bool head = evhttp_request_get_command(request) == EVHTTP_REQ_HEAD; /* would get a body, too */
    char length[24];
    snprintf(length, sizeof length, "%zu", text->n);
    if (!body || text->failed || (!head && evbuffer_add(body, text->p, text->n) < 0)) {
        evhttp_send_error(request, HTTP_INTERNAL, NULL);
    } else {
        evhttp_add_header(fields, "Content-Type", type);
        evhttp_add_header(fields, "Content-Length", length);
        evhttp_add_header(fields, "Cache-Control", "no-store");
        evhttp_add_header(fields, "X-Content-Type-Options", "nosniff");
        evhttp_send_reply(request, status, NULL, body);
    }
    if (body)
        evbuffer_free(body);
}

static void refuse(struct evhttp_request *request, int status, struct msg why)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, PAGE_MAX);
    msg_render(LANG_EN, MSG_TEXT, &why, &text);
    buf_byte(&text, '\n');
    answer(request, status, TEXT_TYPE, &text);
}

/* Whether it only reads; else it is answered. */
static bool is_reading(struct evhttp_request *request)
{
    enum evhttp_cmd_type method = evhttp_request_get_command(request);
    if (method == EVHTTP_REQ_GET || method == EVHTTP_REQ_HEAD)
        return true;
    evhttp_add_header(evhttp_request_get_output_headers(request), "Allow", "GET, HEAD");
    refuse(request, HTTP_BADMETHOD, msg_admin_read_only());
    return false;
}

static void on_metrics(struct evhttp_request *request, void *context)
{
    struct admin *a = context;
    struct buf text CLEANUP(buf_done);
    buf_init(&text, METRICS_TEXT_MAX);
    if (!is_reading(request))
        return;
    metrics_write(a->view, judge(a), &text);
    answer(request, HTTP_OK, METRICS_TYPE, &text);
}

static void on_health(struct evhttp_request *request, void *context)
{
    struct admin *a = context;
    struct buf text CLEANUP(buf_done);
    buf_init(&text, HEALTH_TEXT_MAX);
    if (!is_reading(request))
        return;
    bool healthy = judge(a);
    health_write(&a->health, &text);
    answer(request, healthy ? HTTP_OK : HTTP_SERVUNAVAIL, TEXT_TYPE, &text);
}

/* Anything else. What was asked for is not repeated. */
static void on_other(struct evhttp_request *request, void *context)
{
    (void)context;
    if (is_reading(request))
        refuse(request, HTTP_NOTFOUND, msg_admin_nothing_here());
}

/* ---- the loop ---- */

static void on_turn(evutil_socket_t fd, short what, void *context)
{
    struct admin *a = context;
    int64_t now = clock_monotonic_ms();
    unsigned interval = notify_watchdog_interval();
    (void)fd;
    (void)what;
    counters_beat(a->counters, now);
    if (now - a->judged_at >= JUDGE_MS)
        judge(a);
    if (interval && now >= a->beat_at) {
        notify_watchdog();
        a->beat_at = now + interval;
    }
}

static void on_end(evutil_socket_t signal, short what, void *context)
{
    struct admin *a = context;
    (void)signal;
    (void)what;
    event_base_loopexit(a->base, NULL);
}

/* There is nothing to be read anew. */
static void on_reload(evutil_socket_t signal, short what, void *context)
{
    (void)signal;
    (void)what;
    (void)context;
    notify_reloading();
    notify_ready();
}

static bool add_signals(struct admin *a)
{
    static const struct {
        int number;
        event_callback_fn call;
    } rows[] = {{SIGTERM, on_end}, {SIGINT, on_end}, {SIGHUP, on_reload}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        a->signals[i] = evsignal_new(a->base, rows[i].number, rows[i].call, a);
        if (!a->signals[i] || event_add(a->signals[i], NULL) < 0)
            return false;
    }
    return true;
}

/* evhttp closes what it listens on, and ours belong to the caller. */
static bool listen_on(struct admin *a, const struct listener *listeners, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int fd = fcntl(listeners[i].fd, F_DUPFD_CLOEXEC, 0);
        if (fd < 0 || evhttp_accept_socket(a->http, fd) < 0) {
            if (fd >= 0)
                close(fd);
            return false;
        }
    }
    return true;
}

static bool set_up(struct admin *a, const struct listener *listeners, size_t count)
{
    const struct timeval second = {.tv_sec = TURN_S};
    a->base = event_base_new();
    a->http = a->base ? evhttp_new(a->base) : NULL;
    a->turn = a->base ? event_new(a->base, -1, EV_PERSIST, on_turn, a) : NULL;
    if (!a->view || !a->http || !a->turn || event_add(a->turn, &second) < 0)
        return false;
    evhttp_set_allowed_methods(a->http, METHODS); /* those that are refused get an answer of ours */
    evhttp_set_max_headers_size(a->http, HEAD_MAX);
    evhttp_set_max_body_size(a->http, BODY_MAX);
    evhttp_set_gencb(a->http, on_other, a);
    evhttp_set_timeout(a->http, PATIENCE_S);
    return evhttp_set_cb(a->http, "/metrics", on_metrics, a) == 0 &&
           evhttp_set_cb(a->http, "/healthz", on_health, a) == 0 && add_signals(a) &&
           listen_on(a, listeners, count);
}

static void admin_done(struct admin *a)
{
    for (size_t i = 0; i < ARRAY_LEN(a->signals); i++) {
        if (a->signals[i])
            event_free(a->signals[i]);
    }
    if (a->turn)
        event_free(a->turn);
    if (a->http)
        evhttp_free(a->http);
    if (a->base)
        event_base_free(a->base);
    free(a->view);
}

int admin_run_role(const struct config *config, const struct listener *listeners, size_t count,
                   struct counters *counters)
{
    struct admin a CLEANUP(admin_done) = {.view = admin_view_new(config), .counters = counters};
    signal(SIGPIPE, SIG_IGN);
    a.judged_at = clock_monotonic_ms(); /* the other roles may only be starting */
    if (!set_up(&a, listeners, count)) {
        struct error err;
        error_set_memory(&err);
        LOG(LOG_ERROR, "admin.start_failed", LOG_ERR(&err));
        return CANNOT_START;
    }
    LOG(LOG_INFO, "admin.started");
    notify_ready();
    event_base_dispatch(a.base);
    notify_stopping();
    LOG(LOG_INFO, "admin.stopped");
    return 0;
}
