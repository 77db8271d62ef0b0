#include "acme/job_list.h"

#include <stdio.h>
#include <stdlib.h>

#include "mtasts/policy_host.h"

#define HOST_MAX  (DOMAIN_NAME_MAX + 8)
#define ARENA_MAX ((size_t)STORE_PAGE_MAX * 1024)

/* ---- all ---- */

/* One page of names, in byte order. */
struct page {
    struct arena arena;
    struct str names[STORE_PAGE_MAX];
    size_t count, at;
    bool last;
};

static int take_name(struct page *page, struct str prefix, struct str name)
{
    char host[HOST_MAX];
    int n = snprintf(host, sizeof host, "%.*s%.*s", STR_ARG(prefix), STR_ARG(name));
    if (n < 0 || (size_t)n >= sizeof host || page->count == STORE_PAGE_MAX)
        return 1;
    page->names[page->count++] = arena_str(&page->arena, (struct str){host, (size_t)n});
    return page->arena.failed;
}

static int take_domain(void *context, const struct store_domain *row)
{
    /* A domain without a policy, or whose name is too long for a host below it, has no place here,
     * but the page must end behind it. */
    char host[POLICY_HOST_SIZE];
    bool has_host = row->has_policy && policy_host_of(row->name, host).n;
    return take_name(context, has_host ? POLICY_HOST_LABEL : STR("-"), row->name);
}

static int take_job(void *context, const struct store_job *row)
{
    return take_name(context, STR(""), row->name);
}

/* The next name, of which the page is read when the last one is used up. Empty at the end. */
static int next_name(struct store *store, struct page *page, bool jobs, struct str *name,
                     struct error *err)
{
    while (page->at == page->count && !page->last) {
        char after_text[HOST_MAX] = "";
        struct str after = page->count ? page->names[page->count - 1] : STR("");
        if (!jobs && after.n)
            after = str_skip(after, after.p[0] == '-' ? 1 : POLICY_HOST_LABEL.n);
        snprintf(after_text, sizeof after_text, "%.*s", STR_ARG(after));
        page->count = page->at = 0;
        arena_reset(&page->arena);
        int result =
            jobs ? store_job_list(store, str_from(after_text), 0, take_job, page, err)
                 : store_domain_list(store, str_from(after_text), 0, take_domain, page, err);
        if (result)
            return result < 0 ? result : error_set_memory(err);
        page->last = page->count < STORE_PAGE_MAX;
    }
    *name = page->at < page->count ? page->names[page->at] : STR("");
    return 0;
}

struct match {
    struct store *store;
    int64_t now;
    struct page domains, jobs;
    struct arena arena; /* of batch */
    struct str batch[STORE_PAGE_MAX];
    size_t batch_count;
    uint64_t added, removed;
};

static int flush(struct match *m, struct error *err)
{
    uint64_t added = 0;
    int result = m->batch_count
                     ? store_jobs_add(m->store, m->batch, m->batch_count, m->now, &added, err)
                     : 0;
    m->added += added;
    m->batch_count = 0;
    arena_reset(&m->arena);
    return result < 0 ? result : 0;
}

static int want(struct match *m, struct str host, struct error *err)
{
    m->batch[m->batch_count++] = arena_str(&m->arena, host);
    if (m->arena.failed)
        return error_set_memory(err);
    return m->batch_count == STORE_PAGE_MAX ? flush(m, err) : 0;
}

/* Both come in byte order, and "mta-sts." before each name does not change it. */
static int merge(struct match *m, struct error *err)
{
    for (;;) {
        struct str domain = STR(""), job = STR("");
        int result = next_name(m->store, &m->domains, false, &domain, err);
        if (result == 0)
            result = next_name(m->store, &m->jobs, true, &job, err);
        if (result < 0 || (!domain.n && !job.n))
            return result;
        if (domain.n && domain.p[0] == '-') {
            m->domains.at++;
            continue;
        }
        int order = !domain.n ? 1 : !job.n ? -1 : str_cmp(domain, job);
        if (order < 0)
            result = want(m, domain, err);
        else if (order > 0 && (result = store_job_remove(m->store, job, err)) > 0)
            m->removed++;
        if (result < 0)
            return result;
        m->domains.at += order <= 0;
        m->jobs.at += order >= 0;
    }
}

int acme_jobs_match(struct store *store, int64_t now, uint64_t *added, uint64_t *removed,
                    struct error *err)
{
    struct match *m = calloc(1, sizeof *m);
    if (!m)
        return error_set_memory(err);
    m->store = store;
    m->now = now;
    arena_init(&m->domains.arena, ARENA_MAX);
    arena_init(&m->jobs.arena, ARENA_MAX);
    arena_init(&m->arena, ARENA_MAX);
    int result = merge(m, err);
    if (result == 0)
        result = flush(m, err);
    if (added)
        *added = m->added;
    if (removed)
        *removed = m->removed;
    arena_done(&m->domains.arena);
    arena_done(&m->jobs.arena);
    arena_done(&m->arena);
    free(m);
    return result;
}

/* ---- what changed ---- */

/* A page of the log is read before anything is written, as the store wants it. */
struct follow {
    struct arena arena;
    struct str domains[STORE_PAGE_MAX];
    size_t count, rows;
    uint64_t seq;
};

