/*
 * arena.h - memory that lives and dies together.
 *
 * A parsed object owns one arena: everything in it is allocated there and is released by one call.
 * An arena has a maximum, given when it is made, so that foreign input cannot make it grow without
 * bound. A request beyond the maximum, or one that malloc refuses, gives NULL and sets `failed`,
 * which stays set: a parser may allocate freely and look at it once where it returns.
 *
 * Not thread-safe; one owner at a time.
 */
#ifndef SEALPOST_BASE_ARENA_H
#define SEALPOST_BASE_ARENA_H

#include "base/str.h"

struct arena_block;

struct arena {
    struct arena_block *head; /* the block in use; older ones hang behind it */
    size_t used;              /* bytes handed out and reserved, over all blocks */
    size_t max;               /* `used` never passes this */
    bool failed;              /* a request could not be met since arena_init or arena_reset */
};

/* An empty arena that will hold at most max bytes. Allocates nothing yet. */
void arena_init(struct arena *a, size_t max);

/* Releases everything. The arena may be used again. */
void arena_done(struct arena *a);

/* Forgets everything that was allocated but keeps one block, so that reading the next object
 * of a long series costs no malloc. */
void arena_reset(struct arena *a);

/* n zeroed bytes, aligned for any type; NULL when the maximum or the machine's memory is reached.
 * n == 0 gives a valid pointer that must not be read through. */
void *arena_alloc(struct arena *a, size_t n) NODISCARD;

/* An array of count objects of size bytes, zeroed; the product is checked. */
void *arena_array(struct arena *a, size_t count, size_t size) NODISCARD;

/* A copy of s / of s with a NUL behind it. On failure the copy is empty / the pointer is NULL. */
struct str arena_str(struct arena *a, struct str s) NODISCARD;
char *arena_cstr(struct arena *a, struct str s) NODISCARD;

#endif
