/*
 * buf.h - a growable byte buffer with a maximum.
 *
 * The maximum is given when the buffer is made. An addition that would pass it, or that malloc
 * refuses, changes nothing and sets `failed`, which stays set; every later addition is then
 * dropped too, so that a writer looks at it once at its end and never sends half of a thing.
 */
#ifndef SEALPOST_BASE_BUF_H
#define SEALPOST_BASE_BUF_H

#include <stdarg.h>

#include "base/str.h"

struct buf {
    char *p; /* n bytes, followed by a NUL that is not counted; NULL while nothing was added */
    size_t n;
    size_t cap;
    size_t max;
    bool failed;
};

void buf_init(struct buf *b, size_t max);
void buf_done(struct buf *b);

/* Empties the buffer and clears `failed`, keeping the memory. */
void buf_reset(struct buf *b);

/* Makes room for n more bytes and returns where they go, or NULL (and `failed`). The caller writes
 * there and adds what it wrote to b->n. */
char *buf_reserve(struct buf *b, size_t n);

void buf_add(struct buf *b, const void *bytes, size_t n);
void buf_str(struct buf *b, struct str s);
void buf_cstr(struct buf *b, const char *literal);
void buf_byte(struct buf *b, char c);
void buf_u64(struct buf *b, uint64_t value);
void buf_printf(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);

/* What was written so far; valid until the next addition. */
struct str buf_view(const struct buf *b);

#endif
