/*
 * apply_parts.h - what the files of store_domains_apply share: apply.c takes the rows in,
 * apply_compare.c finds the differences, apply_write.c writes them. For src/store only.
 */
#ifndef SEALPOST_STORE_APPLY_PARTS_H
#define SEALPOST_STORE_APPLY_PARTS_H

#include "store/apply.h"
#include "store/query.h"

struct apply {
    const struct store_apply *in;
    struct store_apply_counts counts; /* the result */
    int stopped;                      /* what in->each gave to stop; else 0 */
};

/* Compares the rows that were taken in with the store, counts, tells each difference and (unless it
 * is a dry run) notes it for apply_write. 0, also when it was stopped. */
int apply_compare(struct store_db *db, struct apply *a, struct error *err) NODISCARD;

/* Writes what was noted. */
int apply_write(struct store_db *db, const struct apply *a, struct error *err) NODISCARD;

#endif
