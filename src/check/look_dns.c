#include "check/look.h"

struct question {
    struct look_task task; /* first: expire gets it back */
    struct fact_dns *fact;
    struct dns_query *query;
    struct event timer; /* the host's deadline */
    look_then *then;
    void *user;
};

static void complete(struct question *q)
{
    event_del(&q->timer);
    q->query = NULL;
    if (q->then)
        q->then(q->user);
    look_close(&q->task);
}

static void on_answer(void *user, const struct dns_answer *answer)
{
    struct question *q = user;
    if (dns_answer_copy(&q->fact->answer, answer, &q->task.check->arena) < 0)
        q->fact->answer = (struct dns_answer){.status = DNS_FAILED};
    complete(q);
}

static void expire(struct look_task *task)
{
    struct question *q = (struct question *)task;
    dns_cancel(q->query);
    q->fact->timed_out = true;
    complete(q);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    expire(context);
}

void look_ask(struct check *check, struct fact_dns *fact, struct str name, enum dns_type type,
              look_then *then, void *user)
{
    struct checker *checker = check->checker;
    struct question *q = check->closing ? NULL : arena_alloc(&check->arena, sizeof *q);
    if (!q)
        return;
    *q = (struct question){.fact = fact, .then = then, .user = user};
    *fact = (struct fact_dns){
        .asked = true, .name = arena_str(&check->arena, name), .answer = {.status = DNS_FAILED}};
    evtimer_assign(&q->timer, checker->base, on_timer, q);
    look_open(check, &q->task, expire);
    q->query = dns_lookup(checker->dns, name, type, on_answer, q, NULL);
    if (q->query)
        event_add(&q->timer, checker->host_limit);
    else
        complete(q);
}

bool look_found(const struct fact_dns *fact)
{
    return fact->asked && fact->answer.status == DNS_FOUND;
}
