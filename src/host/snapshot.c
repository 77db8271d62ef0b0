#include "host/snapshot.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/map.h"

struct policies {
    atomic_uint refs;
    struct arena arena;
    struct map sites; /* domain -> struct site */
};

struct certificate {
    struct str chain, key;                 /* DER */
    _Atomic(struct tls_identity *) parsed; /* NULL until it is first asked for */
    struct certificate *next;
};

struct certificates {
    atomic_uint refs;
    atomic_uint parsed;
    struct arena arena;
    struct map names; /* name, or "*." and a name -> struct certificate */
    struct certificate *first;
    size_t count;
};

struct snapshot {
    atomic_uint refs;
    struct policies *policies;
    struct certificates *certificates;
};

/* The caller has a reference of its own, so the count cannot reach 0 meanwhile. */
static void take(atomic_uint *refs)
{
    atomic_fetch_add_explicit(refs, 1, memory_order_relaxed);
}

/* Whether it was the last. What the others did with the object happened before. */
static bool drop(atomic_uint *refs)
{
    return atomic_fetch_sub_explicit(refs, 1, memory_order_acq_rel) == 1;
}

struct policies *policies_new(const uint64_t seed[2])
{
    struct policies *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    atomic_init(&p->refs, 1);
    arena_init(&p->arena, SIZE_MAX / 2);
    map_init(&p->sites, seed);
    return p;
}

bool policies_add(struct policies *p, struct str domain, struct str text)
{
    struct site *site = arena_alloc(&p->arena, sizeof *site);
    if (!site)
        return false;
    site->domain = arena_str(&p->arena, domain);
    site->policy = arena_str(&p->arena, text);
    return !p->arena.failed && map_put(&p->sites, site->domain, site);
}

size_t policies_count(const struct policies *p)
{
    return p->sites.n;
}

struct policies *policies_ref(struct policies *p)
{
    take(&p->refs);
    return p;
}

void policies_unref(struct policies *p)
{
    if (!p || !drop(&p->refs))
        return;
    map_done(&p->sites);
    arena_done(&p->arena);
    free(p);
}

struct certificates *certificates_new(const uint64_t seed[2])
{
    struct certificates *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    atomic_init(&c->refs, 1);
    arena_init(&c->arena, SIZE_MAX / 2);
    map_init(&c->names, seed);
    return c;
}

bool certificates_add(struct certificates *c, const struct str *names, size_t count,
                      struct str chain, struct str key)
{
    struct certificate *certificate = arena_alloc(&c->arena, sizeof *certificate);
    if (!certificate)
        return false;
    certificate->chain = arena_str(&c->arena, chain);
    certificate->key = arena_str(&c->arena, key);
    certificate->next = c->first;
    c->first = certificate;
    c->count++;
    for (size_t i = 0; i < count; i++) {
        struct str name = arena_str(&c->arena, names[i]);
        if (c->arena.failed || !map_put(&c->names, name, certificate))
            return false;
    }
    return !c->arena.failed;
}

size_t certificates_count(const struct certificates *c)
{
    return c->count;
}

struct certificates *certificates_ref(struct certificates *c)
{
    take(&c->refs);
    return c;
}

void certificates_unref(struct certificates *c)
{
    if (!c || !drop(&c->refs))
        return;
    for (struct certificate *at = c->first; at; at = at->next)
        tls_identity_free(atomic_load(&at->parsed));
    map_done(&c->names);
    arena_done(&c->arena);
    free(c);
}

struct snapshot *snapshot_new(struct policies *p, struct certificates *c)
{
    struct snapshot *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    atomic_init(&s->refs, 1);
    s->policies = policies_ref(p);
    s->certificates = certificates_ref(c);
    return s;
}

struct snapshot *snapshot_ref(struct snapshot *s)
{
    take(&s->refs);
    return s;
}

void snapshot_unref(struct snapshot *s)
{
    if (!s || !drop(&s->refs))
        return;
    policies_unref(s->policies);
    certificates_unref(s->certificates);
    free(s);
}

const struct site *snapshot_find_site(const struct snapshot *s, struct str host)
{
    if (!str_starts(host, POLICY_HOST_LABEL))
        return NULL;
    return map_get(&s->policies->sites, str_skip(host, POLICY_HOST_LABEL.n));
}

/* The certificate for the host; *name becomes the name that it was found under. */
static struct certificate *find(const struct certificates *c, struct str host)
{
    struct certificate *found = map_get(&c->names, host);
    ssize_t dot = str_chr(host, '.');
    if (found || dot <= 0)
        return found;
    char wildcard[256] = "*";
    struct str rest = str_skip(host, (size_t)dot);
    if (rest.n >= sizeof wildcard)
        return NULL;
    memcpy(wildcard + 1, rest.p, rest.n);
    return map_get(&c->names, (struct str){wildcard, rest.n + 1});
}

/* Keeps the parsed form when there is room. Two threads may have parsed the same certificate: the
 * first one's is kept. False: it was not kept. */
static bool keep(struct certificates *c, struct certificate *certificate,
                 struct tls_identity *identity)
{
    struct tls_identity *none = NULL;
    if (atomic_fetch_add(&c->parsed, 1) < SNAPSHOT_PARSED_MAX &&
        atomic_compare_exchange_strong(&certificate->parsed, &none, identity))
        return true;
    atomic_fetch_sub(&c->parsed, 1);
    return false;
}

int snapshot_use_certificate(const struct snapshot *s, struct str host, SSL *ssl, struct error *err)
{
    struct certificate *certificate = find(s->certificates, host);
    if (!certificate)
        return 0;
    struct tls_identity *identity =
        atomic_load_explicit(&certificate->parsed, memory_order_acquire);
    bool kept = identity != NULL;
    if (!kept) {
        int result = tls_identity_new(&identity, host, certificate->chain, certificate->key, err);
        if (result < 0)
            return result;
        kept = keep(s->certificates, certificate, identity);
    }
    bool used = tls_identity_use(identity, ssl);
    if (!kept)
        tls_identity_free(identity);
    return used ? 1 : error_set_memory(err);
}

struct str snapshot_fold_name(struct str name, char *to, size_t max)
{
    if (name.n && name.p[name.n - 1] == '.')
        name.n--;
    if (name.n > max)
        return STR("");
    for (size_t i = 0; i < name.n; i++)
        to[i] = ascii_lower(name.p[i]);
    return (struct str){to, name.n};
}
