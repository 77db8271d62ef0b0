/* What checks saw of domains. */
#include "store/messages.h"
#include "store/query.h"

static int check_form(struct str domain, const struct store_seen *in, struct error *err)
{
    struct str what = STR("");
    if (in->id.n > STORE_SEEN_ID_MAX)
        what = STR("id");
    else if (in->body_hash.n > STORE_SEEN_HASH_MAX)
        what = STR("body_hash");
    else if ((unsigned)in->mode > STS_MODE_ENFORCE)
        what = STR("mode");
    else if (in->max_age > STS_MAX_AGE_MAX)
        what = STR("max_age");
    if (what.n)
        return error_set(err, ERROR_PERMANENT, msg_store_seen_invalid(domain, what));
    return domain_name_check(domain, err);
}

struct seen_change {
    struct str domain;
    const struct store_seen *in;
};

static int put_body(struct store_db *db, void *context, struct error *err)
{
    const struct seen_change *c = context;
    int rc = query_run(
        db,
        "INSERT INTO seen_domain (domain, at, policy_id, body_hash, mode, max_age, enforce_until,"
        " testing_since) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        " ON CONFLICT (domain) DO UPDATE SET at = excluded.at, policy_id = excluded.policy_id,"
        " body_hash = excluded.body_hash, mode = excluded.mode, max_age = excluded.max_age,"
        " enforce_until = excluded.enforce_until, testing_since = excluded.testing_since",
        err, V_TEXT(c->domain), V_INT(c->in->at), V_TEXT(c->in->id), V_TEXT(c->in->body_hash),
        V_TEXT(str_from(sts_mode_name(c->in->mode))), V_INT(c->in->max_age),
        V_INT(c->in->enforce_until), V_INT(c->in->testing_since));
    return rc < 0 ? rc : 1;
}

int store_seen_put(struct store *s, struct str domain, const struct store_seen *in,
                   struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_OUTBOUND, STORE_WRITE, err);
    if (!db)
        return -ERROR_BUG;
    int rc = check_form(domain, in, err);
    return rc < 0 ? rc : store_transaction(db, put_body, &(struct seen_change){domain, in}, err);
}

int store_seen_get(struct store *s, struct str domain, struct arena *arena, struct store_seen *out,
                   struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_OUTBOUND, STORE_READ, err);
    if (!db)
        return -ERROR_BUG;
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc = query_open(&q, db,
                        "SELECT at, policy_id, body_hash, mode, max_age, enforce_until,"
                        " testing_since FROM seen_domain WHERE domain = $1",
                        err, V_TEXT(domain));
    if (rc == 0)
        rc = query_step(&q, err);
    if (rc <= 0)
        return rc;
    struct store_seen row = {.at = query_int(&q, 0),
                             .id = arena_str(arena, query_str(&q, 1)),
                             .body_hash = arena_str(arena, query_str(&q, 2)),
                             .max_age = (uint32_t)query_int(&q, 4),
                             .enforce_until = query_int(&q, 5),
                             .testing_since = query_int(&q, 6)};
    if (!sts_mode_parse(query_str(&q, 3), &row.mode))
        return error_set(err, ERROR_PERMANENT, msg_store_seen_invalid(domain, STR("mode")));
    if (arena->failed)
        return error_set_memory(err);
    *out = row;
    return 1;
}
