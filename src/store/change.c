/* The change logs. */
#include "store/messages.h"
#include "store/query.h"

/* What the log calls a kind; stored, so never to be renamed. */
static const char *const kind_names[] = {
    [STORE_CHANGE_DOMAIN] = "domain",           [STORE_CHANGE_POLICY] = "policy",
    [STORE_CHANGE_SETTING] = "setting",         [STORE_CHANGE_DOMAIN_SETTING] = "domain-setting",
    [STORE_CHANGE_CERTIFICATE] = "certificate", [STORE_CHANGE_CHALLENGE] = "challenge",
};

static enum store_change_kind kind_from_name(struct str name)
{
    for (unsigned i = 0; i < ARRAY_LEN(kind_names); i++) {
        if (str_eq(name, str_from(kind_names[i])))
            return (enum store_change_kind)i;
    }
    return STORE_CHANGE_OTHER;
}

int change_append(struct store_db *db, enum store_change_kind kind, struct str key,
                  struct error *err)
{
    return query_run(db, "INSERT INTO change (kind, key) VALUES ($1, $2)", err,
                     V_TEXT(str_from(kind_names[kind])), V_TEXT(key));
}

int change_last(struct store_db *db, uint64_t *seq, struct error *err)
{
    int64_t last = 0;
    int rc = query_number(db, "SELECT COALESCE(MAX(seq), 0) FROM change", &last, err);
    if (rc < 0)
        return rc;
    *seq = (uint64_t)last;
    return 0;
}

int store_changed(struct store *s, enum store_database database, struct error *err)
{
    struct store_db *db = store_db_for(s, database, STORE_READ, err);
    if (!db)
        return -ERROR_BUG;
    uint64_t marker;
    int rc = db->driver->marker(db, &marker, err);
    if (rc < 0)
        return rc;
    bool changed = !db->changed_known || marker != db->marker;
    db->changed_known = true;
    db->marker = marker;
    return changed;
}

int store_changes_since(struct store *s, enum store_database database, uint64_t seq,
                        int (*each)(void *context, const struct store_change *row), void *context,
                        struct error *err)
{
    struct store_db *db = store_db_for(s, database, STORE_READ, err);
    if (!db)
        return -ERROR_BUG;
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc =
        query_open(&q, db, "SELECT seq, kind, key FROM change WHERE seq > $1 ORDER BY seq LIMIT $2",
                   err, V_INT(seq), V_INT(STORE_PAGE_MAX));
    while (rc == 0 && (rc = query_step(&q, err)) == 1) {
        struct store_change row = {.seq = (uint64_t)query_int(&q, 0),
                                   .kind = kind_from_name(query_str(&q, 1)),
                                   .key = query_str(&q, 2)};
        rc = each(context, &row);
    }
    return rc;
}

int store_changes_last(struct store *s, enum store_database database, uint64_t *seq,
                       struct error *err)
{
    struct store_db *db = store_db_for(s, database, STORE_READ, err);
    if (!db)
        return -ERROR_BUG;
    return change_last(db, seq, err);
}
