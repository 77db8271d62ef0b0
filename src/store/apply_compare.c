/* Finding the differences: two walks in the order of names, side by side. */
#include "store/apply_parts.h"
#include "store/messages.h"

/* Patterns of two policies. */
#define COMPARE_ARENA_MAX (STS_POLICY_TEXT_MAX * 64)

struct compare {
    struct store_db *db;
    struct apply *apply;
    struct arena arena;
    struct store_query wanted, stored, settings;
    int has_wanted, has_stored, has_setting; /* 1: the walk is at a row */
};

static int open_walks(struct compare *c, struct error *err)
{
    int rc = query_open(&c->wanted, c->db,
                        "SELECT name, mode, max_age, mx FROM apply_row ORDER BY name", err);
    if (rc == 0)
        rc = query_open(&c->stored, c->db,
                        "SELECT d.name, p.mode, p.max_age, p.mx, d.id FROM domain d"
                        " LEFT JOIN policy p ON p.domain = d.id"
                        " AND p.seq = (SELECT MAX(seq) FROM policy WHERE domain = d.id)"
                        " ORDER BY d.name",
                        err);
    /* The domains of which a setting differs; one of which several do comes several times. */
    if (rc == 0)
        rc = query_open(&c->settings, c->db,
                        "SELECT s.name FROM apply_setting s JOIN domain d ON d.name = s.name"
                        " LEFT JOIN domain_setting o ON o.domain = d.id AND o.key = s.key"
                        " WHERE COALESCE(o.value, '') <> s.value ORDER BY s.name",
                        err);
    if (rc == 0)
        rc = c->has_wanted = query_step(&c->wanted, err);
    if (rc >= 0)
        rc = c->has_stored = query_step(&c->stored, err);
    if (rc >= 0)
        rc = c->has_setting = query_step(&c->settings, err);
    return rc < 0 ? rc : 0;
}

static int read_policy(const struct store_query *q, struct arena *arena, struct sts_policy *out,
                       struct error *err)
{
    if (!sts_mode_parse(query_str(q, 1), &out->mode))
        return error_set(err, ERROR_PERMANENT, msg_store_policy_unreadable(query_str(q, 0), 0));
    out->max_age = (uint32_t)query_int(q, 2);
    return policy_split_mx(query_str(q, 3), arena, out) ? 0 : error_set_memory(err);
}

/* Whether the policies of both walks' rows mean the same. The order of patterns seldom differs. */
static int same_policy(struct compare *c, bool *same, struct error *err)
{
    struct str wanted = query_str(&c->wanted, 1);
    *same = str_eq(wanted, query_str(&c->stored, 1)) &&
            query_int(&c->wanted, 2) == query_int(&c->stored, 2);
    if (!*same || !wanted.n || str_eq(query_str(&c->wanted, 3), query_str(&c->stored, 3)))
        return 0;
    struct sts_policy a = {.mx_count = 0}, b = {.mx_count = 0};
    arena_reset(&c->arena);
    int rc = read_policy(&c->wanted, &c->arena, &a, err);
    if (rc == 0)
        rc = read_policy(&c->stored, &c->arena, &b, err);
    if (rc == 0)
        *same = sts_policy_equal(&a, &b);
    return rc;
}

/* Whether a setting of this domain differs. */
static int settings_differ(struct compare *c, struct str name, bool *differ, struct error *err)
{
    *differ = false;
    while (c->has_setting == 1) {
        int order = str_cmp(query_str(&c->settings, 0), name);
        if (order > 0)
            break;
        *differ = *differ || order == 0;
        c->has_setting = query_step(&c->settings, err);
    }
    return c->has_setting < 0 ? c->has_setting : 0;
}

static int tell(struct compare *c, const struct store_apply_difference *row, int64_t domain,
                struct error *err)
{
    const struct store_apply *in = c->apply->in;
    if (in->each)
        c->apply->stopped = in->each(in->context, row);
    if (c->apply->stopped || in->dry_run)
        return 0;
    return query_run(c->db,
                     "INSERT INTO apply_difference (name, kind, domain, policy, settings)"
                     " VALUES ($1, $2, $3, $4, $5)",
                     err, V_TEXT(row->domain), V_INT(row->kind), V_INT(domain), V_INT(row->policy),
                     V_INT(row->settings));
}

static int compare_both(struct compare *c, struct error *err)
{
    struct store_apply_difference row = {.kind = STORE_APPLY_CHANGED,
                                         .domain = query_str(&c->wanted, 0)};
    bool same;
    int rc = same_policy(c, &same, err);
    if (rc == 0)
        rc = settings_differ(c, row.domain, &row.settings, err);
    if (rc < 0)
        return rc;
    row.policy = !same;
    if (!row.policy && !row.settings) {
        c->apply->counts.unchanged++;
        return 0;
    }
    c->apply->counts.changed++;
    return tell(c, &row, query_int(&c->stored, 4), err);
}

/* Deals with the lower of the two names, or with both when they are equal, and goes on behind. */
static int compare_next(struct compare *c, struct error *err)
{
    int order = c->has_wanted == 0   ? 1
                : c->has_stored == 0 ? -1
                                     : str_cmp(query_str(&c->wanted, 0), query_str(&c->stored, 0));
    int rc;
    if (order == 0) {
        rc = compare_both(c, err);
    } else if (order < 0) {
        c->apply->counts.added++;
        rc = tell(c,
                  &(struct store_apply_difference){.kind = STORE_APPLY_ADDED,
                                                   .domain = query_str(&c->wanted, 0)},
                  0, err);
    } else {
        c->apply->counts.removed++;
        rc = tell(c,
                  &(struct store_apply_difference){.kind = STORE_APPLY_REMOVED,
                                                   .domain = query_str(&c->stored, 0)},
                  query_int(&c->stored, 4), err);
    }
    if (rc == 0 && order <= 0)
        rc = c->has_wanted = query_step(&c->wanted, err);
    if (rc >= 0 && order >= 0)
        rc = c->has_stored = query_step(&c->stored, err);
    return rc < 0 ? rc : 0;
}

int apply_compare(struct store_db *db, struct apply *a, struct error *err)
{
    struct compare c = {.db = db, .apply = a};
    arena_init(&c.arena, COMPARE_ARENA_MAX);
    int rc = open_walks(&c, err);
    while (rc == 0 && !a->stopped && (c.has_wanted == 1 || c.has_stored == 1))
        rc = compare_next(&c, err);
    query_done(&c.wanted);
    query_done(&c.stored);
    query_done(&c.settings);
    arena_done(&c.arena);
    return rc;
}
