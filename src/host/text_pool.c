#include "host/text_pool.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"

/* Between two sweeps this many texts are asked for, and at least half as many as there are, so that
 * sweeping costs nothing that counts. */
#define SWEEP_AFTER 1024

struct text {
    atomic_uint refs;
    uint32_t n;
    char bytes[];
};

struct text_pool {
    struct map texts; /* bytes -> struct text */
    size_t asked;     /* since the last sweep */
};

struct text_pool *text_pool_new(const uint64_t seed[2])
{
    struct text_pool *pool = calloc(1, sizeof *pool);
    if (pool)
        map_init(&pool->texts, seed);
    return pool;
}

void text_pool_free(struct text_pool *pool)
{
    if (!pool)
        return;
    struct text *text;
    struct str bytes;
    for (size_t at = 0; (text = map_next(&pool->texts, &at, &bytes)) != NULL;)
        text_unref(text);
    map_done(&pool->texts);
    free(pool);
}

/* A reference beyond the pool's is only ever made by the pool's thread, so a text of which the pool
 * has the only one stays so meanwhile. Taking out moves other entries, hence one walk a victim
 * would miss some: they go at the next sweep. */
static void sweep(struct text_pool *pool)
{
    struct text *text;
    struct str bytes;
    for (size_t at = 0; (text = map_next(&pool->texts, &at, &bytes)) != NULL;) {
        if (atomic_load_explicit(&text->refs, memory_order_acquire) != 1)
            continue;
        map_take(&pool->texts, bytes);
        text_unref(text);
    }
    pool->asked = 0;
}

static struct text *add(struct text_pool *pool, struct str bytes)
{
    struct text *text = bytes.n <= UINT32_MAX ? malloc(sizeof *text + bytes.n) : NULL;
    if (!text)
        return NULL;
    atomic_init(&text->refs, 1);
    text->n = (uint32_t)bytes.n;
    if (bytes.n)
        memcpy(text->bytes, bytes.p, bytes.n);
    if (!map_put(&pool->texts, text_bytes(text), text)) {
        free(text);
        return NULL;
    }
    return text;
}

struct text *text_pool_get(struct text_pool *pool, struct str bytes)
{
    if (++pool->asked > SWEEP_AFTER && pool->asked > pool->texts.n / 2)
        sweep(pool);
    struct text *text = map_get(&pool->texts, bytes);
    if (!text)
        text = add(pool, bytes);
    return text ? text_ref(text) : NULL;
}

size_t text_pool_count(const struct text_pool *pool)
{
    return pool->texts.n;
}

struct str text_bytes(const struct text *text)
{
    return (struct str){text->bytes, text->n};
}

struct text *text_ref(struct text *text)
{
    atomic_fetch_add_explicit(&text->refs, 1, memory_order_relaxed);
    return text;
}

void text_unref(struct text *text)
{
    if (text && atomic_fetch_sub_explicit(&text->refs, 1, memory_order_acq_rel) == 1)
        free(text);
}
