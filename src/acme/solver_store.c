/* tls-alpn-01 and http-01 by the host role, through the store. */
#include "acme/messages.h"
#include "acme/solver.h"
#include "store/acme.h"

/* A CA that is waited for longer has given up; what a crash left behind goes then. Seconds. */
#define GOOD_FOR_S  7200
#define POLL_MS     200
#define ANSWER_SIZE ((size_t)16 * 1024)

static int64_t now_of(const struct acme_store_solver *s)
{
    return s->world->now(s->world->context);
}

static int fill(const struct acme_challenge *challenge, int64_t now, struct arena *arena,
                struct store_challenge *row, struct error *err)
{
    *row = (struct store_challenge){.name = challenge->name,
                                    .type = str_from(acme_challenge_name(challenge->type)),
                                    .expires = now + GOOD_FOR_S};
    if (challenge->type == ACME_TLS_ALPN_01)
        return acme_challenge_certificate(challenge, now, arena, &row->chain, &row->key, err);
    if (!acme_token_is_good(challenge->token))
        return error_set(err, ERROR_PERMANENT, msg_acme_token(challenge->token));
    row->token = challenge->token;
    row->authorization = challenge->authorization;
    return 0;
}

static int present(void *context, const struct acme_challenge *challenge, struct error *err)
{
    struct acme_store_solver *s = context;
    struct arena arena CLEANUP(arena_done);
    struct store_challenge row;
    arena_init(&arena, ANSWER_SIZE);
    int rc = fill(challenge, now_of(s), &arena, &row, err);
    if (rc == 0)
        rc = store_challenge_put(s->store, &row, &s->seq, err);
    return rc < 0 ? rc : 0;
}

/* Who lives, and who of them has not applied the change yet. */
struct nodes {
    uint64_t seq;
    int64_t since;
    unsigned living, behind;
    char name[STORE_NODE_ID_MAX + 1]; /* of one that is behind */
};

static int count_node(void *context, const struct store_node *row)
{
    struct nodes *n = context;
    if (row->seen < n->since)
        return 0;
    n->living++;
    if (row->applied_secrets >= n->seq)
        return 0;
    n->behind++;
    snprintf(n->name, sizeof n->name, "%.*s", STR_ARG(row->id));
    return 0;
}

static int look_at_nodes(const struct acme_store_solver *s, struct nodes *n, struct error *err)
{
    *n = (struct nodes){.seq = s->seq, .since = now_of(s) - ACME_NODE_LIVES_S};
    int rc = store_node_list(s->store, count_node, n, err);
    if (rc == 0 && n->living == 0)
        rc = error_set(err, ERROR_TEMPORARY, msg_acme_no_host(ACME_NODE_LIVES_S));
    return rc;
}

static int wait_for_nodes(void *context, const struct acme_challenge *challenge, struct error *err)
{
    const struct acme_store_solver *s = context;
    struct nodes nodes;
    (void)challenge;
    for (int64_t waited = 0;; waited += POLL_MS) {
        int rc = look_at_nodes(s, &nodes, err);
        if (rc < 0 || nodes.behind == 0)
            return rc;
        if (waited >= (int64_t)ACME_NODES_WAIT_S * 1000)
            break;
        rc = s->world->wait_ms(s->world->context, POLL_MS, err);
        if (rc < 0)
            return rc;
    }
    return error_set(
        err, ERROR_TEMPORARY,
        msg_acme_host_waits(str_from(nodes.name), nodes.behind, nodes.living, ACME_NODES_WAIT_S));
}

static void take_away(void *context, const struct acme_challenge *challenge)
{
    const struct acme_store_solver *s = context;
    /* What stays by an error goes when it has expired. */
    int ignored = store_challenge_remove(s->store, challenge->name,
                                         str_from(acme_challenge_name(challenge->type)), NULL);
    (void)ignored;
}

struct acme_solver acme_solver_store(struct acme_store_solver *context,
                                     enum acme_challenge_type type)
{
    return (struct acme_solver){type, present, wait_for_nodes, take_away, context};
}
