/* Authorizations and challenges: RFC 8555 7.5. */
#include "acme/jose.h"
#include "acme/messages.h"
#include "acme/order_run.h"
#include "base/domain.h"

#define OFFERED_MAX ((size_t)1024)

/* A name is looked for; what the CA found goes to the refusal, by which the next try is timed. */
static int refuse_challenge(struct order_run *run, const struct acme_offer *offer)
{
    const struct acme_problem_text *p = &offer->problem;
    *run->refusal = (struct acme_refusal){.problem = p->problem};
    return error_set(
        run->err, acme_problem_class(p->problem),
        msg_acme_challenge_failed(run->request->name, offer->type, p->type, p->detail));
}

static int refuse_authorization(struct order_run *run, const struct acme_authorization *a)
{
    for (size_t i = 0; i < a->offer_count; i++) {
        if (a->offers[i].has_problem)
            return refuse_challenge(run, &a->offers[i]);
    }
    return error_set(run->err, ERROR_TEMPORARY,
                     msg_acme_authorization(run->request->name, a->status_text));
}

static int fetch(struct order_run *run, struct str url, struct acme_authorization *out)
{
    int rc = order_ask(run, url, STR(""));
    if (rc == 0)
        rc = acme_authorization_read(url, run->answer.body, &run->scratch, out, run->err);
    if (rc < 0)
        return rc;
    /* Whatever else the CA wants to have shown is not ours to show. */
    if (!domain_eq(out->name, run->request->name) || out->wildcard)
        return error_set(run->err, ERROR_TEMPORARY, msg_acme_answer(url, STR("identifier")));
    return 0;
}

static bool can_answer(const struct acme_offer *offer)
{
    return offer->url.n && offer->token.n &&
           (offer->status == ACME_PENDING || offer->status == ACME_PROCESSING);
}

static const struct acme_offer *offer_of(const struct acme_authorization *a,
                                         enum acme_challenge_type type)
{
    for (size_t i = 0; i < a->offer_count; i++) {
        if (can_answer(&a->offers[i]) &&
            str_eq(a->offers[i].type, str_from(acme_challenge_name(type))))
            return &a->offers[i];
    }
    return NULL;
}

static int refuse_offers(struct order_run *run, const struct acme_authorization *a)
{
    struct buf offered CLEANUP(buf_done);
    buf_init(&offered, OFFERED_MAX);
    for (size_t i = 0; i < a->offer_count; i++)
        buf_printf(&offered, "%s%.*s", i ? ", " : "", STR_ARG(a->offers[i].type));
    return error_set(run->err, ERROR_PERMANENT,
                     msg_acme_challenge_absent(run->request->name, buf_view(&offered)));
}

/* What is answered, by whom; in the caller's arena, for the answers of the CA come and go. */
struct answer {
    const struct acme_solver *solver;
    struct acme_challenge challenge;
    struct str url;
    bool begun; /* the CA looks already */
};

static int print_authorization(struct order_run *run, struct answer *answer)
{
    struct acme_challenge *c = &answer->challenge;
    struct str thumbprint = STR("");
    int rc = jose_thumbprint(run->request->account_key, run->arena, &thumbprint, run->err);
    if (rc < 0)
        return rc;
    size_t n = c->token.n + 1 + thumbprint.n;
    char *p = arena_alloc(run->arena, n + 1);
    if (!p)
        return error_set_memory(run->err);
    snprintf(p, n + 1, "%.*s.%.*s", STR_ARG(c->token), STR_ARG(thumbprint));
    c->authorization = (struct str){p, n};
    return 0;
}

static int choose(struct order_run *run, const struct acme_authorization *a, struct answer *out)
{
    const struct acme_order_request *request = run->request;
    for (size_t i = 0; i < request->solver_count; i++) {
        const struct acme_solver *solver = &request->solvers[i];
        const struct acme_offer *offer = offer_of(a, solver->type);
        if (!offer)
            continue;
        *out = (struct answer){
            .solver = solver,
            .challenge = {.type = solver->type,
                          .name = request->name,
                          .token = arena_str(run->arena, offer->token)},
            .url = arena_str(run->arena, offer->url),
            .begun = offer->status == ACME_PROCESSING,
        };
        return run->arena->failed ? error_set_memory(run->err) : print_authorization(run, out);
    }
    return refuse_offers(run, a);
}

static int await(struct order_run *run, struct str url)
{
    struct order_pace pace = {"authorization", 1, 0};
    struct acme_authorization a = {ACME_PENDING};
    for (;;) {
        int rc = order_pause(run, &pace);
        if (rc == 0)
            rc = fetch(run, url, &a);
        if (rc < 0 || a.status == ACME_VALID)
            return rc;
        if (a.status != ACME_PENDING && a.status != ACME_PROCESSING)
            return refuse_authorization(run, &a);
    }
}

static int show(struct order_run *run, struct str url, const struct answer *answer)
{
    const struct acme_solver *solver = answer->solver;
    int rc = solver->present(solver->context, &answer->challenge, run->err);
    if (rc == 0)
        rc = solver->wait(solver->context, &answer->challenge, run->err);
    if (rc == 0 && !answer->begun)
        rc = order_ask(run, answer->url, STR("{}"));
    if (rc == 0)
        rc = await(run, url);
    solver->remove(solver->context, &answer->challenge);
    return rc;
}

/* An answer that a kill left behind, of an order that is gone on with. */
static int take_away_rest(struct order_run *run, const struct acme_authorization *a,
                          const struct acme_solver *solver)
{
    struct answer answer = {.solver = solver,
                            .challenge = {.type = solver->type, .name = run->request->name}};
    for (size_t i = 0; i < a->offer_count; i++) {
        if (a->offers[i].status == ACME_VALID &&
            str_eq(a->offers[i].type, str_from(acme_challenge_name(solver->type))))
            answer.challenge.token = a->offers[i].token;
    }
    int rc = answer.challenge.token.n ? print_authorization(run, &answer) : 0;
    if (rc == 0 && answer.challenge.token.n)
        solver->remove(solver->context, &answer.challenge);
    return rc;
}

int order_authorize(struct order_run *run, struct str url)
{
    struct acme_authorization a = {ACME_PENDING};
    struct answer answer = {NULL};
    int rc = fetch(run, url, &a);
    if (rc < 0)
        return rc;
    if (a.status == ACME_VALID) {
        for (size_t i = 0; run->resumed && rc == 0 && i < run->request->solver_count; i++)
            rc = take_away_rest(run, &a, &run->request->solvers[i]);
        return rc;
    }
    if (a.status != ACME_PENDING)
        return refuse_authorization(run, &a);
    rc = choose(run, &a, &answer);
    return rc < 0 || !answer.solver ? rc : show(run, url, &answer);
}
