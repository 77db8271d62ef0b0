#include "check/look.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/domain.h"
#include "check/messages.h"

#define SETTINGS_MAX ((size_t)64 * 1024)
/* How long a check may stand in lines, beyond its total deadline. */
#define LINE_SECONDS 600
/* A connection ends so long before the total deadline, to tell how far it came. */
#define SLACK_MS 250

static struct str name_of_this_machine(struct arena *arena)
{
    char name[DOMAIN_NAME_MAX + 1] = "";
    if (gethostname(name, sizeof name - 1) < 0 || domain_check(str_from(name)) != DOMAIN_OK)
        return STR("localhost");
    return arena_str(arena, str_from(name));
}

static void fill_in_defaults(struct checker *checker)
{
    struct check_settings *s = &checker->settings;
    s->ehlo =
        s->ehlo.n ? arena_str(&checker->arena, s->ehlo) : name_of_this_machine(&checker->arena);
    s->host_seconds = s->host_seconds ? s->host_seconds : CHECK_HOST_SECONDS;
    s->total_seconds = s->total_seconds ? s->total_seconds : CHECK_TOTAL_SECONDS;
    s->at_one_address = s->at_one_address ? s->at_one_address : CHECK_AT_ONE_ADDRESS;
    s->clock = s->clock ? s->clock : clock_now;
}

struct checker *look_checker_new(struct event_base *base, const struct check_settings *settings,
                                 look_judge *judge, struct error *err)
{
    uint64_t seed[2];
    struct checker *checker = calloc(1, sizeof *checker);
    if (!checker) {
        error_set_memory(err);
        return NULL;
    }
    arc4random_buf(seed, sizeof seed);
    checker->base = base;
    checker->settings = *settings;
    checker->judge = judge;
    arena_init(&checker->arena, SETTINGS_MAX);
    fill_in_defaults(checker);
    gate_init(&checker->gate, checker->settings.at_one_address, seed);
    seen_init(&checker->seen, LOOK_SEEN_MAX, seed);
    struct timeval limit = {.tv_sec = checker->settings.host_seconds};
    checker->host_limit = event_base_init_common_timeout(base, &limit);
    checker->known = tls_known_new(checker->settings.trust);
    if (checker->arena.failed || !checker->host_limit || !checker->known) {
        error_set_memory(err);
    } else if (tls_client_context_new(&checker->tls, err) == 0 &&
               (checker->dns = dns_new(base, &checker->settings.dns, err))) {
        checker->http = http_client_new(base, err);
    }
    if (checker->http)
        return checker;
    checker_free(checker);
    return NULL;
}

static void check_free(struct check *check)
{
    struct checker *checker = check->checker;
    *(check->previous ? &check->previous->next : &checker->first) = check->next;
    if (check->next)
        check->next->previous = check->previous;
    for (struct look_held *held = check->held; held; held = held->next)
        seen_leave(&checker->seen, &held->ref);
    event_del(&check->deadline);
    event_del(&check->idle);
    arena_done(&check->arena);
    free(check);
}

/* Ends what has had its time. What that lets in is not overdue by it. */
static void expire_overdue(struct check *check)
{
    struct look_task *task;
    for (task = check->tasks; task; task = task->next)
        task->overdue = !task->waits || !task->waits(task);
    do {
        for (task = check->tasks; task && !task->overdue; task = task->next) {
        }
        if (task)
            task->expire(task);
    } while (task);
}

static bool any_waits(const struct check *check)
{
    for (const struct look_task *task = check->tasks; task; task = task->next) {
        if (task->waits && task->waits(task))
            return true;
    }
    return false;
}

static void expire_all(struct check *check)
{
    check->closing = true;
    while (check->tasks)
        check->tasks->expire(check->tasks);
}

void checker_free(struct checker *checker)
{
    if (!checker)
        return;
    while (checker->first) {
        checker->first->given_up = true;
        expire_all(checker->first);
        check_free(checker->first);
    }
    http_client_free(checker->http);
    tls_client_context_free(checker->tls);
    tls_known_free(checker->known);
    dns_free(checker->dns);
    seen_done(&checker->seen);
    gate_done(&checker->gate);
    arena_done(&checker->arena);
    free(checker);
}

static void report(struct check *check)
{
    struct check_results results;
    struct check_verdict verdict = {0};
    struct error err;
    check->facts.elapsed_ms = (unsigned)(clock_monotonic_ms() - check->began_ms);
    check->facts.port_25_seen = check->checker->port_25_seen;
    look_dane(check);
    check_results_init(&results, &check->arena);
    bool judged = !check->arena.failed &&
                  check->checker->judge(&check->facts, &check->arena, &results, &verdict);
    if (judged && !check->arena.failed) {
        struct check_report all = {&check->facts, &results, &verdict};
        check->callback(check->user, &all, NULL);
        return;
    }
    error_set_memory(&err);
    check->callback(check->user, NULL, &err);
}

static void end(struct check *check)
{
    expire_all(check);
    report(check);
    check_free(check);
}

/* Gives what stands in a line one host's time more, and looks again. */
static void extend(struct check *check)
{
    struct timeval more = {.tv_sec = check->checker->settings.host_seconds};
    check->ends_ms = clock_monotonic_ms() + (int64_t)more.tv_sec * 1000;
    event_add(&check->deadline, &more);
    expire_overdue(check);
}

