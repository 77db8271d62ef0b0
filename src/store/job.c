/* What is being done for each name, and who does it. */
#include "store/acme.h"
#include "store/messages.h"
#include "store/query.h"

#define COLUMNS                                                                                    \
    "name, due, failures, problem, tried, certificate, ca, profile, certificate_id,"               \
    " window_start, window_end, window_asked, order_url, owner, lease"
#define WITH_KEY    COLUMNS ", order_key"
#define WITHOUT_KEY COLUMNS ", ''"

/* The texts of a row, each as long as may be. */
#define ROW_TEXT_MAX ((size_t)STORE_JOB_TEXT_MAX * 10)

static int check(const struct store_job *in, struct error *err)
{
    const struct {
        const char *what;
        struct str text;
    } texts[] = {
        {"problem", in->problem}, {"ca", in->ca},
        {"profile", in->profile}, {"certificate_id", in->certificate_id},
        {"order", in->order},     {"key", in->key},
        {"owner", in->owner},
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (texts[i].text.n > STORE_JOB_TEXT_MAX)
            return error_set(err, ERROR_PERMANENT,
                             msg_store_job_invalid(in->name, str_from(texts[i].what)));
    }
    return 0;
}

/* Nobody can have a name that stands for nobody. */
static int check_owner(struct str name, struct str owner, struct error *err)
{
    if (owner.n >= 1 && owner.n <= STORE_JOB_TEXT_MAX)
        return 0;
    return error_set(err, ERROR_PERMANENT, msg_store_job_invalid(name, STR("owner")));
}

/* The row; texts belong to the query. */
static struct store_job read_row(const struct store_query *q)
{
    return (struct store_job){.name = query_str(q, 0),
                              .due = query_int(q, 1),
                              .failures = (uint64_t)query_int(q, 2),
                              .problem = query_str(q, 3),
                              .tried = query_int(q, 4),
                              .certificate = query_int(q, 5),
                              .ca = query_str(q, 6),
                              .profile = query_str(q, 7),
                              .certificate_id = query_str(q, 8),
                              .window_start = query_int(q, 9),
                              .window_end = query_int(q, 10),
                              .window_asked = query_int(q, 11),
                              .order = query_str(q, 12),
                              .owner = query_str(q, 13),
                              .lease = query_int(q, 14),
                              .key = query_str(q, 15)};
}

/* The same with texts of its own. False: no memory. */
static bool copy_row(const struct store_query *q, struct arena *arena, struct store_job *out)
{
    struct store_job row = read_row(q);
    struct str *const texts[] = {&row.name,           &row.problem, &row.ca,    &row.profile,
                                 &row.certificate_id, &row.order,   &row.owner, &row.key};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        *texts[i] = arena_str(arena, *texts[i]);
    if (arena->failed)
        return false;
    *out = row;
    return true;
}

/* ---- adding, removing, looking ---- */

struct addition {
    const struct str *names;
    size_t count;
    int64_t due;
    uint64_t added; /* the result */
};

static int add_body(struct store_db *db, void *context, struct error *err)
{
    struct addition *a = context;
    for (size_t i = 0; i < a->count; i++) {
        int64_t one;
        int rc = domain_name_check(a->names[i], err);
        if (rc == 0)
            rc = query_number(db, "SELECT 1 FROM job WHERE name = $1", &one, err,
                              V_TEXT(a->names[i]));
        if (rc == 1)
            continue;
        if (rc == 0)
            rc = query_run(db, "INSERT INTO job (name, due) VALUES ($1, $2)", err,
                           V_TEXT(a->names[i]), V_INT(a->due));
        if (rc < 0)
            return rc;
        a->added++;
    }
    return a->added > 0;
}

int store_jobs_add(struct store *s, const struct str *names, size_t count, int64_t due,
                   uint64_t *added, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_WRITE, err);
    if (!db)
        return -ERROR_BUG;
    struct addition a = {.names = names, .count = count, .due = due};
    int rc = store_transaction(db, add_body, &a, err);
    if (rc >= 0 && added)
        *added = a.added;
    return rc;
}

static int remove_body(struct store_db *db, void *context, struct error *err)
{
    const struct str *name = context;
    return query_number(db, "DELETE FROM job WHERE name = $1 RETURNING 1", &(int64_t){0}, err,
                        V_TEXT(*name));
}

int store_job_remove(struct store *s, struct str name, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_WRITE, err);
    return db ? store_transaction(db, remove_body, &name, err) : -ERROR_BUG;
}

