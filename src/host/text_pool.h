/*
 * text_pool.h - policy texts, each kept once.
 *
 * A hosting company has a million domains and a handful of texts. The pool belongs to one thread;
 * a text is immutable, and who holds a reference may read it in any thread and drop the reference
 * there. The pool has one of its own to each, so a text that nobody uses goes at the next sweep.
 */
#ifndef SEALPOST_HOST_TEXT_POOL_H
#define SEALPOST_HOST_TEXT_POOL_H

#include "base/str.h"

struct text;
struct text_pool;

struct text_pool *text_pool_new(const uint64_t seed[2]);
void text_pool_free(struct text_pool *pool); /* texts in use live on */

/* The text with these bytes, and a reference for the caller. NULL: no memory. */
struct text *text_pool_get(struct text_pool *pool, struct str bytes);

/* How many there are. */
size_t text_pool_count(const struct text_pool *pool);

struct str text_bytes(const struct text *text);
struct text *text_ref(struct text *text);
void text_unref(struct text *text);

#endif
