#include "host/identity_cache.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/map.h"
#include "store/store.h"

/* One certificate's row. */
#define ROW_MAX (STORE_CERTIFICATE_CHAIN_MAX + STORE_CERTIFICATE_KEY_MAX + (size_t)64 * 1024)

struct item {
    int64_t id; /* its bytes are the key in the map */
    struct tls_identity *identity;
    struct item *newer, *older;
};

struct identity_cache {
    const char *path;
    struct store *store; /* NULL: not open */
    size_t max;
    struct map items;
    struct tls_reader reader;
    struct item *newest, *oldest;
    uint64_t misses;
};

static struct str key_of(const int64_t *id)
{
    return (struct str){(const char *)id, sizeof *id};
}

struct identity_cache *identity_cache_new(const char *path, size_t max)
{
    static const uint64_t seed[2] = {0, 0}; /* no stranger chooses the ids */
    struct identity_cache *cache = calloc(1, sizeof *cache);
    if (!cache)
        return NULL;
    cache->path = path;
    cache->max = max ? max : 1;
    map_init(&cache->items, seed);
    return cache;
}

/* ---- the order of use ---- */

static void leave_order(struct identity_cache *cache, struct item *item)
{
    *(item->newer ? &item->newer->older : &cache->newest) = item->older;
    *(item->older ? &item->older->newer : &cache->oldest) = item->newer;
}

static void make_newest(struct identity_cache *cache, struct item *item)
{
    item->newer = NULL;
    item->older = cache->newest;
    *(cache->newest ? &cache->newest->newer : &cache->oldest) = item;
    cache->newest = item;
}

static void item_drop(struct identity_cache *cache, struct item *item)
{
    leave_order(cache, item);
    map_take(&cache->items, key_of(&item->id));
    tls_identity_free(item->identity);
    free(item);
}

void identity_cache_free(struct identity_cache *cache)
{
    if (!cache)
        return;
    while (cache->oldest)
        item_drop(cache, cache->oldest);
    map_done(&cache->items);
    tls_reader_done(&cache->reader);
    store_close(cache->store);
    free(cache);
}

static struct item *item_use(struct identity_cache *cache, int64_t id)
{
    struct item *item = map_get(&cache->items, key_of(&id));
    if (item && item != cache->newest) {
        leave_order(cache, item);
        make_newest(cache, item);
    }
    return item;
}

/* ---- reading ---- */

/* A certificate that has just been replaced is not there any more: its successor is `host`'s. */
static int read_row(struct identity_cache *cache, int64_t id, struct str host, struct arena *arena,
                    struct store_certificate *row, struct error *err)
{
    const struct store_options options = {.access = {[STORE_SECRETS] = STORE_READ}};
    int result = cache->store ? 0 : store_open(&cache->store, cache->path, &options, err);
    if (result == 0)
        result = store_certificate_by_id(cache->store, id, arena, row, err);
    if (result == 0)
        result = store_certificate_get(cache->store, host, arena, row, err);
    if (result < 0) { /* the file may have been put back from a backup: look at it anew */
        store_close(cache->store);
        cache->store = NULL;
    }
    return result;
}

static int add(struct identity_cache *cache, const struct store_certificate *row, struct str host,
               struct error *err)
{
    struct tls_identity *identity = NULL;
    int result = tls_identity_new(&identity, host, row->chain, row->key, &cache->reader, err);
    if (result < 0)
        return result;
    struct item *item = calloc(1, sizeof *item);
    if (item)
        item->id = row->id;
    if (!item || !map_put(&cache->items, key_of(&item->id), item)) {
        free(item);
        tls_identity_free(identity);
        return error_set_memory(err);
    }
    item->identity = identity;
    make_newest(cache, item);
    if (cache->items.n > cache->max)
        item_drop(cache, cache->oldest);
    return 1;
}

/* What is not there is read; then it is the newest. */
static int fetch(struct identity_cache *cache, int64_t id, struct str host, struct error *err)
{
    struct arena arena CLEANUP(arena_done);
    struct store_certificate row = {0};
    arena_init(&arena, ROW_MAX);
    cache->misses++;
    int result = read_row(cache, id, host, &arena, &row, err);
    if (result == 1 && !item_use(cache, row.id))
        result = add(cache, &row, host, err);
    if (row.key.n)
        explicit_bzero((void *)(uintptr_t)row.key.p, row.key.n); /* the arena's copy */
    return result;
}

int identity_cache_get(struct identity_cache *cache, int64_t id, struct str host,
                       const struct tls_identity **out, struct error *err)
{
    int result = item_use(cache, id) ? 1 : fetch(cache, id, host, err);
    if (result == 1)
        *out = cache->newest->identity;
    return result;
}

size_t identity_cache_count(const struct identity_cache *cache)
{
    return cache->items.n;
}

uint64_t identity_cache_misses(const struct identity_cache *cache)
{
    return cache->misses;
}
