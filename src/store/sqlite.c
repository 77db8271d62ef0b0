#include "store/sqlite.h"

#include <errno.h>

#include "store/messages.h"

/* Pages in memory, in KiB: a million rows in no order are written to all of a tree, and each page
 * that is not there costs a read and a write. The usual is what SQLite has by itself. */
#define BULK_CACHE  "PRAGMA main.cache_size = -65536; PRAGMA temp.cache_size = -65536"
#define USUAL_CACHE "PRAGMA main.cache_size = -2000; PRAGMA temp.cache_size = -2000"

int sqlite_fail(sqlite3 *handle, const char *path, int code, struct error *err)
{
    struct str place = str_from(path);
    int errnum = handle ? sqlite3_system_errno(handle) : 0;
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return error_set(err, ERROR_TEMPORARY, msg_store_busy(place));
    case SQLITE_NOMEM:
        return error_set_memory(err);
    case SQLITE_FULL:
        return error_set(err, ERROR_TEMPORARY, msg_store_full(place));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return error_set(err, ERROR_PERMANENT, msg_store_corrupt(place));
    case SQLITE_IOERR:
        if (errnum == ENOSPC || errnum == EDQUOT)
            return error_set(err, ERROR_TEMPORARY, msg_store_full(place));
        return error_set(err, ERROR_TEMPORARY, msg_store_io(place, str_from(sqlite3_errstr(code))));
    case SQLITE_CANTOPEN:
        if (errnum == ENOSPC || errnum == EDQUOT)
            return error_set(err, ERROR_TEMPORARY, msg_store_full(place));
        return error_set(err, ERROR_PERMANENT, msg_store_no_permission(place));
    case SQLITE_PERM:
    case SQLITE_READONLY:
        return error_set(err, ERROR_PERMANENT, msg_store_no_permission(place));
    default:
        return error_set(err, ERROR_BUG,
                         msg_store_failed(place, str_from(handle ? sqlite3_errmsg(handle)
                                                                 : sqlite3_errstr(code))));
    }
}

static int db_fail(struct store_db *base, int code, struct error *err)
{
    struct sqlite_db *db = (struct sqlite_db *)base;
    return sqlite_fail(db->handle, db->path, code, err);
}

int sqlite_exec(struct store_db *base, const char *sql, struct error *err)
{
    struct sqlite_db *db = (struct sqlite_db *)base;
    int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? 0 : db_fail(base, code, err);
}

static sqlite3_stmt *native(struct store_stmt *stmt)
{
    return (sqlite3_stmt *)stmt;
}

/* What failed belongs to the connection, whose path the caller's db no longer tells here. */
static int stmt_fail(struct store_stmt *stmt, int code, struct error *err)
{
    sqlite3 *handle = sqlite3_db_handle(native(stmt));
    return sqlite_fail(handle, sqlite3_db_filename(handle, "main"), code, err);
}

/* A statement with this text that nobody uses. */
static sqlite3_stmt *take_kept(struct sqlite_db *db, const char *sql)
{
    for (unsigned i = 0; i < SQLITE_KEPT_MAX; i++) {
        sqlite3_stmt *stmt = db->kept[i];
        if (stmt && strcmp(sqlite3_sql(stmt), sql) == 0) {
            db->kept[i] = NULL;
            return stmt;
        }
    }
    return NULL;
}

/* Keeps it in a free place, else in that of the one that was kept the longest. */
static void keep(struct sqlite_db *db, sqlite3_stmt *stmt)
{
    unsigned at = 0;
    while (at < SQLITE_KEPT_MAX && db->kept[at])
        at++;
    if (at == SQLITE_KEPT_MAX) {
        at = db->oldest;
        db->oldest = (db->oldest + 1) % SQLITE_KEPT_MAX;
    }
    sqlite3_finalize(db->kept[at]);
    db->kept[at] = stmt;
}

static int prepare(struct store_db *base, const char *sql, struct store_stmt **out,
                   struct error *err)
{
    struct sqlite_db *db = (struct sqlite_db *)base;
    sqlite3_stmt *stmt = take_kept(db, sql);
    int code =
        stmt ? SQLITE_OK
             : sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
    if (code != SQLITE_OK)
        return db_fail(base, code, err);
    *out = (struct store_stmt *)stmt;
    return 0;
}