int store_job_get(struct store *s, struct str name, struct arena *arena, struct store_job *out,
                  struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_READ, err);
    if (!db)
        return -ERROR_BUG;
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc = query_open(&q, db, "SELECT " WITH_KEY " FROM job WHERE name = $1", err, V_TEXT(name));
    if (rc == 0)
        rc = query_step(&q, err);
    if (rc <= 0)
        return rc;
    return copy_row(&q, arena, out) ? 1 : error_set_memory(err);
}

int store_job_list(struct store *s, struct str after, unsigned limit,
                   int (*each)(void *context, const struct store_job *row), void *context,
                   struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_READ, err);
    if (!db)
        return -ERROR_BUG;
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc =
        query_open(&q, db, "SELECT " WITHOUT_KEY " FROM job WHERE name > $1 ORDER BY name LIMIT $2",
                   err, V_TEXT(after), V_INT(page_limit(limit)));
    while (rc == 0 && (rc = query_step(&q, err)) == 1) {
        struct store_job row = read_row(&q);
        rc = each(context, &row);
    }
    return rc;
}

/* ---- who has what in hand ---- */

struct taking {
    struct str owner;
    int64_t now, lease_until;
    unsigned limit;
    struct arena *arena;
    struct store_job *rows; /* twice the limit */
    unsigned count;
};

static int compare_due(const void *a, const void *b)
{
    const struct store_job *x = a, *y = b;
    if (x->due != y->due)
        return x->due < y->due ? -1 : 1;
    return str_cmp(x->name, y->name);
}

static int find_rows(struct store_db *db, const char *sql, struct taking *t, struct error *err)
{
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc = query_open(&q, db, sql, err, V_INT(t->now), V_INT(t->limit));
    while (rc == 0 && (rc = query_step(&q, err)) == 1) {
        rc = copy_row(&q, t->arena, &t->rows[t->count]) ? 0 : error_set_memory(err);
        t->count += rc == 0;
    }
    return rc;
}

/* Free ones and those whose lease has passed, each from the beginning of an index, whatever its
 * length. One statement for both would make SQLite build a table each time. */
static int find_due(struct store_db *db, struct taking *t, struct error *err)
{
    int rc = find_rows(db,
                       "SELECT " WITH_KEY " FROM job WHERE owner = '' AND due <= $1"
                       " ORDER BY due, name LIMIT $2",
                       t, err);
    unsigned free_ones = t->count;
    if (rc == 0)
        rc = find_rows(db,
                       "SELECT " WITH_KEY " FROM job WHERE owner <> '' AND lease <= $1"
                       " AND due <= $1 ORDER BY due, name LIMIT $2",
                       t, err);
    if (rc == 0 && t->count > free_ones)
        qsort(t->rows, t->count, sizeof *t->rows, compare_due);
    if (t->count > t->limit)
        t->count = t->limit;
    return rc;
}

static int take_body(struct store_db *db, void *context, struct error *err)
{
    struct taking *t = context;
    int rc = find_due(db, t, err);
    for (unsigned i = 0; rc == 0 && i < t->count; i++) {
        t->rows[i].owner = t->owner;
        t->rows[i].lease = t->lease_until;
        rc = query_run(db, "UPDATE job SET owner = $1, lease = $2 WHERE name = $3", err,
                       V_TEXT(t->owner), V_INT(t->lease_until), V_TEXT(t->rows[i].name));
    }
    return rc < 0 ? rc : t->count > 0;
}

int store_jobs_take(struct store *s, struct str owner, int64_t now, int64_t lease_until,
                    unsigned limit, int (*each)(void *context, const struct store_job *row),
                    void *context, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_WRITE, err);
    if (!db)
        return -ERROR_BUG;
    int rc = check_owner(STR("-"), owner, err);
    if (rc < 0)
        return rc;
    struct arena arena CLEANUP(arena_done);
    arena_init(&arena, STORE_PAGE_MAX * 2 * ROW_TEXT_MAX);
    limit = page_limit(limit);
    struct taking t = {.owner = owner,
                       .now = now,
                       .lease_until = lease_until,
                       .limit = limit,
                       .arena = &arena,
                       .rows = arena_array(&arena, (size_t)limit * 2, sizeof *t.rows)};
    if (!t.rows)
        return error_set_memory(err);
    rc = store_transaction(db, take_body, &t, err);
    if (rc <= 0)
        return rc;
    rc = 0;
    for (unsigned i = 0; rc == 0 && i < t.count; i++)
        rc = each(context, &t.rows[i]);
    return rc;
}

