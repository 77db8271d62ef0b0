/* Opening and migrating for the SQLite driver. */
#include "store/sqlite.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/messages.h"
#include "store/query.h"

/* A write-ahead log that a long reader made grow is cut back to this when it can be. */
#define WAL_KEEP "67108864"

void sqlite_close(struct store_db *base)
{
    struct sqlite_db *db = (struct sqlite_db *)base;
    for (unsigned i = 0; i < SQLITE_KEPT_MAX; i++)
        sqlite3_finalize(db->kept[i]);
    sqlite3_close(db->handle);
    free(db->path);
    free(db);
}

static void closep(struct sqlite_db **db)
{
    if (*db)
        sqlite_close(&(*db)->base);
}

/* One number that a PRAGMA or a SELECT gives. */
static int read_number(struct sqlite_db *db, const char *sql, int64_t *out, struct error *err)
{
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(stmt);
    if (code == SQLITE_ROW)
        *out = sqlite3_column_int64(stmt, 0);
    int rc = code == SQLITE_ROW ? 0 : sqlite_fail(db->handle, db->path, code, err);
    sqlite3_finalize(stmt);
    return rc;
}

/* 0 for a database that has no tables of ours yet. */
static int read_version(struct sqlite_db *db, int64_t *version, struct error *err)
{
    int64_t tables = 0;
    *version = 0;
    int rc = read_number(
        db, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_version'",
        &tables, err);
    if (rc == 0 && tables)
        rc = read_number(db, "SELECT COALESCE(MAX(version), 0) FROM schema_version", version, err);
    return rc;
}

/* A file that something else wrote is not to be touched. The tables are counted first: who makes
 * them at this moment sets the id in the same transaction. */
static int check_ours(struct sqlite_db *db, struct error *err)
{
    int64_t id = 0, tables = 0;
    int rc = read_number(db, "SELECT count(*) FROM sqlite_schema", &tables, err);
    if (rc == 0)
        rc = read_number(db, "PRAGMA application_id", &id, err);
    if (rc < 0)
        return rc;
    if (id != db->base.schema->application_id && (id != 0 || tables != 0))
        return error_set(err, ERROR_PERMANENT, msg_store_foreign(str_from(db->path)));
    return 0;
}

static int apply_step(struct sqlite_db *db, unsigned number, struct error *err)
{
    char sql[128];
    if (number == 1) {
        snprintf(sql, sizeof sql,
                 "PRAGMA application_id = %u;"
                 "CREATE TABLE schema_version (version INTEGER PRIMARY KEY) STRICT;",
                 (unsigned)db->base.schema->application_id);
        int rc = sqlite_exec(&db->base, sql, err);
        if (rc < 0)
            return rc;
    }
    int rc = sqlite_exec(&db->base, db->base.schema->steps[number - 1], err);
    if (rc < 0)
        return rc;
    snprintf(sql, sizeof sql, "INSERT INTO schema_version (version) VALUES (%u)", number);
    return sqlite_exec(&db->base, sql, err);
}

/* Refuses a version that is not known; for readers also one that is not complete. */
static int check_version(struct sqlite_db *db, int64_t version, struct error *err)
{
    int64_t known = store_schema_version(db->base.schema);
    if (version > known)
        return error_set(err, ERROR_PERMANENT,
                         msg_store_newer(str_from(db->path), (uint64_t)version, (uint64_t)known));
    if (version < known && !db->base.writable)
        return error_set(err, ERROR_TEMPORARY, msg_store_not_ready(str_from(db->path)));
    return 0;
}

/* Applies one missing step. 1: applied; 0: nothing is missing. Whoever else migrates at the same
 * time is waited for, and the version is read under the lock. */
static int migrate_once(struct store_db *base, void *context, struct error *err)
{
    struct sqlite_db *db = (struct sqlite_db *)base;
    (void)context;
    int64_t version = 0;
    int rc = read_version(db, &version, err);
    if (rc == 0)
        rc = check_version(db, version, err);
    if (rc < 0 || version == store_schema_version(base->schema))
        return rc;
    rc = apply_step(db, (unsigned)version + 1, err);
    return rc < 0 ? rc : 1;
}

