/*
 * driver.h - what the store needs of a database system; one file each fulfils it (sqlite.c).
 *
 * For src/store only. A driver knows nothing of domains or policies: it opens one database, runs
 * statements with bound values, and says in the words of store/messages.h what went wrong. What
 * stands in SQL is the same for every driver: parameters are $1, $2, ... and appear in that order
 * for the first time (SQLite numbers them so), values are 64-bit integers, texts and bytes, and
 * nothing beyond SQL that SQLite and PostgreSQL share is used outside a driver's migrations.
 */
#ifndef SEALPOST_STORE_DRIVER_H
#define SEALPOST_STORE_DRIVER_H

#include "store/schema.h"
#include "store/store.h"

enum store_value_type { STORE_INT, STORE_TEXT, STORE_BYTES };

/* One bound value. Texts and bytes are borrowed until the statement is finished. */
struct store_value {
    enum store_value_type type;
    int64_t i;
    struct str s;
};

#define V_INT(v)   ((struct store_value){.type = STORE_INT, .i = (int64_t)(v)})
#define V_TEXT(v)  ((struct store_value){.type = STORE_TEXT, .s = (v)})
#define V_BYTES(v) ((struct store_value){.type = STORE_BYTES, .s = (v)})

struct store_stmt; /* a driver's own */

/* An open database; each driver's struct begins with it. */
struct store_db {
    const struct store_driver *driver;
    const struct store_schema *schema;
    bool writable;
    bool changed_known; /* store_changed has been asked before */
    uint64_t marker;    /* what it saw then */
};

struct store_driver {
    const char *name;

    /* Opens the database that `schema` describes at `location`; for STORE_WRITE makes it with its
     * rights and brings it up to date. */
    int (*open)(struct store_db **out, const char *location, const struct store_schema *schema,
                enum store_access access, struct error *err);
    void (*close)(struct store_db *db);

    /* Statements without parameters and without rows, several separated by semicolons. */
    int (*exec)(struct store_db *db, const char *sql, struct error *err);

    int (*prepare)(struct store_db *db, const char *sql, struct store_stmt **out,
                   struct error *err);
    int (*bind)(struct store_stmt *stmt, unsigned index, const struct store_value *value,
                struct error *err);                                    /* index from 1 */
    int (*step)(struct store_stmt *stmt, struct error *err);           /* 1: a row; 0: the end */
    int64_t (*column_int)(struct store_stmt *stmt, unsigned index);    /* index from 0 */
    struct str (*column_str)(struct store_stmt *stmt, unsigned index); /* until the next step */
    /* The driver may keep what it prepared for the next time that the same SQL is asked for. */
    void (*finish)(struct store_db *db, struct store_stmt *stmt);

    /* A transaction that will write: waits for another's up to STORE_BUSY_MS. A commit that fails
     * has been rolled back. */
    int (*begin)(struct store_db *db, struct error *err);
    int (*commit)(struct store_db *db, struct error *err);
    void (*rollback)(struct store_db *db);

    /* A transaction that reads the store, or writes to temporary tables alone: it locks nothing,
     * and all that it reads is of one moment. It ends as the other does. */
    int (*begin_read)(struct store_db *db, struct error *err);

    /* Before and after a call that goes through very many rows: makes temporary tables by
     * `tables`, and takes them away by `end`; in between more memory is used. */
    int (*bulk_begin)(struct store_db *db, const char *tables, struct error *err);
    void (*bulk_end)(struct store_db *db, const char *end);

    /* A number that differs when another connection has committed since it was last asked. */
    int (*marker)(struct store_db *db, uint64_t *out, struct error *err);
};

extern const struct store_driver store_driver_sqlite;

#endif
