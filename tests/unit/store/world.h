/*
 * world.h - what the tests of the store share: a store in a folder of its own, and sample policies.
 *
 * Each test program is one process; the folder is removed with everything in it by world_done.
 */
#ifndef SEALPOST_TESTS_STORE_WORLD_H
#define SEALPOST_TESTS_STORE_WORLD_H

#include "check.h"
#include "store/store.h"

struct world {
    char base[64]; /* a temporary folder */
    char path[96]; /* where the store is: base/store */
    struct store *store;
    struct arena arena;
    struct error err;
};

/* 2026-11-24T11:00:00Z */
#define NOW INT64_C(1795518000)

/* A folder, and in it a store with all databases opened for writing. */
void world_init(struct world *w);

/* Only the folder. */
void world_init_empty(struct world *w);

void world_done(struct world *w);

/* Opens the store anew, as a process of its own would. */
struct store *world_open(const struct world *w, enum store_database database,
                         enum store_access access);

/* The same when it may fail. */
int world_try(const struct world *w, enum store_database database, enum store_access access,
              struct store **out, struct error *err);

/* The file of a database. Static memory: use it at once. */
const char *world_file(const struct world *w, enum store_database database);

/* Runs SQL on a database behind the store's back. */
void world_sql(const struct world *w, enum store_database database, const char *sql);

/* The first number that a query gives. */
int64_t world_number(const struct world *w, enum store_database database, const char *sql);

/* Whether SQLite answers the statement by indexes alone: no step passes over a whole table. */
bool world_plan_uses_index(const struct world *w, enum store_database database, const char *sql);

/* A policy with one MX pattern, in the mode testing. */
struct sts_policy sample_policy(uint32_t max_age);

/* Long loops are sampled; SEALPOST_SOAK=1 runs them in full. */
bool world_soak(void);

/* Callback that counts rows: context is an unsigned. */
#define COUNT_ROWS(name, type)                                                                     \
    static int name(void *context, const type *row)                                                \
    {                                                                                              \
        (void)row;                                                                                 \
        ++*(unsigned *)context;                                                                    \
        return 0;                                                                                  \
    }

#endif
