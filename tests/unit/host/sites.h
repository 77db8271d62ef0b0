/*
 * sites.h - a snapshot for tests of what answers from one.
 */
#ifndef SEALPOST_TESTS_HOST_SITES_H
#define SEALPOST_TESTS_HOST_SITES_H

#include "check.h"
#include "host/snapshot.h"

/* Serves these domains, each with its policy; ended by NULL: {"a.test", "policy", NULL}. */
static inline struct snapshot *sites_snapshot(const char *const *rows)
{
    static const uint64_t seed[2] = {1, 2};
    struct text_pool *pool = text_pool_new(seed);
    struct site_edit *edit = site_edit_begin(pool, NULL, seed);
    for (; *rows; rows += 2)
        assert_true(site_edit_policy(edit, str_from(rows[0]), str_from(rows[1])));
    struct site_table *table = site_edit_end(edit);
    struct challenges *none = challenges_new();
    struct snapshot *s = snapshot_new(1, table, none);
    assert_non_null(s);
    site_table_unref(table);
    challenges_unref(none);
    text_pool_free(pool);
    return s;
}

#endif
