#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif

#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define HIDE(p, n)   ASAN_POISON_MEMORY_REGION(p, n)
#define REVEAL(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
/* A gap that stays hidden between two allocations, so that an overrun is seen at once. */
#define GAP 16
#else
#define HIDE(p, n)   ((void)(p), (void)(n))
#define REVEAL(p, n) ((void)(p), (void)(n))
#define GAP          0
#endif

#define ALIGNMENT   16
#define BLOCK_FIRST 2048
#define BLOCK_LIMIT ((size_t)256 * 1024)

struct arena_block {
    struct arena_block *older;
    size_t size; /* of bytes[] */
    size_t used;
    _Alignas(ALIGNMENT) char bytes[];
};

void arena_init(struct arena *a, size_t max)
{
    *a = (struct arena){.max = max};
}

static void block_free(struct arena_block *b)
{
    REVEAL(b->bytes, b->size);
    free(b);
}

void arena_done(struct arena *a)
{
    while (a->head) {
        struct arena_block *older = a->head->older;
        block_free(a->head);
        a->head = older;
    }
    a->used = 0;
    a->failed = false;
}

void arena_reset(struct arena *a)
{
    struct arena_block *keep = a->head;
    if (!keep) {
        a->failed = false;
        return;
    }
    a->head = keep->older;
    keep->older = NULL;
    arena_done(a);
    REVEAL(keep->bytes, keep->size);
    memset(keep->bytes, 0, keep->used);
    HIDE(keep->bytes, keep->size);
    keep->used = 0;
    a->head = keep;
    a->used = keep->size;
}

/* Puts a fresh block in front that holds at least n bytes: half as much as there is, so that at
 * most a third of an arena is not used yet. */
static bool arena_grow(struct arena *a, size_t n)
{
    size_t size = a->used / 2;
    size_t left = a->max - a->used;
    if (size < BLOCK_FIRST)
        size = BLOCK_FIRST;
    if (size > BLOCK_LIMIT)
        size = BLOCK_LIMIT;
    if (size > left)
        size = left;
    if (size < n)
        size = n;
    if (size > left)
        return false;
    struct arena_block *b = calloc(1, sizeof *b + size);
    if (!b)
        return false;
    b->size = size;
    b->older = a->head;
    HIDE(b->bytes, b->size);
    a->head = b;
    a->used += size;
    return true;
}

void *arena_alloc(struct arena *a, size_t n)
{
    if (n > SIZE_MAX - ALIGNMENT - GAP) {
        a->failed = true;
        return NULL;
    }
    size_t room = ((n ? n : 1) + GAP + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (!a->head || a->head->size - a->head->used < room) {
        if (!arena_grow(a, room)) {
            a->failed = true;
            return NULL;
        }
    }
    char *p = a->head->bytes + a->head->used;
    a->head->used += room;
    REVEAL(p, n);
    return p;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    size_t n = 0;
    if (__builtin_mul_overflow(count, size, &n)) {
        a->failed = true;
        return NULL;
    }
    return arena_alloc(a, n);
}

char *arena_cstr(struct arena *a, struct str s)
{
    if (s.n == SIZE_MAX) {
        a->failed = true;
        return NULL;
    }
    char *p = arena_alloc(a, s.n + 1);
    if (p && s.n)
        memcpy(p, s.p, s.n);
    return p;
}

struct str arena_str(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.n);
    if (!p)
        return (struct str){NULL, 0};
    if (s.n)
        memcpy(p, s.p, s.n);
    return (struct str){p, s.n};
}
