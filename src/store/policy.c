/* Policies with their history. */
#include "base/timefmt.h"
#include "store/messages.h"
#include "store/query.h"

/* The last second whose year has four digits: ids keep their form. */
#define STAMP_MAX 253402300799

#define COLUMNS       "d.name, p.seq, p.policy_id, p.mode, p.max_age, p.mx, p.body, p.created, p.stamp"
#define SELECT_POLICY "SELECT " COLUMNS " FROM domain d JOIN policy p ON p.domain = d.id"

/* What a line of the policy has besides the pattern: "mx: " and CR LF. */
#define MX_LINE_EXTRA 6

/* One row's parts are small beside the policy's text, which is capped. */
#define ROW_ARENA_MAX (STS_POLICY_TEXT_MAX * 64)

struct policy_change {
    struct str domain;
    const struct sts_policy *policy;
    int64_t now;
    struct store_policy_id id; /* the result */
};

/* "a b c" as an array; an empty text has no parts. */
bool policy_split_mx(struct str joined, struct arena *arena, struct sts_policy *out)
{
    size_t n = joined.n ? 1 : 0;
    for (size_t i = 0; i < joined.n; i++)
        n += joined.p[i] == ' ';
    struct str *mx = arena_array(arena, n, sizeof *mx);
    if (!mx)
        return false;
    for (size_t i = 0; i < n; i++)
        str_cut(joined, ' ', &mx[i], &joined);
    out->mx = mx;
    out->mx_count = n;
    return true;
}

/* The row as it stands; texts belong to the query, the array of patterns to the arena. */
static int read_row(const struct store_query *q, struct arena *arena, struct store_policy *out,
                    struct error *err)
{
    struct store_policy row = {.domain = query_str(q, 0),
                               .seq = (uint64_t)query_int(q, 1),
                               .id = query_str(q, 2),
                               .text = query_str(q, 6),
                               .created = query_int(q, 7)};
    row.policy.max_age = (uint32_t)query_int(q, 4);
    if (!sts_mode_parse(query_str(q, 3), &row.policy.mode))
        return error_set(err, ERROR_PERMANENT, msg_store_policy_unreadable(row.domain, row.seq));
    if (!policy_split_mx(query_str(q, 5), arena, &row.policy))
        return error_set_memory(err);
    *out = row;
    return 0;
}

/* The same with texts of its own. */
static int copy_row(const struct store_query *q, struct arena *arena, struct store_policy *out,
                    struct error *err)
{
    struct store_policy row = {.seq = 0};
    int rc = read_row(q, arena, &row, err);
    if (rc < 0)
        return rc;
    row.domain = arena_str(arena, row.domain);
    row.id = arena_str(arena, row.id);
    row.text = arena_str(arena, row.text);
    struct str joined = arena_str(arena, query_str(q, 5));
    if (arena->failed || !policy_split_mx(joined, arena, &row.policy))
        return error_set_memory(err);
    *out = row;
    return 0;
}

/* Calls each for every row of an open query. */
static int walk(struct store_query *q, int (*each)(void *context, const struct store_policy *row),
                void *context, struct error *err)
{
    struct arena arena CLEANUP(arena_done);
    arena_init(&arena, ROW_ARENA_MAX);
    int rc = 0;
    while (rc == 0 && (rc = query_step(q, err)) == 1) {
        struct store_policy row;
        arena_reset(&arena);
        rc = read_row(q, &arena, &row, err);
        if (rc == 0)
            rc = each(context, &row);
    }
    return rc;
}

/* The current policy of the domain with that row number. 1, 0 or a failure; *stamp goes with it. */
static int current_of(struct store_db *db, int64_t domain, struct arena *arena,
                      struct store_policy *out, int64_t *stamp, struct error *err)
{
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc = query_open(&q, db, SELECT_POLICY " WHERE d.id = $1 ORDER BY p.seq DESC LIMIT 1", err,
                        V_INT(domain));
    if (rc == 0)
        rc = query_step(&q, err);
    if (rc <= 0)
        return rc;
    rc = copy_row(&q, arena, out, err);
    *stamp = query_int(&q, 8);
    return rc < 0 ? rc : 1;
}

static void id_print(int64_t stamp, struct store_policy_id *id)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, sizeof id->text);
    time_print_compact(&text, stamp);
    snprintf(id->text, sizeof id->text, "%.*s", STR_ARG(buf_view(&text)));
}

