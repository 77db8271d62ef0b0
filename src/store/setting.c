/* Settings of the whole store and of a domain: two tables, one form. */
#include "store/messages.h"
#include "store/query.h"

struct setting_change {
    struct str domain, key;
    const struct str *value; /* NULL: the setting goes */
};

int setting_check(struct str key, struct str value, struct error *err)
{
    if (key.n >= 1 && key.n <= STORE_SETTING_KEY_MAX && value.n <= STORE_SETTING_VALUE_MAX)
        return 0;
    return error_set(err, ERROR_PERMANENT, msg_store_setting_large(key, STORE_SETTING_VALUE_MAX));
}

/* Opens a query for the value; no row when domain or key is not there. */
static int open_value(struct store_query *q, struct store_db *db, struct str domain, struct str key,
                      struct error *err)
{
    if (domain.n == 0)
        return query_open(q, db, "SELECT value FROM setting WHERE key = $1", err, V_TEXT(key));
    return query_open(q, db,
                      "SELECT s.value FROM domain d JOIN domain_setting s ON s.domain = d.id"
                      " WHERE d.name = $1 AND s.key = $2",
                      err, V_TEXT(domain), V_TEXT(key));
}

/* Whether what is stored is already what is wanted. 1: yes. */
static int is_already(struct store_db *db, const struct setting_change *c, struct error *err)
{
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc = open_value(&q, db, c->domain, c->key, err);
    if (rc == 0)
        rc = query_step(&q, err);
    if (rc < 0)
        return rc;
    if (!c->value)
        return rc == 0;
    return rc == 1 && str_eq(query_str(&q, 0), *c->value);
}

static int write_global(struct store_db *db, const struct setting_change *c, struct error *err)
{
    if (!c->value)
        return query_run(db, "DELETE FROM setting WHERE key = $1", err, V_TEXT(c->key));
    return query_run(db,
                     "INSERT INTO setting (key, value) VALUES ($1, $2)"
                     " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                     err, V_TEXT(c->key), V_TEXT(*c->value));
}

int setting_write(struct store_db *db, int64_t domain, struct str key, const struct str *value,
                  struct error *err)
{
    if (!value)
        return query_run(db, "DELETE FROM domain_setting WHERE domain = $1 AND key = $2", err,
                         V_INT(domain), V_TEXT(key));
    return query_run(db,
                     "INSERT INTO domain_setting (domain, key, value) VALUES ($1, $2, $3)"
                     " ON CONFLICT (domain, key) DO UPDATE SET value = excluded.value",
                     err, V_INT(domain), V_TEXT(key), V_TEXT(*value));
}

static int change_body(struct store_db *db, void *context, struct error *err)
{
    const struct setting_change *c = context;
    int64_t domain = 0;
    if (c->domain.n) {
        int rc = domain_id(db, c->domain, &domain, err);
        if (rc < 0)
            return rc;
        if (rc == 0 && c->value)
            return error_set(err, ERROR_PERMANENT, msg_store_domain_unknown(c->domain));
    }
    int rc = is_already(db, c, err);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    rc = c->domain.n ? setting_write(db, domain, c->key, c->value, err) : write_global(db, c, err);
    if (rc == 0)
        rc = c->domain.n ? change_append(db, STORE_CHANGE_DOMAIN_SETTING, c->domain, err)
                         : change_append(db, STORE_CHANGE_SETTING, c->key, err);
    return rc < 0 ? rc : 1;
}

static int change(struct store *s, struct setting_change c, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_CONTROL, STORE_WRITE, err);
    if (!db)
        return -ERROR_BUG;
    int rc = setting_check(c.key, c.value ? *c.value : STR(""), err);
    return rc < 0 ? rc : store_transaction(db, change_body, &c, err);
}

int store_setting_set(struct store *s, struct str domain, struct str key, struct str value,
                      struct error *err)
{
    return change(s, (struct setting_change){domain, key, &value}, err);
}

int store_setting_remove(struct store *s, struct str domain, struct str key, struct error *err)
{
    return change(s, (struct setting_change){domain, key, NULL}, err);
}

int store_setting_get(struct store *s, struct str domain, struct str key, struct arena *arena,
                      struct str *value, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_CONTROL, STORE_READ, err);
    if (!db)
        return -ERROR_BUG;
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc = open_value(&q, db, domain, key, err);
    if (rc == 0)
        rc = query_step(&q, err);
    if (rc <= 0)
        return rc;
    struct str copy = arena_str(arena, query_str(&q, 0));
    if (arena->failed)
        return error_set_memory(err);
    *value = copy;
    return 1;
}

int store_setting_list(struct store *s, struct str domain,
                       int (*each)(void *context, const struct store_setting *row), void *context,
                       struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_CONTROL, STORE_READ, err);
    if (!db)
        return -ERROR_BUG;
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc = domain.n ? query_open(&q, db,
                                   "SELECT s.key, s.value FROM domain d"
                                   " JOIN domain_setting s ON s.domain = d.id"
                                   " WHERE d.name = $1 ORDER BY s.key",
                                   err, V_TEXT(domain))
                      : query_open(&q, db, "SELECT key, value FROM setting ORDER BY key", err);
    while (rc == 0 && (rc = query_step(&q, err)) == 1) {
        struct store_setting row = {query_str(&q, 0), query_str(&q, 1)};
        rc = each(context, &row);
    }
    return rc;
}
