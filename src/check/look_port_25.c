#include "check/look.h"

/* Many networks let nobody out to port 25, and then every MX host looks dead. The policy host tells
 * the two apart: a machine that is known to be up takes a connection or refuses it, unless
 * something on the way swallows what goes to that port. */
#define KNOCKS_MAX 4 /* in a run; after so many in vain it is the network */

struct port_look {
    struct look_task task; /* first: expire gets it back */
    struct smtp_client *client;
};

void look_port_25_learn(struct checker *checker, const struct smtp_session *session)
{
    if (session->at > SMTP_CONNECT || session->failure == NET_REFUSED)
        checker->port_25_seen = true;
}

static void on_session(void *user, const struct smtp_session *session)
{
    struct port_look *p = user;
    struct checker *checker = p->task.check->checker;
    p->client = NULL;
    look_port_25_learn(checker, session);
    checker->port_25_knocks -= checker->port_25_seen;
    look_close(&p->task);
}

static void expire(struct look_task *task)
{
    smtp_client_cancel(((struct port_look *)task)->client);
    look_close(task);
}

/* An address of the policy host where somebody answers, or NULL. */
static const struct fact_address *address_that_is_up(const struct check_facts *facts)
{
    for (size_t i = 0; facts->web && i < facts->policy_host.count; i++) {
        if (facts->web[i].tried && facts->web[i].fetched.at > HTTP_CONNECT)
            return &facts->policy_host.at[i];
    }
    return NULL;
}

void look_port_25(struct check *check)
{
    struct checker *checker = check->checker;
    const struct fact_address *at = address_that_is_up(&check->facts);
    check->port_25_wanted = true;
    if (check->closing || check->port_25_asked || checker->port_25_seen ||
        checker->port_25_knocks >= KNOCKS_MAX || !at)
        return;
    check->port_25_asked = true;
    struct port_look *p = arena_alloc(&check->arena, sizeof *p);
    if (!p)
        return;
    const struct smtp_options options = {
        .address = at->address,
        .port = look_port(checker, check->facts.policy_host.name, SMTP_PORT),
        .tls = checker->tls,
        .ehlo = checker->settings.ehlo,
        .deadline_ms = look_deadline_ms(check)};
    p->client = smtp_client_start(checker->base, &options, on_session, p, NULL);
    if (!p->client)
        return;
    checker->port_25_knocks++;
    look_open(check, &p->task, expire);
}