/* The second that the new id spells: now, or the one after the last that this domain used. */
static int next_stamp(struct store_db *db, const struct policy_change *c, bool has_last,
                      int64_t last, int64_t *out, struct error *err)
{
    int64_t removed;
    int rc = query_number(db, "SELECT stamp FROM removed_domain WHERE name = $1", &removed, err,
                          V_TEXT(c->domain));
    if (rc < 0)
        return rc;
    if (rc == 1 && (!has_last || removed > last)) {
        last = removed;
        has_last = true;
    }
    int64_t stamp = has_last && last >= c->now ? last + 1 : c->now;
    if (stamp < 0 || stamp > STAMP_MAX)
        return error_set(err, ERROR_PERMANENT, msg_store_time(c->now));
    *out = stamp;
    return 0;
}

int policy_print_parts(struct str domain, const struct sts_policy *policy, struct buf *text,
                       struct buf *mx, struct error *err)
{
    size_t size = 0;
    for (size_t i = 0; i < policy->mx_count && size <= STS_POLICY_TEXT_MAX; i++)
        size += policy->mx[i].n + MX_LINE_EXTRA;
    if (size <= STS_POLICY_TEXT_MAX) {
        sts_policy_print(policy, text);
        for (size_t i = 0; i < policy->mx_count; i++) {
            if (i)
                buf_byte(mx, ' ');
            buf_str(mx, policy->mx[i]);
        }
        if (text->failed || mx->failed)
            return error_set_memory(err);
        size = text->n;
    }
    if (size > STS_POLICY_TEXT_MAX)
        return error_set(err, ERROR_PERMANENT, msg_store_policy_large(domain, STS_POLICY_TEXT_MAX));
    return 0;
}

static int insert_policy(struct store_db *db, int64_t domain, uint64_t seq, int64_t stamp,
                         const struct policy_change *c, struct error *err)
{
    struct buf text CLEANUP(buf_done), mx CLEANUP(buf_done);
    buf_init(&text, STS_POLICY_TEXT_MAX * 2);
    buf_init(&mx, STS_POLICY_TEXT_MAX);
    int rc = policy_print_parts(c->domain, c->policy, &text, &mx, err);
    if (rc < 0)
        return rc;
    return query_run(db,
                     "INSERT INTO policy (domain, seq, policy_id, stamp, mode, max_age, mx, body,"
                     " created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                     err, V_INT(domain), V_INT(seq), V_TEXT(str_from(c->id.text)), V_INT(stamp),
                     V_TEXT(str_from(sts_mode_name(c->policy->mode))), V_INT(c->policy->max_age),
                     V_TEXT(buf_view(&mx)), V_TEXT(buf_view(&text)), V_INT(c->now));
}

/* Makes c->policy the current one of the domain with that row number. 1; 0: it is already. */
static int write_change(struct store_db *db, int64_t domain, struct policy_change *c,
                        struct error *err)
{
    struct arena arena CLEANUP(arena_done);
    arena_init(&arena, ROW_ARENA_MAX);
    struct store_policy current = {.seq = 0};
    int64_t last = 0, stamp = 0;
    int rc = current_of(db, domain, &arena, &current, &last, err);
    if (rc < 0)
        return rc;
    if (rc == 1 && sts_policy_equal(&current.policy, c->policy)) {
        snprintf(c->id.text, sizeof c->id.text, "%.*s", STR_ARG(current.id));
        return 0;
    }
    rc = next_stamp(db, c, rc == 1, last, &stamp, err);
    if (rc < 0)
        return rc;
    id_print(stamp, &c->id);
    rc = insert_policy(db, domain, current.seq + 1, stamp, c, err);
    return rc < 0 ? rc : 1;
}

int policy_write(struct store_db *db, int64_t domain, struct str name,
                 const struct sts_policy *policy, int64_t now, struct store_policy_id *id,
                 struct error *err)
{
    struct policy_change c = {.domain = name, .policy = policy, .now = now};
    int rc = write_change(db, domain, &c, err);
    if (rc >= 0)
        *id = c.id;
    return rc;
}

int policy_forget(struct store_db *db, int64_t domain, struct str name, int64_t now,
                  struct error *err)
{
    int rc = domain_remember_stamp(db, domain, name, now, err);
    return rc < 0 ? rc : query_run(db, "DELETE FROM policy WHERE domain = $1", err, V_INT(domain));
}

