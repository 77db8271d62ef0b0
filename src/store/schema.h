/*
 * schema.h - what each database of the store consists of.
 *
 * For src/store only. A database's form is a numbered list of migrations: number n brings version
 * n-1 to version n, and what is written there never changes once it was released. A driver applies
 * what is missing, each in a transaction with its row in schema_version, and refuses a database
 * whose version it does not know.
 */
#ifndef SEALPOST_STORE_SCHEMA_H
#define SEALPOST_STORE_SCHEMA_H

#include "store/store.h"

struct store_schema {
    enum store_database database;
    const char *folder;       /* below the store's folder; NULL: in it */
    const char *file;         /* "control.db" */
    const char *path;         /* folder and file */
    const char *group;        /* who may open it besides its user */
    bool durable;             /* a commit is on the disk when it returns */
    bool wipe;                /* what is deleted is overwritten */
    uint32_t application_id;  /* in the file's header, so that file(1) and we know it */
    const char *const *steps; /* SQL for SQLite, number 1 first, ended by NULL */
};

/* The schemas, indexed by enum store_database. */
extern const struct store_schema store_schemas[STORE_DATABASE_COUNT];

/* Temporary tables of store_domains_apply: what the domains shall be, and what differs. SQL for
 * SQLite; the first also takes away what an earlier call has left. */
extern const char store_apply_tables[];
extern const char store_apply_tables_end[];

/* The version that this program knows: the number of steps. */
unsigned store_schema_version(const struct store_schema *schema);

#endif
