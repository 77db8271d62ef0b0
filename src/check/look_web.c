#include "check/look.h"

#define USER_AGENT         "sealpost/" SEALPOST_VERSION " (MTA-STS check)"
#define BROWSER_USER_AGENT "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"

struct request {
    struct look_task task; /* first: expire gets it back */
    struct look_web_request what;
    const struct fact_address *at;
    struct fact_web *web;
    struct look_line line;
    struct http_fetch *fetch;
    look_then *then;
    void *user;
};

static void complete(struct request *r)
{
    if (r->web->tried)
        r->web->used_ms = look_line_used_ms(&r->line);
    look_line_leave(&r->line);
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

static bool waits(const struct look_task *task)
{
    return look_line_waits(&((const struct request *)task)->line);
}

static void begin(struct request *r, struct str user_agent, http_callback *callback)
{
    struct checker *checker = r->task.check->checker;
    struct http_options options = {
        .host = r->what.server_name.n ? r->what.server_name : r->what.host,
        .address = r->at->address,
        .port = r->line.port,
        .url_port = r->what.url_port,
        .path = r->what.path,
        .user_agent = user_agent,
        .body = r->what.body,
        .content_type = r->what.content_type,
        .body_max = r->what.body_max,
        .deadline_ms = look_line_left_ms(&r->line),
    };
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
         tls_known_verify(check->checker->known, &fetched->tls, r->what.host, check->facts.now,
                          &check->arena, &web->verified, NULL) < 0))
        check->arena.failed = true;
}

static void on_fetched(void *user, const struct http_fetched *fetched)
{
    struct request *r = user;
    const unsigned status = fetched->status;
    r->fetch = NULL;
    if (fetched->at == HTTP_CONNECT && fetched->failure == NET_TIMEOUT)
        look_line_tell_silent(&r->line);
    keep(r, fetched);
    if (r->what.as_browser_too && status >= 400 && status < 500 && !r->task.check->closing) {
        begin(r, STR(BROWSER_USER_AGENT), on_browser_fetched);
        r->web->retried_as_browser = r->fetch != NULL;
    }
    if (!r->fetch)
        complete(r);
}

/* What the facts say when no answer comes before the end of the check. */
static void go(struct look_line *line)
{
    struct request *r = (struct request *)((char *)line - offsetof(struct request, line));
    r->web->tried = true;
    r->web->fetched.at = HTTP_CONNECT;
    r->web->fetched.failure = NET_TIMEOUT;
    if (!look_line_is_silent(line)) {
        begin(r, STR(USER_AGENT), on_fetched);
        if (r->fetch)
            return;
        r->web->fetched.failure = NET_LOCAL;
    }
    complete(r);
}

void look_web(struct check *check, const struct look_web_request *request,
              const struct fact_address *at, struct fact_web *web, look_then *then, void *user)
{
    struct request *r = check->closing ? NULL : arena_alloc(&check->arena, sizeof *r);
    if (!r)
        return;
    *r = (struct request){.what = *request, .at = at, .web = web, .then = then, .user = user};
    r->line =
        (struct look_line){.checker = check->checker,
                           .check = check,
                           .used_ms = request->used_ms,
                           .port = look_port(check->checker, request->host, request->url_port),
                           .go = go};
    look_open(check, &r->task, expire);
    r->task.waits = waits;
    if (!look_line_enter(&r->line, &at->address)) {
        check->arena.failed = true;
        complete(r);
    }
}