static int migrate(struct sqlite_db *db, struct error *err)
{
    int64_t version = 0;
    int rc = read_version(db, &version, err);
    if (rc == 0)
        rc = check_version(db, version, err);
    if (rc < 0 || version == store_schema_version(db->base.schema))
        return rc;
    do
        rc = store_transaction(&db->base, migrate_once, NULL, err);
    while (rc == 1);
    return rc;
}

/* Turns the journal mode once; it stays in the file. The switch needs the file alone and does not
 * wait for it by itself. */
static int set_wal(struct sqlite_db *db, struct error *err)
{
    for (int waited = 0;; waited += 10) {
        int code = sqlite3_exec(db->handle, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
        if (code == SQLITE_OK)
            return 0;
        if ((code & 0xff) != SQLITE_BUSY || waited >= STORE_BUSY_MS)
            return sqlite_fail(db->handle, db->path, code, err);
        sqlite3_sleep(10);
    }
}

static int configure(struct sqlite_db *db, struct error *err)
{
    sqlite3_extended_result_codes(db->handle, 1);
    sqlite3_busy_timeout(db->handle, STORE_BUSY_MS);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    int rc = check_ours(db, err);
    if (rc == 0 && db->base.writable)
        rc = set_wal(db, err);
    if (rc == 0)
        rc = sqlite_exec(&db->base,
                         "PRAGMA foreign_keys = ON;"
                         "PRAGMA trusted_schema = OFF;"
                         "PRAGMA cell_size_check = ON;"
                         "PRAGMA journal_size_limit = " WAL_KEEP ";",
                         err);
    if (rc == 0)
        rc = sqlite_exec(&db->base,
                         db->base.schema->durable ? "PRAGMA synchronous = FULL"
                                                  : "PRAGMA synchronous = NORMAL",
                         err);
    if (rc == 0 && db->base.schema->wipe)
        rc = sqlite_exec(&db->base, "PRAGMA secure_delete = ON", err);
    if (rc == 0 && !db->base.writable)
        rc = sqlite_exec(&db->base, "PRAGMA query_only = ON", err);
    return rc;
}

static int missing(const char *location, const char *path, struct error *err)
{
    struct stat st;
    if (stat(path, &st) == 0)
        return 0;
    if (errno == ENOENT || errno == ENOTDIR)
        return error_set(err, ERROR_PERMANENT, msg_store_missing(str_from(location)));
    return error_set(err, ERROR_PERMANENT, msg_store_no_permission(str_from(path)));
}

static int open_file(struct sqlite_db *db, struct error *err)
{
    int flags =
        SQLITE_OPEN_NOMUTEX | (db->base.writable ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
    int code = sqlite3_open_v2(db->path, &db->handle, flags, NULL);
    if (code != SQLITE_OK)
        return sqlite_fail(db->handle, db->path, code, err);
    /* SQLite opens for reading what it may not write. */
    if (db->base.writable && sqlite3_db_readonly(db->handle, "main") == 1)
        return error_set(err, ERROR_PERMANENT, msg_store_no_permission(str_from(db->path)));
    return configure(db, err);
}

static struct sqlite_db *new_db(const char *location, const struct store_schema *schema,
                                enum store_access access)
{
    struct sqlite_db *db = calloc(1, sizeof *db);
    if (!db)
        return NULL;
    db->base = (struct store_db){
        .driver = &store_driver_sqlite, .schema = schema, .writable = access == STORE_WRITE};
    if (asprintf(&db->path, "%s/%s", location, schema->path) < 0) {
        free(db);
        return NULL;
    }
    return db;
}

int sqlite_open(struct store_db **out, const char *location, const struct store_schema *schema,
                enum store_access access, struct error *err)
{
    if (strlen(location) + strlen(schema->path) + sizeof "/-journal" > SQLITE_PATH_MAX)
        return error_set_errno(err, ENAMETOOLONG, str_from(location));
    struct sqlite_db *db CLEANUP(closep) = new_db(location, schema, access);
    if (!db)
        return error_set_memory(err);
    int rc = access == STORE_WRITE ? sqlite_make_files(location, schema, err)
                                   : missing(location, db->path, err);
    if (rc == 0)
        rc = open_file(db, err);
    if (rc == 0)
        rc = migrate(db, err);
    if (rc < 0)
        return rc;
    *out = &db->base;
    db = NULL;
    return 0;
}
