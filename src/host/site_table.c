#include "host/site_table.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"

/* With a million domains a shard has about 250, and a version 32 KB of pointers to shards. */
#define SHARDS      4096
#define SHARD_SHIFT 52 /* the shard is in the highest bits of a hash, the slot in the lowest */
#define CAP_FIRST   4

struct entry {
    atomic_uint refs;
    uint32_t hash; /* its lower half */
    struct text *policy;
    int64_t certificate;
    unsigned char n;
    char name[];
};

/* An open table with linear probing, at most three quarters full. */
struct shard {
    atomic_uint refs;
    uint32_t cap; /* a power of two */
    uint32_t n;
    struct entry *slots[];
};

struct site_table {
    atomic_uint refs;
    size_t count;
    uint64_t seed[2];
    struct shard *shards[SHARDS]; /* NULL: none there */
};

struct site_edit {
    struct text_pool *pool;
    struct site_table *table; /* nobody else's yet */
    bool own[SHARDS];         /* the shard is of this edit alone, and may be written to */
};

static void take(atomic_uint *refs)
{
    atomic_fetch_add_explicit(refs, 1, memory_order_relaxed);
}

/* Whether it was the last. What others did with the object happened before. */
static bool drop(atomic_uint *refs)
{
    return atomic_fetch_sub_explicit(refs, 1, memory_order_acq_rel) == 1;
}

/* ---- entries ---- */

static struct entry *entry_new(struct str name, uint32_t hash, struct text *policy,
                               int64_t certificate)
{
    struct entry *entry = name.n <= UINT8_MAX ? malloc(sizeof *entry + name.n) : NULL;
    if (!entry)
        return NULL;
    atomic_init(&entry->refs, 1);
    entry->hash = hash;
    entry->policy = text_ref(policy);
    entry->certificate = certificate;
    entry->n = (unsigned char)name.n;
    if (name.n)
        memcpy(entry->name, name.p, name.n);
    return entry;
}

static void entry_unref(struct entry *entry)
{
    if (!entry || !drop(&entry->refs))
        return;
    text_unref(entry->policy);
    free(entry);
}

static struct str entry_name(const struct entry *entry)
{
    return (struct str){entry->name, entry->n};
}

/* ---- shards ---- */

static struct shard *shard_new(uint32_t cap)
{
    struct shard *shard = calloc(1, sizeof *shard + cap * sizeof(struct entry *));
    if (shard) {
        atomic_init(&shard->refs, 1);
        shard->cap = cap;
    }
    return shard;
}

static void shard_unref(struct shard *shard)
{
    if (!shard || !drop(&shard->refs))
        return;
    for (uint32_t i = 0; i < shard->cap; i++)
        entry_unref(shard->slots[i]);
    free(shard);
}

/* The slot that has the name, or the free one where it would stand. */
static uint32_t shard_slot(const struct shard *shard, struct str name, uint32_t hash)
{
    uint32_t i = hash & (shard->cap - 1);
    while (shard->slots[i] &&
           (shard->slots[i]->hash != hash || !str_eq(entry_name(shard->slots[i]), name)))
        i = (i + 1) & (shard->cap - 1);
    return i;
}

/* A copy with room for one more, with references of its own to the entries. */
static struct shard *shard_copy(const struct shard *from)
{
    uint32_t cap = from ? from->cap : CAP_FIRST;
    if (from && (from->n + 1) * 4 > cap * 3)
        cap *= 2;
    struct shard *copy = shard_new(cap);
    for (uint32_t i = 0; copy && from && i < from->cap; i++) {
        struct entry *entry = from->slots[i];
        if (!entry)
            continue;
        take(&entry->refs);
        copy->slots[shard_slot(copy, entry_name(entry), entry->hash)] = entry;
        copy->n++;
    }
    return copy;
}

/* Frees the slot, and moves those up that had to stand behind it. */
static void shard_clear(struct shard *shard, uint32_t hole)
{
    entry_unref(shard->slots[hole]);
    shard->slots[hole] = NULL;
    shard->n--;
    uint32_t mask = shard->cap - 1;
    for (uint32_t i = (hole + 1) & mask; shard->slots[i]; i = (i + 1) & mask) {
        uint32_t home = shard->slots[i]->hash & mask;
        if (((i - home) & mask) < ((i - hole) & mask))
            continue; /* it stands between its home and here, behind the hole */
        shard->slots[hole] = shard->slots[i];
        shard->slots[i] = NULL;
        hole = i;
    }
}