static int take_one_body(struct store_db *db, void *context, struct error *err)
{
    const struct store_job *t = context;
    return query_number(db,
                        "UPDATE job SET owner = $1, lease = $2 WHERE name = $3"
                        " AND (owner = '' OR owner = $1 OR lease <= $4) RETURNING 1",
                        &(int64_t){0}, err, V_TEXT(t->owner), V_INT(t->lease), V_TEXT(t->name),
                        V_INT(t->tried));
}

int store_job_take(struct store *s, struct str name, struct str owner, int64_t now,
                   int64_t lease_until, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_WRITE, err);
    if (!db)
        return -ERROR_BUG;
    int rc = check_owner(name, owner, err);
    if (rc < 0)
        return rc;
    struct store_job t = {.name = name, .owner = owner, .lease = lease_until, .tried = now};
    return store_transaction(db, take_one_body, &t, err);
}

static int write_body(struct store_db *db, void *context, struct error *err)
{
    const struct store_job *in = context;
    return query_number(
        db,
        "UPDATE job SET due = $1, failures = $2, problem = $3, tried = $4, certificate = $5,"
        " ca = $6, profile = $7, certificate_id = $8, window_start = $9, window_end = $10,"
        " window_asked = $11, order_url = $12, order_key = $13, lease = $14,"
        " owner = CASE WHEN $14 = 0 THEN '' ELSE owner END"
        " WHERE name = $15 AND owner = $16 RETURNING 1",
        &(int64_t){0}, err, V_INT(in->due), V_INT(in->failures), V_TEXT(in->problem),
        V_INT(in->tried), V_INT(in->certificate), V_TEXT(in->ca), V_TEXT(in->profile),
        V_TEXT(in->certificate_id), V_INT(in->window_start), V_INT(in->window_end),
        V_INT(in->window_asked), V_TEXT(in->order), V_BYTES(in->key), V_INT(in->lease),
        V_TEXT(in->name), V_TEXT(in->owner));
}

int store_job_put(struct store *s, const struct store_job *in, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_WRITE, err);
    if (!db)
        return -ERROR_BUG;
    struct store_job copy = *in;
    int rc = check_owner(in->name, in->owner, err);
    if (rc == 0)
        rc = check(in, err);
    return rc < 0 ? rc : store_transaction(db, write_body, &copy, err);
}

/* ---- all at once ---- */

static int release_body(struct store_db *db, void *context, struct error *err)
{
    const struct str *owner = context;
    return query_number(db,
                        "UPDATE job SET owner = '', lease = 0"
                        " WHERE owner <> '' AND owner = $1 RETURNING 1",
                        &(int64_t){0}, err, V_TEXT(*owner));
}

int store_jobs_release(struct store *s, struct str owner, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_WRITE, err);
    return db ? store_transaction(db, release_body, &owner, err) : -ERROR_BUG;
}

static int hasten_body(struct store_db *db, void *context, struct error *err)
{
    const struct store_job *c = context;
    if (c->name.n)
        return query_number(db, "UPDATE job SET due = $1 WHERE name = $2 AND due > $1 RETURNING 1",
                            &(int64_t){0}, err, V_INT(c->due), V_TEXT(c->name));
    int64_t later = 0;
    int rc = query_number(db, "SELECT EXISTS (SELECT 1 FROM job WHERE due > $1)", &later, err,
                          V_INT(c->due));
    if (rc < 0 || !later)
        return rc < 0 ? rc : 0;
    rc = query_run(db, "UPDATE job SET due = $1 WHERE due > $1", err, V_INT(c->due));
    return rc < 0 ? rc : 1;
}

int store_jobs_hasten(struct store *s, struct str name, int64_t due, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_WRITE, err);
    if (!db)
        return -ERROR_BUG;
    return store_transaction(db, hasten_body, &(struct store_job){.name = name, .due = due}, err);
}

int store_jobs_next(struct store *s, int64_t now, int64_t *due, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_READ, err);
    if (!db)
        return -ERROR_BUG;
    /* Both at one moment is not needed: who waits for the answer asks again. */
    int64_t first = 0, lapsed = 0;
    int is_free =
        query_number(db, "SELECT due FROM job WHERE owner = '' ORDER BY due LIMIT 1", &first, err);
    if (is_free < 0)
        return is_free;
    int is_held = query_number(
        db, "SELECT due FROM job WHERE owner <> '' AND lease <= $1 ORDER BY due LIMIT 1", &lapsed,
        err, V_INT(now));
    if (is_held < 0)
        return is_held;
    if (is_free || is_held)
        *due = is_free && (!is_held || first <= lapsed) ? first : lapsed;
    return is_free || is_held;
}
