/*
 * sqlite.h - what the files of the SQLite driver share.
 *
 * sqlite.c runs statements, sqlite_open.c opens and migrates, sqlite_files.c makes folders and
 * files with their rights.
 */
#ifndef SEALPOST_STORE_SQLITE_H
#define SEALPOST_STORE_SQLITE_H

#include <sqlite3.h>

#include "store/driver.h"

/* Statements that a database keeps prepared: more than one transaction uses. */
#define SQLITE_KEPT_MAX 16

struct sqlite_db {
    struct store_db base;
    sqlite3 *handle;
    char *path;                          /* for messages */
    sqlite3_stmt *kept[SQLITE_KEPT_MAX]; /* reset, without values; NULL: none */
    unsigned oldest;                     /* which is given up for the next */
};

/* Bytes of a database's path, with its NUL. */
#define SQLITE_PATH_MAX 4096

/* The error that SQLite's result code describes; `path` names the database, handle may be NULL. */
int sqlite_fail(sqlite3 *handle, const char *path, int code, struct error *err);

/* Statements of several, without rows. */
int sqlite_exec(struct store_db *base, const char *sql, struct error *err) NODISCARD;

/* Opens; see struct store_driver. */
int sqlite_open(struct store_db **out, const char *location, const struct store_schema *schema,
                enum store_access access, struct error *err) NODISCARD;
void sqlite_close(struct store_db *base);

/* Makes the folder of the store, the schema's own folder in it, and an empty file, where they are
 * missing; store.h says with which rights. */
int sqlite_make_files(const char *location, const struct store_schema *schema,
                      struct error *err) NODISCARD;

#endif
