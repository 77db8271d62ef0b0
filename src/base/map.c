#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#define CAP_FIRST 16

static uint64_t rotate(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

static uint64_t load_le(const char *p, size_t n)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++)
        value |= (uint64_t)(unsigned char)p[i] << (8 * i);
    return value;
}

uint64_t siphash(struct str s, const uint64_t seed[2])
{
    uint64_t v[4] = {seed[0] ^ 0x736f6d6570736575, seed[1] ^ 0x646f72616e646f6d,
                     seed[0] ^ 0x6c7967656e657261, seed[1] ^ 0x7465646279746573};
    size_t left = s.n;
    const char *p = s.p;
    for (; left >= 8; left -= 8, p += 8) {
        uint64_t word = load_le(p, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    uint64_t last = load_le(p, left) | (uint64_t)(s.n & 0xFF) << 56;
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xFF;
    sip_round(v);
    sip_round(v);
    sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void map_init(struct map *m, const uint64_t seed[2])
{
    *m = (struct map){.seed = {seed[0], seed[1]}};
}

void map_done(struct map *m)
{
    free(m->slots);
    m->slots = NULL;
    m->cap = m->n = 0;
}

/* The slot that holds the key, or the free one where it would go; there is always a free one. */
static struct map_slot *find_slot(struct map_slot *slots, size_t cap, uint64_t hash, struct str key)
{
    size_t i = hash & (cap - 1);
    while (slots[i].value && (slots[i].hash != hash || !str_eq(slots[i].key, key)))
        i = (i + 1) & (cap - 1);
    return &slots[i];
}

static bool map_grow(struct map *m)
{
    size_t cap = m->cap ? m->cap * 2 : CAP_FIRST;
    struct map_slot *slots = calloc(cap, sizeof *slots);
    if (!slots)
        return false;
    for (size_t i = 0; i < m->cap; i++) {
        if (m->slots[i].value)
            *find_slot(slots, cap, m->slots[i].hash, m->slots[i].key) = m->slots[i];
    }
    free(m->slots);
    m->slots = slots;
    m->cap = cap;
    return true;
}

void *map_get(const struct map *m, struct str key)
{
    if (m->n == 0)
        return NULL;
    return find_slot(m->slots, m->cap, siphash(key, m->seed), key)->value;
}

bool map_put(struct map *m, struct str key, void *value)
{
    if ((m->n + 1) * 4 > m->cap * 3 && !map_grow(m))
        return false;
    uint64_t hash = siphash(key, m->seed);
    struct map_slot *slot = find_slot(m->slots, m->cap, hash, key);
    m->n += slot->value == NULL;
    *slot = (struct map_slot){key, hash, value};
    return true;
}

void *map_take(struct map *m, struct str key)
{
    if (m->n == 0)
        return NULL;
    struct map_slot *slot = find_slot(m->slots, m->cap, siphash(key, m->seed), key);
    void *value = slot->value;
    if (!value)
        return NULL;
    /* Linear probing without tombstones: what stood behind the gap and belongs before it moves. */
    size_t mask = m->cap - 1, gap = (size_t)(slot - m->slots);
    for (size_t i = (gap + 1) & mask; m->slots[i].value; i = (i + 1) & mask) {
        size_t home = m->slots[i].hash & mask;
        if (((i - home) & mask) >= ((i - gap) & mask)) {
            m->slots[gap] = m->slots[i];
            gap = i;
        }
    }
    m->slots[gap] = (struct map_slot){.value = NULL};
    m->n--;
    return value;
}

void *map_next(const struct map *m, size_t *at, struct str *key)
{
    while (*at < m->cap) {
        const struct map_slot *slot = &m->slots[(*at)++];
        if (slot->value) {
            *key = slot->key;
            return slot->value;
        }
    }
    return NULL;
}