/* Both events come from the loop itself, never within a callback of the net. */
static void on_deadline(evutil_socket_t fd, short what, void *context)
{
    struct check *check = context;
    const struct check_settings *s = &check->checker->settings;
    int64_t most = (int64_t)(s->total_seconds + LINE_SECONDS) * 1000;
    (void)fd;
    (void)what;
    if (any_waits(check) && clock_monotonic_ms() - check->began_ms < most)
        extend(check);
    else
        end(check);
}

static void on_idle(evutil_socket_t fd, short what, void *context)
{
    struct check *check = context;
    (void)fd;
    (void)what;
    if (!check->open)
        end(check);
}

static void tell_progress(struct check *check)
{
    if (check->progress && !check->given_up)
        check->progress(check->user, check->done, check->open);
}

void look_open(struct check *check, struct look_task *task, void (*expire)(struct look_task *task))
{
    *task = (struct look_task){.check = check, .next = check->tasks, .expire = expire};
    if (check->tasks)
        check->tasks->previous = task;
    check->tasks = task;
    check->open++;
    tell_progress(check);
}

void look_close(struct look_task *task)
{
    struct check *check = task->check;
    if (!check)
        return;
    *(task->previous ? &task->previous->next : &check->tasks) = task->next;
    if (task->next)
        task->next->previous = task->previous;
    task->check = NULL;
    check->open--;
    check->done++;
    tell_progress(check);
    if (!check->open && !check->closing)
        event_active(&check->idle, EV_TIMEOUT, 0);
}

unsigned look_deadline_ms(const struct check *check)
{
    const struct check_settings *s = &check->checker->settings;
    int64_t left = check->ends_ms - SLACK_MS - clock_monotonic_ms();
    if (left > (int64_t)s->host_seconds * 1000)
        return s->host_seconds * 1000;
    return left > 1 ? (unsigned)left : 1;
}

struct str look_name(struct check *check, struct str prefix, struct str name)
{
    char *p = arena_alloc(&check->arena, prefix.n + name.n);
    if (!p)
        return (struct str){NULL, 0};
    if (prefix.n)
        memcpy(p, prefix.p, prefix.n);
    if (name.n)
        memcpy(p + prefix.n, name.p, name.n);
    return (struct str){p, prefix.n + name.n};
}

static bool read_domain(struct check *check, struct str given)
{
    struct check_facts *facts = &check->facts;
    struct buf ascii CLEANUP(buf_done), unicode CLEANUP(buf_done);
    buf_init(&ascii, DOMAIN_NAME_MAX);
    buf_init(&unicode, DOMAIN_NAME_MAX * 4);
    if (!domain_to_ascii(str_trim(given), &ascii) || domain_check(buf_view(&ascii)) != DOMAIN_OK)
        return false;
    domain_to_unicode(buf_view(&ascii), &unicode);
    facts->given = arena_str(&check->arena, given);
    facts->domain = arena_str(&check->arena, buf_view(&ascii));
    if (!str_eq(buf_view(&ascii), buf_view(&unicode)))
        facts->unicode = arena_str(&check->arena, buf_view(&unicode));
    return true;
}

static void keep_earlier(struct check *check, const struct fact_earlier *earlier)
{
    struct fact_earlier *kept = &check->facts.earlier;
    if (!earlier)
        return;
    *kept = *earlier;
    kept->id = arena_str(&check->arena, earlier->id);
    kept->body_hash = arena_str(&check->arena, earlier->body_hash);
}

/* All that needs nothing but the domain's name; the rest follows from the answers. */
static void begin(struct check *check)
{
    look_mx_records(check);
    look_policy_host(check);
    look_records(check);
}

struct check *check_start(struct checker *checker, struct str domain,
                          const struct fact_earlier *earlier, check_callback *callback,
                          check_progress *progress, void *user, struct error *err)
{
    struct check *check = calloc(1, sizeof *check);
    if (!check) {
        error_set_memory(err);
        return NULL;
    }
    *check = (struct check){.checker = checker,
                            .next = checker->first,
                            .callback = callback,
                            .progress = progress,
                            .user = user,
                            .began_ms = clock_monotonic_ms()};
    arena_init(&check->arena, CHECK_ARENA_MAX);
    if (!read_domain(check, domain)) {
        error_set(err, ERROR_PERMANENT, msg_check_domain_invalid(domain));
        arena_done(&check->arena);
        free(check);
        return NULL;
    }
    if (checker->first)
        checker->first->previous = check;
    checker->first = check;
    check->facts.now = checker->settings.clock();
    check->ends_ms = check->began_ms + (int64_t)checker->settings.total_seconds * 1000;
    keep_earlier(check, earlier);
    struct timeval total = {.tv_sec = checker->settings.total_seconds};
    evtimer_assign(&check->deadline, checker->base, on_deadline, check);
    evtimer_assign(&check->idle, checker->base, on_idle, check);
    event_add(&check->deadline, &total);
    begin(check);
    if (!check->open)
        event_active(&check->idle, EV_TIMEOUT, 0);
    return check;
}
