#include "host/snapshot.h"

#include <stdlib.h>

#include "mtasts/policy_host.h"

struct snapshot *snapshot_new(uint64_t serial, struct site_table *sites,
                              struct challenges *challenges)
{
    struct snapshot *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    atomic_init(&s->refs, 1);
    s->serial = serial;
    s->sites = site_table_ref(sites);
    s->challenges = challenges_ref(challenges);
    return s;
}

struct snapshot *snapshot_ref(struct snapshot *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void snapshot_unref(struct snapshot *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    site_table_unref(s->sites);
    challenges_unref(s->challenges);
    free(s);
}

bool snapshot_find_site(const struct snapshot *s, struct str host, struct site *out)
{
    return str_starts(host, POLICY_HOST_LABEL) &&
           site_table_find(s->sites, str_skip(host, POLICY_HOST_LABEL.n), out);
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
