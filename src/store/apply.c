/* Taking in the rows that the store shall be equal to. */
#include "store/apply.h"

#include "store/apply_parts.h"
#include "store/messages.h"

/* Parts of a row: its policy as text, and its patterns with blanks between. */
struct parts {
    struct buf text, mx;
};

static int take_policy(struct store_db *db, const struct store_apply_row *row, struct parts *parts,
                       struct error *err)
{
    struct str mode = STR("");
    uint32_t max_age = 0;
    buf_reset(&parts->text);
    buf_reset(&parts->mx);
    if (row->policy) {
        int rc = policy_print_parts(row->domain, row->policy, &parts->text, &parts->mx, err);
        if (rc < 0)
            return rc;
        mode = str_from(sts_mode_name(row->policy->mode));
        max_age = row->policy->max_age;
    }
    int64_t one;
    int rc =
        query_number(db, "SELECT 1 FROM apply_row WHERE name = $1", &one, err, V_TEXT(row->domain));
    if (rc == 1)
        return error_set(err, ERROR_PERMANENT, msg_store_apply_twice(row->domain));
    if (rc < 0)
        return rc;
    return query_run(db, "INSERT INTO apply_row (name, mode, max_age, mx) VALUES ($1, $2, $3, $4)",
                     err, V_TEXT(row->domain), V_TEXT(mode), V_INT(max_age),
                     V_TEXT(buf_view(&parts->mx)));
}

static int take_row(struct store_db *db, const struct store_apply_row *row, struct parts *parts,
                    struct error *err)
{
    int rc = domain_name_check(row->domain, err);
    if (rc == 0)
        rc = take_policy(db, row, parts, err);
    for (size_t i = 0; rc == 0 && i < row->setting_count; i++) {
        const struct store_setting *setting = &row->settings[i];
        rc = setting_check(setting->key, setting->value, err);
        if (rc == 0)
            rc = query_run(db,
                           "INSERT INTO apply_setting (name, key, value) VALUES ($1, $2, $3)"
                           " ON CONFLICT (name, key) DO UPDATE SET value = excluded.value",
                           err, V_TEXT(row->domain), V_TEXT(setting->key), V_TEXT(setting->value));
    }
    return rc;
}

/* One transaction over temporary tables alone: it locks nothing of the store. */
static int take_rows(struct store_db *db, const struct store_apply *in, struct error *err)
{
    struct parts parts;
    buf_init(&parts.text, STS_POLICY_TEXT_MAX * 2);
    buf_init(&parts.mx, STS_POLICY_TEXT_MAX);
    int rc = db->driver->begin_read(db, err);
    while (rc == 0) {
        struct store_apply_row row = {.domain = STR("")};
        rc = in->next(in->context, &row, err);
        if (rc <= 0)
            break;
        rc = take_row(db, &row, &parts, err);
    }
    buf_done(&parts.text);
    buf_done(&parts.mx);
    if (rc == 0)
        return db->driver->commit(db, err);
    db->driver->rollback(db);
    return rc;
}

static int make_equal(struct store_db *db, void *context, struct error *err)
{
    struct apply *a = context;
    int rc = apply_compare(db, a, err);
    if (rc < 0 || a->stopped)
        return rc;
    const struct store_apply_counts *n = &a->counts;
    if (n->added + n->changed + n->removed == 0)
        return 0;
    rc = apply_write(db, a, err);
    return rc < 0 ? rc : 1;
}

/* In one view of the store, and without its lock. */
static int only_compare(struct store_db *db, struct apply *a, struct error *err)
{
    int rc = db->driver->begin_read(db, err);
    if (rc == 0)
        rc = apply_compare(db, a, err);
    db->driver->rollback(db);
    return rc;
}

static int apply_with_tables(struct store_db *db, struct apply *a, struct error *err)
{
    int rc = take_rows(db, a->in, err);
    if (rc < 0)
        return rc;
    rc = a->in->dry_run ? only_compare(db, a, err) : store_transaction(db, make_equal, a, err);
    return rc < 0 ? rc : a->stopped;
}

int store_domains_apply(struct store *s, const struct store_apply *apply,
                        struct store_apply_counts *out, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_CONTROL, STORE_WRITE, err);
    if (!db)
        return -ERROR_BUG;
    struct apply a = {.in = apply};
    int rc = db->driver->bulk_begin(db, store_apply_tables, err);
    if (rc == 0)
        rc = apply_with_tables(db, &a, err);
    db->driver->bulk_end(db, store_apply_tables_end);
    if (rc == 0 && out)
        *out = a.counts;
    return rc;
}
