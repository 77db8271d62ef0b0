#include "store/query.h"

#include "store/messages.h"

struct store_db *store_db_for(struct store *s, enum store_database database,
                              enum store_access wanted, struct error *err)
{
    struct store_db *db = s->db[database];
    if (db && (wanted != STORE_WRITE || db->writable))
        return db;
    error_set(err, ERROR_BUG, msg_store_not_opened(str_from(store_file_name(database))));
    return NULL;
}

int query_open_values(struct store_query *q, struct store_db *db, const char *sql,
                      const struct store_value *values, size_t n, struct error *err)
{
    struct store_query opened CLEANUP(query_done) = {.db = db};
    int rc = db->driver->prepare(db, sql, &opened.stmt, err);
    for (unsigned i = 1; rc == 0 && i < n; i++)
        rc = db->driver->bind(opened.stmt, i, &values[i], err);
    if (rc < 0)
        return rc;
    *q = opened;
    opened.stmt = NULL;
    return 0;
}

int query_step(struct store_query *q, struct error *err)
{
    return q->db->driver->step(q->stmt, err);
}

int64_t query_int(const struct store_query *q, unsigned column)
{
    return q->db->driver->column_int(q->stmt, column);
}

struct str query_str(const struct store_query *q, unsigned column)
{
    return q->db->driver->column_str(q->stmt, column);
}

void query_done(struct store_query *q)
{
    if (q->stmt)
        q->db->driver->finish(q->db, q->stmt);
    q->stmt = NULL;
}

int query_run_values(struct store_db *db, const char *sql, const struct store_value *values,
                     size_t n, struct error *err)
{
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc = query_open_values(&q, db, sql, values, n, err);
    if (rc == 0)
        rc = query_step(&q, err);
    return rc < 0 ? rc : 0;
}

int query_number_values(struct store_db *db, const char *sql, const struct store_value *values,
                        size_t n, int64_t *out, struct error *err)
{
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc = query_open_values(&q, db, sql, values, n, err);
    if (rc == 0)
        rc = query_step(&q, err);
    if (rc == 1)
        *out = query_int(&q, 0);
    return rc;
}

int store_transaction(struct store_db *db,
                      int (*body)(struct store_db *db, void *context, struct error *err),
                      void *context, struct error *err)
{
    int rc = db->driver->begin(db, err);
    if (rc < 0)
        return rc;
    int result = body(db, context, err);
    if (result <= 0) {
        db->driver->rollback(db);
        return result;
    }
    rc = db->driver->commit(db, err);
    return rc < 0 ? rc : result;
}

unsigned page_limit(unsigned limit)
{
    return limit == 0 || limit > STORE_PAGE_MAX ? STORE_PAGE_MAX : limit;
}
