/*
 * query.h - one statement, or one transaction, in as few lines as can be.
 *
 * For src/store only; it stands between the typed calls and a driver.
 *
 *     struct store_query q CLEANUP(query_done) = {NULL};
 *     int rc = query_open(&q, db, "SELECT value FROM setting WHERE key = $1", err, V_TEXT(key));
 *     if (rc == 0 && (rc = query_step(&q, err)) == 1)
 *         ... query_str(&q, 0) ...
 */
#ifndef SEALPOST_STORE_QUERY_H
#define SEALPOST_STORE_QUERY_H

#include "store/driver.h"

struct store {
    struct store_db *db[STORE_DATABASE_COUNT];
};

/* The database, opened for what is wanted; NULL and ERROR_BUG when it was not. */
struct store_db *store_db_for(struct store *s, enum store_database database,
                              enum store_access wanted, struct error *err);

struct store_query {
    struct store_db *db;
    struct store_stmt *stmt;
};

/* Prepares sql and binds the values, $1 first. */
#define query_open(q, db, sql, err, ...)                                                           \
    query_open_values(q, db, sql, (const struct store_value[]){V_INT(0), ##__VA_ARGS__},           \
                      ARRAY_LEN(((const struct store_value[]){V_INT(0), ##__VA_ARGS__})), err)

/* Use query_open. The first value is empty and passed over. */
int query_open_values(struct store_query *q, struct store_db *db, const char *sql,
                      const struct store_value *values, size_t n, struct error *err) NODISCARD;

/* 1: a row; 0: the end. */
int query_step(struct store_query *q, struct error *err) NODISCARD;

/* Columns of the row, from 0. A text lives until the next step. */
int64_t query_int(const struct store_query *q, unsigned column);
struct str query_str(const struct store_query *q, unsigned column);

/* May be called twice; for CLEANUP. */
void query_done(struct store_query *q);

/* A statement without rows: prepares, binds, runs, finishes. */
#define query_run(db, sql, err, ...)                                                               \
    query_run_values(db, sql, (const struct store_value[]){V_INT(0), ##__VA_ARGS__},               \
                     ARRAY_LEN(((const struct store_value[]){V_INT(0), ##__VA_ARGS__})), err)

int query_run_values(struct store_db *db, const char *sql, const struct store_value *values,
                     size_t n, struct error *err) NODISCARD;

/* A statement that gives at most one number. 1: *out written; 0: no row. */
#define query_number(db, sql, out, err, ...)                                                       \
    query_number_values(db, sql, (const struct store_value[]){V_INT(0), ##__VA_ARGS__},            \
                        ARRAY_LEN(((const struct store_value[]){V_INT(0), ##__VA_ARGS__})), out,   \
                        err)

int query_number_values(struct store_db *db, const char *sql, const struct store_value *values,
                        size_t n, int64_t *out, struct error *err) NODISCARD;

/* Runs body(db, context, err) in a transaction: committed when it gives 1, rolled back when it
 * gives 0 (nothing to do) or fails. Gives what body gave, or the failure of the commit. */
int store_transaction(struct store_db *db,
                      int (*body)(struct store_db *db, void *context, struct error *err),
                      void *context, struct error *err) NODISCARD;

/* Within a transaction: appends to the change log. */
int change_append(struct store_db *db, enum store_change_kind kind, struct str key,
                  struct error *err) NODISCARD;
/* The number of the newest entry; 0: there is none. */
int change_last(struct store_db *db, uint64_t *seq, struct error *err) NODISCARD;

/* Whether the name is in the one form that is stored. Error: store-domain-invalid. */
int domain_name_check(struct str name, struct error *err) NODISCARD;

/* The number of a domain's row. 1: *id written; 0: there is no such domain. */
int domain_id(struct store_db *db, struct str name, int64_t *id, struct error *err) NODISCARD;

/* Within a transaction: keeps the second of the domain's last policy id, which is the highest that
 * it ever had. */
int domain_remember_stamp(struct store_db *db, int64_t id, struct str name, int64_t now,
                          struct error *err) NODISCARD;

/* Within a transaction: takes out the domain whose row has that number. */
int domain_delete(struct store_db *db, int64_t id, struct str name, int64_t now,
                  struct error *err) NODISCARD;

/* Within a transaction: what store_policy_set does, besides the change log. */
int policy_write(struct store_db *db, int64_t domain, struct str name,
                 const struct sts_policy *policy, int64_t now, struct store_policy_id *id,
                 struct error *err) NODISCARD;

/* Within a transaction: takes the policies of a domain away; its ids go on rising. */
int policy_forget(struct store_db *db, int64_t domain, struct str name, int64_t now,
                  struct error *err) NODISCARD;

/* Appends the policy as text, and its patterns with blanks between. Error: store-policy-large. */
int policy_print_parts(struct str domain, const struct sts_policy *policy, struct buf *text,
                       struct buf *mx, struct error *err) NODISCARD;

/* The patterns of such a text, which are not copied. False: no memory. */
bool policy_split_mx(struct str joined, struct arena *arena, struct sts_policy *out) NODISCARD;

/* Error: store-setting-large. */
int setting_check(struct str key, struct str value, struct error *err) NODISCARD;

/* Within a transaction: sets a domain's setting, or removes it (value NULL). */
int setting_write(struct store_db *db, int64_t domain, struct str key, const struct str *value,
                  struct error *err) NODISCARD;

/* limit, when it is between 1 and STORE_PAGE_MAX; otherwise that. */
unsigned page_limit(unsigned limit);

#endif
