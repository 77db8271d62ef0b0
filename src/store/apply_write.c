/* Writing the differences that were noted. */
#include "store/apply_parts.h"
#include "store/messages.h"

#define POLICY_ARENA_MAX (STS_POLICY_TEXT_MAX * 64)

/* One of them, with the row that the domain shall be equal to. */
struct difference {
    struct str name;
    enum store_apply_kind kind;
    int64_t domain; /* 0: it is to be added */
    bool policy, settings;
    struct str mode; /* empty: no policy */
    uint32_t max_age;
    struct str mx;
};

static int write_policy(struct store_db *db, const struct difference *d, struct arena *arena,
                        int64_t now, struct error *err)
{
    if (!d->mode.n)
        return policy_forget(db, d->domain, d->name, now, err);
    struct sts_policy policy = {.max_age = d->max_age};
    struct store_policy_id id;
    arena_reset(arena);
    if (!sts_mode_parse(d->mode, &policy.mode))
        return error_set(err, ERROR_BUG, msg_store_policy_unreadable(d->name, 0));
    if (!policy_split_mx(d->mx, arena, &policy))
        return error_set_memory(err);
    int rc = policy_write(db, d->domain, d->name, &policy, now, &id, err);
    return rc < 0 ? rc : 0;
}

static int write_settings(struct store_db *db, const struct difference *d, struct error *err)
{
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc = query_open(&q, db, "SELECT key, value FROM apply_setting WHERE name = $1", err,
                        V_TEXT(d->name));
    while (rc == 0 && (rc = query_step(&q, err)) == 1) {
        struct str value = query_str(&q, 1);
        rc = setting_write(db, d->domain, query_str(&q, 0), value.n ? &value : NULL, err);
    }
    return rc;
}

static enum store_change_kind change_kind(const struct difference *d)
{
    if (d->kind != STORE_APPLY_CHANGED || (d->policy && d->settings))
        return STORE_CHANGE_DOMAIN;
    return d->policy ? STORE_CHANGE_POLICY : STORE_CHANGE_DOMAIN_SETTING;
}

static int add_domain(struct store_db *db, struct difference *d, int64_t now, struct error *err)
{
    /* RETURNING would make a table for its one row each time. Numbers only rise. */
    int rc = query_run(db, "INSERT INTO domain (name, created) VALUES ($1, $2)", err,
                       V_TEXT(d->name), V_INT(now));
    if (rc == 0)
        rc = query_number(db, "SELECT MAX(id) FROM domain", &d->domain, err);
    d->policy = d->mode.n > 0;
    d->settings = true;
    return rc < 0 ? rc : 0;
}

static int write_one(struct store_db *db, struct difference *d, struct arena *arena, int64_t now,
                     struct error *err)
{
    int rc = 0;
    if (d->kind == STORE_APPLY_REMOVED)
        rc = domain_delete(db, d->domain, d->name, now, err);
    if (d->kind == STORE_APPLY_ADDED)
        rc = add_domain(db, d, now, err);
    if (rc >= 0 && d->policy)
        rc = write_policy(db, d, arena, now, err);
    if (rc >= 0 && d->settings)
        rc = write_settings(db, d, err);
    if (rc >= 0)
        rc = change_append(db, change_kind(d), d->name, err);
    return rc < 0 ? rc : 0;
}

int apply_write(struct store_db *db, const struct apply *a, struct error *err)
{
    struct arena arena CLEANUP(arena_done);
    arena_init(&arena, POLICY_ARENA_MAX);
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc = query_open(&q, db,
                        "SELECT f.name, f.kind, f.domain, f.policy, f.settings,"
                        " r.mode, r.max_age, r.mx FROM apply_difference f"
                        " LEFT JOIN apply_row r ON r.name = f.name ORDER BY f.name",
                        err);
    while (rc == 0 && (rc = query_step(&q, err)) == 1) {
        struct difference d = {.name = query_str(&q, 0),
                               .kind = (enum store_apply_kind)query_int(&q, 1),
                               .domain = query_int(&q, 2),
                               .policy = query_int(&q, 3) != 0,
                               .settings = query_int(&q, 4) != 0,
                               .mode = query_str(&q, 5),
                               .max_age = (uint32_t)query_int(&q, 6),
                               .mx = query_str(&q, 7)};
        rc = write_one(db, &d, &arena, a->in->now, err);
    }
    return rc;
}