static int set_body(struct store_db *db, void *context, struct error *err)
{
    struct policy_change *c = context;
    int64_t domain;
    int rc = domain_id(db, c->domain, &domain, err);
    if (rc <= 0)
        return rc < 0 ? rc : error_set(err, ERROR_PERMANENT, msg_store_domain_unknown(c->domain));
    rc = write_change(db, domain, c, err);
    if (rc <= 0)
        return rc;
    rc = change_append(db, STORE_CHANGE_POLICY, c->domain, err);
    return rc < 0 ? rc : 1;
}

int store_policy_set(struct store *s, struct str domain, const struct sts_policy *policy,
                     int64_t now, struct store_policy_id *id, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_CONTROL, STORE_WRITE, err);
    if (!db)
        return -ERROR_BUG;
    struct policy_change c = {.domain = domain, .policy = policy, .now = now};
    int rc = store_transaction(db, set_body, &c, err);
    if (rc >= 0 && id)
        *id = c.id;
    return rc;
}

/* The first row of an open query, copied. */
static int first_row(struct store_query *q, struct arena *arena, struct store_policy *out,
                     struct error *err)
{
    int rc = query_step(q, err);
    if (rc <= 0)
        return rc;
    rc = copy_row(q, arena, out, err);
    return rc < 0 ? rc : 1;
}

int store_policy_current(struct store *s, struct str domain, struct arena *arena,
                         struct store_policy *out, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_CONTROL, STORE_READ, err);
    if (!db)
        return -ERROR_BUG;
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc = query_open(&q, db, SELECT_POLICY " WHERE d.name = $1 ORDER BY p.seq DESC LIMIT 1", err,
                        V_TEXT(domain));
    return rc < 0 ? rc : first_row(&q, arena, out, err);
}

int store_policy_get(struct store *s, struct str domain, uint64_t seq, struct arena *arena,
                     struct store_policy *out, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_CONTROL, STORE_READ, err);
    if (!db)
        return -ERROR_BUG;
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc = query_open(&q, db, SELECT_POLICY " WHERE d.name = $1 AND p.seq = $2", err,
                        V_TEXT(domain), V_INT(seq));
    return rc < 0 ? rc : first_row(&q, arena, out, err);
}

int store_policy_history(struct store *s, struct str domain, uint64_t before, unsigned limit,
                         int (*each)(void *context, const struct store_policy *row), void *context,
                         struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_CONTROL, STORE_READ, err);
    if (!db)
        return -ERROR_BUG;
    if (before == 0 || before > INT64_MAX)
        before = INT64_MAX;
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc = query_open(
        &q, db, SELECT_POLICY " WHERE d.name = $1 AND p.seq < $2 ORDER BY p.seq DESC LIMIT $3", err,
        V_TEXT(domain), V_INT(before), V_INT(page_limit(limit)));
    return rc < 0 ? rc : walk(&q, each, context, err);
}

int store_body_each(struct store *s, int (*each)(void *context, const struct store_body *row),
                    void *context, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_CONTROL, STORE_READ, err);
    if (!db)
        return -ERROR_BUG;
    /* Both tables are walked in the order in which they lie. */
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc = query_open(&q, db,
                        "SELECT d.name, p.body FROM policy p JOIN domain d ON d.id = p.domain"
                        " WHERE p.seq = (SELECT MAX(seq) FROM policy WHERE domain = p.domain)"
                        " ORDER BY p.domain",
                        err);
    while (rc == 0 && (rc = query_step(&q, err)) == 1) {
        struct store_body row = {query_str(&q, 0), query_str(&q, 1)};
        rc = each(context, &row);
    }
    return rc;
}

int store_body_get(struct store *s, struct str domain, struct arena *arena, struct str *text,
                   struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_CONTROL, STORE_READ, err);
    if (!db)
        return -ERROR_BUG;
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc = query_open(&q, db,
                        "SELECT p.body FROM domain d JOIN policy p ON p.domain = d.id"
                        " WHERE d.name = $1 ORDER BY p.seq DESC LIMIT 1",
                        err, V_TEXT(domain));
    if (rc == 0)
        rc = query_step(&q, err);
    if (rc <= 0)
        return rc;
    struct str copy = arena_str(arena, query_str(&q, 0));
    if (arena->failed)
        return error_set_memory(err);
    *text = copy;
    return 1;
}
