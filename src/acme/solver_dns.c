/* dns-01 by whoever can write the zone. */
#include <string.h>

#include "acme/messages.h"
#include "acme/solver.h"
#include "publish/messages.h"

#define ANSWER_SIZE ((size_t)256 * 1024)

int acme_dns_target(struct str name, const struct dns_answer *answer, struct str *out,
                    struct error *err)
{
    struct str leads_to = answer->records.canonical;
    switch (answer->status) {
    case DNS_BOGUS:
        return error_set(err, ERROR_PERMANENT, msg_acme_dns_bogus(name, STR("TXT"), answer->why));
    case DNS_FAILED:
        return error_set(err, ERROR_TEMPORARY, msg_acme_dns_failed(name, STR("TXT")));
    case DNS_FOUND:
    case DNS_NO_NAME:
    case DNS_NO_DATA:
        break;
    }
    if (!leads_to.n)
        leads_to = name;
    /* What a stranger's zone says is to become an argument of programs that write zones. */
    if (domain_check_dns(leads_to) != DOMAIN_OK)
        return error_set(err, ERROR_PERMANENT, msg_acme_dns_target(name, leads_to));
    *out = leads_to;
    return 0;
}

/* ---- the publishers ---- */

static int as_acme(int rc, struct error *err)
{
    return rc < 0 && error_is(err, &MSG_PUBLISH_STOPPED)
               ? error_set(err, ERROR_TEMPORARY, msg_acme_stopped())
               : rc;
}

static int by_publish_add(void *context, struct str name, struct str text, struct error *err)
{
    return as_acme(publish_add(context, name, text, err), err);
}

static int by_publish_wait(void *context, struct str name, struct str text, struct error *err)
{
    return as_acme(publish_wait(context, name, text, err), err);
}

static int by_publish_remove(void *context, struct str name, struct str text, struct error *err)
{
    return as_acme(publish_remove(context, name, text, err), err);
}

struct acme_dns acme_dns_by(struct publish *publish)
{
    return (struct acme_dns){by_publish_add, by_publish_wait, by_publish_remove, publish};
}

/* ---- the challenge ---- */

static int find_target(struct acme_dns_solver *s, struct str name, struct error *err)
{
    struct arena arena CLEANUP(arena_done);
    struct dns_answer answer = {.status = DNS_NO_DATA};
    struct str target = STR("");
    arena_init(&arena, ANSWER_SIZE);
    int rc = s->dns ? dns_ask(s->dns, name, DNS_TXT, ACME_DNS_WAIT_S, &arena, &answer, err) : 0;
    if (rc == 0)
        rc = acme_dns_target(name, &answer, &target, err);
    if (rc < 0)
        return rc;
    memcpy(s->target, target.p, target.n);
    s->target[target.n] = 0;
    return 0;
}

static int record_of(const struct acme_challenge *challenge, struct arena *arena, struct str *text,
                     struct error *err)
{
    arena_init(arena, 1024);
    return acme_challenge_txt(challenge, arena, text, err);
}

static int present(void *context, const struct acme_challenge *challenge, struct error *err)
{
    struct acme_dns_solver *s = context;
    struct arena arena CLEANUP(arena_done);
    struct str text;
    char name[sizeof ACME_DNS_LABEL + DOMAIN_NAME_MAX];
    s->target[0] = 0;
    int rc = record_of(challenge, &arena, &text, err);
    if (rc < 0)
        return rc;
    if (challenge->name.n > DOMAIN_NAME_MAX)
        return error_set(err, ERROR_PERMANENT, msg_acme_name(challenge->name));
    int n = snprintf(name, sizeof name, ACME_DNS_LABEL "%.*s", STR_ARG(challenge->name));
    rc = find_target(s, (struct str){name, (size_t)n}, err);
    return rc < 0 ? rc : s->publish->add(s->publish->context, str_from(s->target), text, err);
}

static int wait_for_servers(void *context, const struct acme_challenge *challenge,
                            struct error *err)
{
    const struct acme_dns_solver *s = context;
    struct arena arena CLEANUP(arena_done);
    struct str text;
    int rc = record_of(challenge, &arena, &text, err);
    return rc < 0 ? rc : s->publish->wait(s->publish->context, str_from(s->target), text, err);
}

static void take_away(void *context, const struct acme_challenge *challenge)
{
    struct acme_dns_solver *s = context;
    struct arena arena CLEANUP(arena_done);
    struct str text;
    struct error err;
    /* A record that stays does no harm: its token is used up. */
    if (record_of(challenge, &arena, &text, &err) == 0 && s->target[0])
        s->publish->remove(s->publish->context, str_from(s->target), text, &err);
    s->target[0] = 0;
}

struct acme_solver acme_solver_dns(struct acme_dns_solver *context)
{
    return (struct acme_solver){ACME_DNS_01, present, wait_for_servers, take_away, context};
}