static int bind(struct store_stmt *stmt, unsigned index, const struct store_value *value,
                struct error *err)
{
    int code = SQLITE_ERROR;
    /* A NULL pointer would bind NULL; an empty text is a text. */
    const char *bytes = value->s.p ? value->s.p : "";
    switch (value->type) {
    case STORE_INT:
        code = sqlite3_bind_int64(native(stmt), (int)index, value->i);
        break;
    case STORE_TEXT:
        code = sqlite3_bind_text64(native(stmt), (int)index, bytes, value->s.n, SQLITE_STATIC,
                                   SQLITE_UTF8);
        break;
    case STORE_BYTES:
        code = sqlite3_bind_blob64(native(stmt), (int)index, bytes, value->s.n, SQLITE_STATIC);
        break;
    }
    return code == SQLITE_OK ? 0 : stmt_fail(stmt, code, err);
}

static int step(struct store_stmt *stmt, struct error *err)
{
    int code = sqlite3_step(native(stmt));
    if (code == SQLITE_ROW)
        return 1;
    return code == SQLITE_DONE ? 0 : stmt_fail(stmt, code, err);
}

static int64_t column_int(struct store_stmt *stmt, unsigned index)
{
    return sqlite3_column_int64(native(stmt), (int)index);
}

static struct str column_str(struct store_stmt *stmt, unsigned index)
{
    const char *p = sqlite3_column_blob(native(stmt), (int)index);
    int n = sqlite3_column_bytes(native(stmt), (int)index);
    return (struct str){p ? p : "", p && n > 0 ? (size_t)n : 0};
}

static void finish(struct store_db *base, struct store_stmt *stmt)
{
    /* What failed is not kept: another try shall not begin with its remains. */
    if (sqlite3_reset(native(stmt)) == SQLITE_OK &&
        sqlite3_clear_bindings(native(stmt)) == SQLITE_OK)
        keep((struct sqlite_db *)base, native(stmt));
    else
        sqlite3_finalize(native(stmt));
}

static void rollback(struct store_db *base)
{
    struct sqlite_db *db = (struct sqlite_db *)base;
    /* Some failures have rolled back already. */
    if (!sqlite3_get_autocommit(db->handle))
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

static int begin(struct store_db *db, struct error *err)
{
    /* A rollback that found no memory left its transaction open. */
    rollback(db);
    /* IMMEDIATE takes the write lock now, where waiting for it is possible; a transaction that
     * began with reading could not wait for it later. */
    return sqlite_exec(db, "BEGIN IMMEDIATE", err);
}

static int commit(struct store_db *db, struct error *err)
{
    int rc = sqlite_exec(db, "COMMIT", err);
    if (rc < 0)
        rollback(db);
    return rc;
}

static int begin_read(struct store_db *db, struct error *err)
{
    rollback(db);
    return sqlite_exec(db, "BEGIN DEFERRED", err);
}

static int bulk_begin(struct store_db *db, const char *tables, struct error *err)
{
    rollback(db); /* see begin */
    int rc = sqlite_exec(db, BULK_CACHE, err);
    return rc < 0 ? rc : sqlite_exec(db, tables, err);
}

static void bulk_end(struct store_db *db, const char *end)
{
    /* What could not be dropped goes with the connection, or by the next beginning. */
    rollback(db);
    int dropped = sqlite_exec(db, end, NULL);
    int shrunk = sqlite_exec(db, USUAL_CACHE, NULL);
    (void)dropped;
    (void)shrunk;
}

static int marker(struct store_db *base, uint64_t *out, struct error *err)
{
    struct sqlite_db *db = (struct sqlite_db *)base;
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(db->handle, "PRAGMA data_version", -1, &stmt, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(stmt);
    if (code == SQLITE_ROW)
        *out = (uint64_t)sqlite3_column_int64(stmt, 0);
    int rc = code == SQLITE_ROW ? 0 : db_fail(base, code, err);
    sqlite3_finalize(stmt);
    return rc;
}

const struct store_driver store_driver_sqlite = {
    .name = "sqlite",
    .open = sqlite_open,
    .close = sqlite_close,
    .exec = sqlite_exec,
    .prepare = prepare,
    .bind = bind,
    .step = step,
    .column_int = column_int,
    .column_str = column_str,
    .finish = finish,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .begin_read = begin_read,
    .bulk_begin = bulk_begin,
    .bulk_end = bulk_end,
    .marker = marker,
};