static int take_change(void *context, const struct store_change *row)
{
    struct follow *f = context;
    f->seq = row->seq;
    f->rows++;
    if ((row->kind == STORE_CHANGE_DOMAIN || row->kind == STORE_CHANGE_POLICY) &&
        f->count < STORE_PAGE_MAX)
        f->domains[f->count++] = arena_str(&f->arena, row->key);
    return f->arena.failed;
}

static int follow_domain(struct store *store, struct str domain, int64_t now, struct arena *arena,
                         uint64_t *added, uint64_t *removed, struct error *err)
{
    char host[POLICY_HOST_SIZE];
    struct store_domain row;
    uint64_t one = 0;
    struct str name = policy_host_of(domain, host);
    if (!name.n)
        return 0;
    int result = store_domain_get(store, domain, arena, &row, err);
    if (result < 0)
        return result;
    if (result == 1 && row.has_policy) {
        result = store_jobs_add(store, &name, 1, now, &one, err);
        *added += one;
    } else {
        result = store_job_remove(store, name, err);
        *removed += result > 0;
    }
    return result < 0 ? result : 0;
}

static int follow_page(struct store *store, struct follow *f, int64_t now, uint64_t *added,
                       uint64_t *removed, struct error *err)
{
    int result = store_changes_since(store, STORE_CONTROL, f->seq, take_change, f, err);
    if (result > 0)
        return error_set_memory(err);
    for (size_t i = 0; i < f->count && result == 0; i++)
        result = follow_domain(store, f->domains[i], now, &f->arena, added, removed, err);
    return result;
}

int acme_jobs_follow(struct store *store, uint64_t *seq, int64_t now, uint64_t *added,
                     uint64_t *removed, struct error *err)
{
    struct follow *f = calloc(1, sizeof *f);
    uint64_t no_added = 0, no_removed = 0;
    int result = 0;
    if (!f)
        return error_set_memory(err);
    f->seq = *seq;
    arena_init(&f->arena, ARENA_MAX);
    do {
        f->rows = f->count = 0;
        arena_reset(&f->arena);
        result = follow_page(store, f, now, added ? added : &no_added,
                             removed ? removed : &no_removed, err);
        if (result == 0)
            *seq = f->seq;
    } while (result == 0 && f->rows == STORE_PAGE_MAX);
    arena_done(&f->arena);
    free(f);
    return result;
}

/* ---- certificates ---- */

/* Rows that are read before anything is written; each can have a hundred names. */
#define CERTIFICATES_MAX 64
#define NAMES_ARENA_MAX                                                                            \
    ((size_t)CERTIFICATES_MAX * STORE_CERTIFICATE_NAMES_MAX * (DOMAIN_NAME_MAX + 4))

struct follow_certificates {
    struct arena arena;
    struct str names[CERTIFICATES_MAX]; /* of one certificate each, blanks between */
    size_t count;
    uint64_t seq;
};

static int take_certificate(void *context, const struct store_change *row)
{
    struct follow_certificates *f = context;
    if (row->kind == STORE_CHANGE_CERTIFICATE && f->count == CERTIFICATES_MAX)
        return 1; /* and the next walk begins with it */
    f->seq = row->seq;
    if (row->kind == STORE_CHANGE_CERTIFICATE)
        f->names[f->count++] = arena_str(&f->arena, row->key);
    return 0;
}

/* Whether the host's certificate is the keeper's own, which its job knows all about. */
static int is_ours(struct store *store, struct str host, struct error *err)
{
    struct arena arena CLEANUP(arena_done);
    struct store_certificate row;
    arena_init(&arena, ARENA_MAX);
    int result = store_certificate_get(store, host, &arena, &row, err);
    return result == 1 ? str_eq(row.source, STR("acme")) : result;
}

static int hasten_hosts(struct store *store, struct str names, int64_t now, struct error *err)
{
    int result = 0;
    while (names.n && result >= 0) {
        char text[POLICY_HOST_SIZE];
        struct str name, domain;
        str_cut(names, ' ', &name, &names);
        struct str host =
            policy_host_covered(name, &domain) ? policy_host_of(domain, text) : STR("");
        if (!host.n)
            continue;
        result = is_ours(store, host, err);
        if (result == 0)
            result = store_jobs_hasten(store, host, now, err);
    }
    return result < 0 ? result : 0;
}

int acme_jobs_follow_certificates(struct store *store, uint64_t *seq, int64_t now,
                                  struct error *err)
{
    struct follow_certificates f = {.seq = *seq};
    int result = 0;
    arena_init(&f.arena, NAMES_ARENA_MAX);
    do {
        f.count = 0;
        arena_reset(&f.arena);
        *seq = f.seq;
        result = store_changes_since(store, STORE_SECRETS, f.seq, take_certificate, &f, err);
        if (result >= 0 && f.arena.failed)
            result = error_set_memory(err);
        for (size_t i = 0; i < f.count && result >= 0; i++)
            result = hasten_hosts(store, f.names[i], now, err);
    } while (result >= 0 && f.seq != *seq);
    arena_done(&f.arena);
    return result < 0 ? result : 0;
}
