#include "host/challenges.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/arena.h"

/* A row's texts: a name, a token and an authorization. */
#define ARENA_MAX ((size_t)16 * 1024 * 1024)

struct challenge {
    struct challenge *next;
    struct str host, token, authorization;
    struct tls_identity *identity; /* NULL: it is http-01 */
    int64_t expires;
};

struct challenges {
    atomic_uint refs;
    struct arena arena;
    struct challenge *first;
    size_t count;
};

struct challenges *challenges_new(void)
{
    struct challenges *c = calloc(1, sizeof *c);
    if (c) {
        atomic_init(&c->refs, 1);
        arena_init(&c->arena, ARENA_MAX);
    }
    return c;
}

struct challenges *challenges_ref(struct challenges *c)
{
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

void challenges_unref(struct challenges *c)
{
    if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (struct challenge *at = c->first; at; at = at->next)
        tls_identity_free(at->identity);
    arena_done(&c->arena);
    free(c);
}

int challenges_add(struct challenges *c, const struct store_challenge *row, struct error *err)
{
    struct challenge *challenge = arena_alloc(&c->arena, sizeof *challenge);
    if (!challenge)
        return error_set_memory(err);
    *challenge = (struct challenge){
        .next = c->first,
        .host = arena_str(&c->arena, row->name),
        .token = arena_str(&c->arena, row->token),
        .authorization = arena_str(&c->arena, row->authorization),
        .expires = row->expires,
    };
    if (c->arena.failed)
        return error_set_memory(err);
    int result = row->chain.n ? tls_identity_new(&challenge->identity, row->name, row->chain,
                                                 row->key, NULL, err)
                              : 0;
    if (result < 0)
        return result;
    c->first = challenge;
    c->count++;
    return 0;
}

size_t challenges_count(const struct challenges *c)
{
    return c->count;
}

const struct tls_identity *challenges_identity(const struct challenges *c, struct str host,
                                               int64_t now)
{
    for (const struct challenge *at = c->first; at; at = at->next) {
        if (at->identity && at->expires > now && str_eq(at->host, host))
            return at->identity;
    }
    return NULL;
}

struct str challenges_authorization(const struct challenges *c, struct str host, struct str token,
                                    int64_t now)
{
    for (const struct challenge *at = c->first; at; at = at->next) {
        if (!at->identity && at->expires > now && str_eq(at->host, host) &&
            str_eq(at->token, token))
            return at->authorization;
    }
    return STR("");
}
