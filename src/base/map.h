/*
 * map.h - a hash map from byte strings to pointers.
 *
 * Keys are borrowed and must outlive the map. The hash is keyed (SipHash-1-3) with a seed of
 * the caller's, so that strangers who choose the keys cannot make it slow. Insertion order is not
 * kept. Not thread-safe for writers; any number of readers may share a map that no longer changes.
 */
#ifndef SEALPOST_BASE_MAP_H
#define SEALPOST_BASE_MAP_H

#include "base/str.h"

struct map_slot {
    struct str key;
    uint64_t hash;
    void *value; /* NULL: the slot is free */
};

struct map {
    struct map_slot *slots;
    size_t cap; /* a power of two, or 0 */
    size_t n;
    uint64_t seed[2];
};

void map_init(struct map *m, const uint64_t seed[2]);
void map_done(struct map *m);

/* The value under key, or NULL. */
void *map_get(const struct map *m, struct str key);

/* Sets the value (not NULL) under key; gives false when there is no memory. An old value under the
 * same key is replaced, and its key with it. */
bool map_put(struct map *m, struct str key, void *value) NODISCARD;

/* Takes the key out; gives its value, or NULL when it was not there. */
void *map_take(struct map *m, struct str key);

/* Walks the map: start with *at = 0; each call gives the next value and key, NULL at the end. */
void *map_next(const struct map *m, size_t *at, struct str *key);

/* SipHash-1-3 of s. */
uint64_t siphash(struct str s, const uint64_t seed[2]);

#endif