/* ---- versions ---- */

static struct entry *find(const struct site_table *table, struct str domain)
{
    uint64_t hash = siphash(domain, table->seed);
    const struct shard *shard = table->shards[hash >> SHARD_SHIFT];
    return shard ? shard->slots[shard_slot(shard, domain, (uint32_t)hash)] : NULL;
}

struct site_table *site_table_ref(struct site_table *table)
{
    take(&table->refs);
    return table;
}

void site_table_unref(struct site_table *table)
{
    if (!table || !drop(&table->refs))
        return;
    for (size_t i = 0; i < SHARDS; i++)
        shard_unref(table->shards[i]);
    free(table);
}

size_t site_table_count(const struct site_table *table)
{
    return table->count;
}

bool site_table_find(const struct site_table *table, struct str domain, struct site *out)
{
    const struct entry *entry = find(table, domain);
    if (entry)
        *out = (struct site){entry_name(entry), text_bytes(entry->policy), entry->certificate};
    return entry != NULL;
}

/* ---- edits ---- */

struct site_edit *site_edit_begin(struct text_pool *pool, struct site_table *from,
                                  const uint64_t seed[2])
{
    struct site_edit *edit = calloc(1, sizeof *edit);
    struct site_table *table = calloc(1, sizeof *table);
    if (!edit || !table) {
        free(edit);
        free(table);
        return NULL;
    }
    atomic_init(&table->refs, 1);
    memcpy(table->seed, from ? from->seed : seed, sizeof table->seed);
    for (size_t i = 0; from && i < SHARDS; i++) {
        table->shards[i] = from->shards[i];
        if (table->shards[i])
            take(&table->shards[i]->refs);
    }
    table->count = from ? from->count : 0;
    edit->pool = pool;
    edit->table = table;
    return edit;
}

/* The shard, for writing, with room for one more. NULL: no memory. */
static struct shard *shard_for_writing(struct site_edit *edit, size_t index)
{
    struct shard **at = &edit->table->shards[index];
    if (edit->own[index] && ((*at)->n + 1) * 4 <= (*at)->cap * 3)
        return *at;
    struct shard *copy = shard_copy(*at);
    if (!copy)
        return NULL;
    shard_unref(*at);
    *at = copy;
    edit->own[index] = true;
    return copy;
}

/* Puts a new entry in place of the one of that name, or takes the name out (policy NULL). */
static bool set(struct site_edit *edit, struct str domain, struct text *policy, int64_t certificate)
{
    uint64_t hash = siphash(domain, edit->table->seed);
    struct entry *entry = policy ? entry_new(domain, (uint32_t)hash, policy, certificate) : NULL;
    struct shard *shard =
        policy && !entry ? NULL : shard_for_writing(edit, (size_t)(hash >> SHARD_SHIFT));
    if (!shard) {
        entry_unref(entry);
        return false;
    }
    uint32_t slot = shard_slot(shard, domain, (uint32_t)hash);
    if (!entry && shard->slots[slot]) {
        shard_clear(shard, slot);
        edit->table->count--;
    } else if (entry) {
        shard->n += shard->slots[slot] == NULL;
        edit->table->count += shard->slots[slot] == NULL;
        entry_unref(shard->slots[slot]);
        shard->slots[slot] = entry;
    }
    return true;
}

bool site_edit_policy(struct site_edit *edit, struct str domain, struct str policy)
{
    const struct entry *old = find(edit->table, domain);
    struct text *text = text_pool_get(edit->pool, policy);
    if (!text)
        return false;
    bool done = (old && old->policy == text) || set(edit, domain, text, old ? old->certificate : 0);
    text_unref(text);
    return done;
}

bool site_edit_certificate(struct site_edit *edit, struct str domain, int64_t id)
{
    const struct entry *old = find(edit->table, domain);
    return !old || old->certificate == id || set(edit, domain, old->policy, id);
}

bool site_edit_remove(struct site_edit *edit, struct str domain)
{
    return !find(edit->table, domain) || set(edit, domain, NULL, 0);
}

bool site_edit_find(const struct site_edit *edit, struct str domain, struct site *out)
{
    return site_table_find(edit->table, domain, out);
}

struct site_table *site_edit_end(struct site_edit *edit)
{
    struct site_table *table = edit->table;
    free(edit);
    return table;
}

void site_edit_drop(struct site_edit *edit)
{
    if (!edit)
        return;
    site_table_unref(edit->table);
    free(edit);
}
