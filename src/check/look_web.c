#include "base/clock.h"
#include "check/look.h"

#define USER_AGENT         "sealpost/" SEALPOST_VERSION " (MTA-STS check)"
#define BROWSER_USER_AGENT "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"

struct request {
    struct look_task task; /* first: expire gets it back */
    struct look_web_request what;
    const struct fact_address *at;
    struct fact_web *web;
    struct gate_place place;
    struct http_fetch *fetch;
    bool had_time; /* as much as any host gets */
    bool queued;   /* it did not get in at once */
    int64_t began_ms;
    look_then *then;
    void *user;
};

static struct request *of_place(struct gate_place *place)
{
    return (struct request *)((char *)place - offsetof(struct request, place));
}

static void complete(struct request *r)
{
    gate_leave(&r->task.check->checker->gate, &r->place);
    if (r->then)
        r->then(r->user);
    look_close(&r->task);
}

static void expire(struct look_task *task)
{
    struct request *r = (struct request *)task;
    if (r->fetch)
        http_fetch_cancel(r->fetch);
    r->fetch = NULL;
    complete(r);
}

static uint16_t port_of(const struct request *r)
{
    return look_port(r->task.check->checker, r->what.host, r->what.url_port);
}

/* Time in the line before an address is not the host's. */
static bool waits(const struct look_task *task)
{
    const struct request *r = (const struct request *)task;
    return r->queued && (!r->web->tried || look_is_fresh(task->check->checker, r->began_ms));
}

static void begin(struct request *r, struct str user_agent, http_callback *callback)
{
    struct checker *checker = r->task.check->checker;
    unsigned host_ms = checker->settings.host_seconds * 1000;
    unsigned deadline_ms = r->queued ? host_ms : look_deadline_ms(r->task.check);
    struct http_options options = {
        .host = r->what.server_name.n ? r->what.server_name : r->what.host,
        .address = r->at->address,
        .port = port_of(r),
        .url_port = r->what.url_port,
        .path = r->what.path,
        .user_agent = user_agent,
        .body = r->what.body,
        .content_type = r->what.content_type,
        .body_max = r->what.body_max,
        .deadline_ms = deadline_ms,
    };
    r->had_time = deadline_ms == host_ms;
    r->fetch = http_fetch_start(checker->http, &options, callback, r, NULL);
}

static void on_browser_fetched(void *user, const struct http_fetched *fetched)
{
    struct request *r = user;
    r->fetch = NULL;
    r->web->browser_status = fetched->status;
    complete(r);
}

static void keep(struct request *r, const struct http_fetched *fetched)
{
    struct check *check = r->task.check;
    struct fact_web *web = r->web;
    if (http_fetched_copy(&web->fetched, fetched, &check->arena) < 0 ||
        ((fetched->tls.chain_count || fetched->tls.version) &&
         tls_verify(check->checker->settings.trust, &web->fetched.tls, r->what.host,
                    check->facts.now, &check->arena, &web->verified, NULL) < 0))
        check->arena.failed = true;
}

static void on_fetched(void *user, const struct http_fetched *fetched)
{
    struct request *r = user;
    const unsigned status = fetched->status;
    r->fetch = NULL;
    if (fetched->at == HTTP_CONNECT && fetched->failure == NET_TIMEOUT && r->had_time)
        gate_tell_silent(&r->place, port_of(r));
    keep(r, fetched);
    if (r->what.as_browser_too && status >= 400 && status < 500 && !r->task.check->closing) {
        begin(r, STR(BROWSER_USER_AGENT), on_browser_fetched);
        r->web->retried_as_browser = r->fetch != NULL;
    }
    if (!r->fetch)
        complete(r);
}

/* What the facts say when no answer comes before the end of the check. */
static void go(struct request *r)
{
    r->web->tried = true;
    r->began_ms = clock_monotonic_ms();
    r->web->fetched.at = HTTP_CONNECT;
    r->web->fetched.failure = NET_TIMEOUT;
    if (!gate_is_silent(&r->place, port_of(r))) {
        begin(r, STR(USER_AGENT), on_fetched);
        if (r->fetch)
            return;
        r->web->fetched.failure = NET_LOCAL;
    }
    complete(r);
}

static void on_turn(struct gate_place *place)
{
    go(of_place(place));
}

void look_web(struct check *check, const struct look_web_request *request,
              const struct fact_address *at, struct fact_web *web, look_then *then, void *user)
{
    struct request *r = check->closing ? NULL : arena_alloc(&check->arena, sizeof *r);
    if (!r)
        return;
    *r = (struct request){.what = *request, .at = at, .web = web, .then = then, .user = user};
    look_open(check, &r->task, expire);
    r->task.waits = waits;
    if (!gate_enter(&check->checker->gate, &at->address, &r->place, on_turn)) {
        check->arena.failed = true;
        complete(r);
    } else if (r->place.inside) {
        go(r);
    } else {
        r->queued = true;
    }
}
