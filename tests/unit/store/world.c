#include "world.h"

#include <ftw.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ARENA_MAX ((size_t)16 * 1024 * 1024)

void world_init_empty(struct world *w)
{
    /* In memory where there is such a place: syncing costs nothing there, and thousands of stores
     * are made. What a crash of the machine would leave is SQLite's business, not tested here. */
    const char *top = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    *w = (struct world){.base = ""};
    snprintf(w->base, sizeof w->base, "%s/sealpost-store-XXXXXX", top);
    assert_non_null(mkdtemp(w->base));
    snprintf(w->path, sizeof w->path, "%s/store", w->base);
    arena_init(&w->arena, ARENA_MAX);
}

void world_init(struct world *w)
{
    world_init_empty(w);
    struct store_options all = {{STORE_WRITE, STORE_WRITE, STORE_WRITE, STORE_WRITE}};
    assert_int_equal(store_open(&w->store, w->path, &all, &w->err), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void world_done(struct world *w)
{
    store_close(w->store);
    arena_done(&w->arena);
    nftw(w->base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int world_try(const struct world *w, enum store_database database, enum store_access access,
              struct store **out, struct error *err)
{
    struct store_options options = {{STORE_CLOSED}};
    options.access[database] = access;
    return store_open(out, w->path, &options, err);
}

struct store *world_open(const struct world *w, enum store_database database,
                         enum store_access access)
{
    struct store *s = NULL;
    struct error err;
    if (world_try(w, database, access, &s, &err) < 0)
        fail_msg("store_open: %s", err.msg.def->id);
    return s;
}

const char *world_file(const struct world *w, enum store_database database)
{
    static char path[192];
    snprintf(path, sizeof path, "%s/%s", w->path, store_file_name(database));
    return path;
}

void world_sql(const struct world *w, enum store_database database, const char *sql)
{
    sqlite3 *db = NULL;
    char *message = NULL;
    assert_int_equal(sqlite3_open(world_file(w, database), &db), SQLITE_OK);
    sqlite3_busy_timeout(db, STORE_BUSY_MS);
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
    sqlite3_close(db);
}

int64_t world_number(const struct world *w, enum store_database database, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_open(world_file(w, database), &db), SQLITE_OK);
    sqlite3_busy_timeout(db, STORE_BUSY_MS);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return number;
}

bool world_plan_uses_index(const struct world *w, enum store_database database, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    char explain[2048];
    bool ok = true;
    snprintf(explain, sizeof explain, "EXPLAIN QUERY PLAN %s", sql);
    assert_int_equal(sqlite3_open(world_file(w, database), &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, explain, -1, &stmt, NULL), SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        struct str step = str_from((const char *)sqlite3_column_text(stmt, 3));
        bool fine = !str_starts(step, STR("USE TEMP B-TREE")) &&
                    (!str_starts(step, STR("SCAN")) || str_find(step, STR("INDEX")) >= 0);
        if (!fine)
            print_error("%.*s\n", STR_ARG(step));
        ok = ok && fine;
    }
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return ok;
}

struct sts_policy sample_policy(uint32_t max_age)
{
    static const struct str mx[] = {STR_INIT("mx1.example.org"), STR_INIT("*.mail.example.org")};
    /* The array is only read: struct sts_policy is what a parser fills. */
    static struct str writable[ARRAY_LEN(mx)];
    for (size_t i = 0; i < ARRAY_LEN(mx); i++)
        writable[i] = mx[i];
    return (struct sts_policy){STS_MODE_TESTING, max_age, ARRAY_LEN(mx), writable};
}

bool world_soak(void)
{
    const char *soak = getenv("SEALPOST_SOAK");
    return soak && str_eq(str_from(soak), STR("1"));
}
