/* The machines that serve from this store. */
#include "store/messages.h"
#include "store/query.h"

struct node_change {
    struct str id;
    int64_t now;
    bool has_applied;
    uint64_t applied, applied_secrets;
};

static int check_id(struct str id, struct error *err)
{
    bool ok = id.n >= 1 && id.n <= STORE_NODE_ID_MAX;
    for (size_t i = 0; ok && i < id.n; i++)
        ok = ascii_is_alnum(id.p[i]) || id.p[i] == '-';
    return ok ? 0 : error_set(err, ERROR_PERMANENT, msg_store_node_invalid(id));
}

static int report_body(struct store_db *db, void *context, struct error *err)
{
    const struct node_change *c = context;
    int rc = c->has_applied ? query_run(db,
                                        "INSERT INTO node (id, seen, applied, applied_secrets)"
                                        " VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE"
                                        " SET seen = excluded.seen, applied = excluded.applied,"
                                        " applied_secrets = excluded.applied_secrets",
                                        err, V_TEXT(c->id), V_INT(c->now), V_INT(c->applied),
                                        V_INT(c->applied_secrets))
                            : query_run(db,
                                        "INSERT INTO node (id, seen, applied) VALUES ($1, $2, 0)"
                                        " ON CONFLICT (id) DO UPDATE SET seen = excluded.seen",
                                        err, V_TEXT(c->id), V_INT(c->now));
    return rc < 0 ? rc : 1;
}

static int report(struct store *s, struct node_change c, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_CONTROL, STORE_WRITE, err);
    if (!db)
        return -ERROR_BUG;
    int rc = check_id(c.id, err);
    if (rc == 0)
        rc = store_transaction(db, report_body, &c, err);
    return rc < 0 ? rc : 0;
}

int store_node_seen(struct store *s, struct str id, int64_t now, struct error *err)
{
    return report(s, (struct node_change){.id = id, .now = now}, err);
}

int store_node_applied(struct store *s, struct str id, uint64_t control_seq, uint64_t secrets_seq,
                       int64_t now, struct error *err)
{
    return report(s,
                  (struct node_change){.id = id,
                                       .now = now,
                                       .has_applied = true,
                                       .applied = control_seq,
                                       .applied_secrets = secrets_seq},
                  err);
}

static int remove_body(struct store_db *db, void *context, struct error *err)
{
    const struct str *id = context;
    int64_t there;
    int rc = query_number(db, "SELECT 1 FROM node WHERE id = $1", &there, err, V_TEXT(*id));
    if (rc <= 0)
        return rc;
    rc = query_run(db, "DELETE FROM node WHERE id = $1", err, V_TEXT(*id));
    return rc < 0 ? rc : 1;
}

int store_node_remove(struct store *s, struct str id, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_CONTROL, STORE_WRITE, err);
    if (!db)
        return -ERROR_BUG;
    return store_transaction(db, remove_body, &id, err);
}

int store_node_list(struct store *s, int (*each)(void *context, const struct store_node *row),
                    void *context, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_CONTROL, STORE_READ, err);
    if (!db)
        return -ERROR_BUG;
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc =
        query_open(&q, db, "SELECT id, seen, applied, applied_secrets FROM node ORDER BY id", err);
    while (rc == 0 && (rc = query_step(&q, err)) == 1) {
        struct store_node row = {query_str(&q, 0), query_int(&q, 1), (uint64_t)query_int(&q, 2),
                                 (uint64_t)query_int(&q, 3)};
        rc = each(context, &row);
    }
    return rc;
}
