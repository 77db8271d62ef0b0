/* Domains. */
#include "base/domain.h"

#include "store/messages.h"
#include "store/query.h"

/* A domain with its current policy, if it has one. */
#define SELECT_DOMAIN                                                                              \
    "SELECT d.name, d.created, p.policy_id, p.mode FROM domain d"                                  \
    " LEFT JOIN policy p ON p.domain = d.id"                                                       \
    " AND p.seq = (SELECT MAX(seq) FROM policy WHERE domain = d.id)"

struct domain_change {
    struct str name;
    int64_t now;
};

int domain_name_check(struct str name, struct error *err)
{
    struct buf ascii CLEANUP(buf_done);
    buf_init(&ascii, DOMAIN_NAME_MAX + 1);
    if (domain_check(name) == DOMAIN_OK && domain_to_ascii(name, &ascii) &&
        str_eq(buf_view(&ascii), name))
        return 0;
    if (ascii.failed)
        return error_set_memory(err);
    return error_set(err, ERROR_PERMANENT, msg_store_domain_invalid(name));
}

int domain_id(struct store_db *db, struct str name, int64_t *id, struct error *err)
{
    return query_number(db, "SELECT id FROM domain WHERE name = $1", id, err, V_TEXT(name));
}

static int add_body(struct store_db *db, void *context, struct error *err)
{
    const struct domain_change *c = context;
    int64_t id;
    int rc = domain_id(db, c->name, &id, err);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    rc = query_run(db, "INSERT INTO domain (name, created) VALUES ($1, $2)", err, V_TEXT(c->name),
                   V_INT(c->now));
    if (rc == 0)
        rc = change_append(db, STORE_CHANGE_DOMAIN, c->name, err);
    return rc < 0 ? rc : 1;
}

int store_domain_add(struct store *s, struct str name, int64_t now, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_CONTROL, STORE_WRITE, err);
    if (!db)
        return -ERROR_BUG;
    int rc = domain_name_check(name, err);
    if (rc < 0)
        return rc;
    return store_transaction(db, add_body, &(struct domain_change){name, now}, err);
}

int domain_remember_stamp(struct store_db *db, int64_t id, struct str name, int64_t now,
                          struct error *err)
{
    int64_t stamp;
    int rc =
        query_number(db, "SELECT stamp FROM policy WHERE domain = $1 ORDER BY seq DESC LIMIT 1",
                     &stamp, err, V_INT(id));
    if (rc <= 0)
        return rc;
    return query_run(db,
                     "INSERT INTO removed_domain (name, stamp, removed) VALUES ($1, $2, $3)"
                     " ON CONFLICT (name) DO UPDATE"
                     " SET stamp = excluded.stamp, removed = excluded.removed",
                     err, V_TEXT(name), V_INT(stamp), V_INT(now));
}

int domain_delete(struct store_db *db, int64_t id, struct str name, int64_t now, struct error *err)
{
    int rc = domain_remember_stamp(db, id, name, now, err);
    return rc < 0 ? rc : query_run(db, "DELETE FROM domain WHERE id = $1", err, V_INT(id));
}

static int remove_body(struct store_db *db, void *context, struct error *err)
{
    const struct domain_change *c = context;
    int64_t id;
    int rc = domain_id(db, c->name, &id, err);
    if (rc <= 0)
        return rc;
    rc = domain_delete(db, id, c->name, c->now, err);
    if (rc == 0)
        rc = change_append(db, STORE_CHANGE_DOMAIN, c->name, err);
    return rc < 0 ? rc : 1;
}

int store_domain_remove(struct store *s, struct str name, int64_t now, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_CONTROL, STORE_WRITE, err);
    if (!db)
        return -ERROR_BUG;
    return store_transaction(db, remove_body, &(struct domain_change){name, now}, err);
}

static struct store_domain read_row(const struct store_query *q)
{
    struct store_domain row = {
        .name = query_str(q, 0), .created = query_int(q, 1), .policy_id = query_str(q, 2)};
    row.has_policy = sts_mode_parse(query_str(q, 3), &row.mode);
    return row;
}

int store_domain_get(struct store *s, struct str name, struct arena *arena,
                     struct store_domain *out, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_CONTROL, STORE_READ, err);
    if (!db)
        return -ERROR_BUG;
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc = query_open(&q, db, SELECT_DOMAIN " WHERE d.name = $1", err, V_TEXT(name));
    if (rc == 0)
        rc = query_step(&q, err);
    if (rc <= 0)
        return rc;
    struct store_domain row = read_row(&q);
    row.name = arena_str(arena, row.name);
    row.policy_id = arena_str(arena, row.policy_id);
    if (arena->failed)
        return error_set_memory(err);
    *out = row;
    return 1;
}

int store_domain_list(struct store *s, struct str after, unsigned limit,
                      int (*each)(void *context, const struct store_domain *row), void *context,
                      struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_CONTROL, STORE_READ, err);
    if (!db)
        return -ERROR_BUG;
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc = query_open(&q, db, SELECT_DOMAIN " WHERE d.name > $1 ORDER BY d.name LIMIT $2", err,
                        V_TEXT(after), V_INT(page_limit(limit)));
    while (rc == 0 && (rc = query_step(&q, err)) == 1) {
        struct store_domain row = read_row(&q);
        rc = each(context, &row);
    }
    return rc;
}

int store_domain_count(struct store *s, uint64_t *out, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_CONTROL, STORE_READ, err);
    if (!db)
        return -ERROR_BUG;
    int64_t n = 0;
    int rc = query_number(db, "SELECT COUNT(*) FROM domain", &n, err);
    if (rc < 0)
        return rc;
    *out = (uint64_t)n;
    return 0;
}
