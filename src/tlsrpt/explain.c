#include "tlsrpt/explain.h"

#include <stdlib.h>

#include "base/domain.h"
#include "tlsrpt/diagnose.h"
#include "tlsrpt/messages.h"

/* A row of the report with what its policy says. */
struct row {
    const struct rpt_policy *policy;
    struct rpt_seen seen;
    struct str domain;
    size_t kind; /* rows that differ in nothing that matters here have the same */
};

/* One failure-details object, or a summary that has none. */
struct item {
    const struct row *row;
    const struct rpt_detail *detail; /* NULL: the summary */
    struct str mx;                   /* without trailing dot */
};

static int cmp_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int cmp_icase(struct str a, struct str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    for (size_t i = 0; i < n; i++) {
        int diff = (unsigned char)ascii_lower(a.p[i]) - (unsigned char)ascii_lower(b.p[i]);
        if (diff)
            return diff;
    }
    return cmp_u64(a.n, b.n);
}

static struct str without_dot(struct str s)
{
    return str_ends(s, STR(".")) ? str_head(s, s.n - 1) : s;
}

static uint64_t add_sessions(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* --- rows that say the same --- */

static int cmp_row(const struct row *a, const struct row *b)
{
    int diff = cmp_u64(a->policy->type, b->policy->type);
    if (!diff)
        diff = str_cmp(a->policy->type_text, b->policy->type_text);
    if (!diff)
        diff = cmp_icase(a->domain, b->domain);
    if (!diff)
        diff = cmp_u64(a->seen.mode, b->seen.mode);
    if (!diff)
        diff = cmp_u64(a->seen.pattern_count, b->seen.pattern_count);
    for (size_t i = 0; !diff && i < a->seen.pattern_count; i++)
        diff = cmp_icase(a->seen.patterns[i], b->seen.patterns[i]);
    return diff;
}

static int cmp_row_pointer(const void *a, const void *b)
{
    const struct row *x = *(const struct row *const *)a, *y = *(const struct row *const *)b;
    int diff = cmp_row(x, y);
    return diff ? diff : (x > y) - (x < y);
}

/* Fills kind; kinds are numbered in the order of the sort. */
static bool number_rows(struct row *rows, size_t count, struct arena *arena)
{
    struct row **sorted = arena_array(arena, count, sizeof(struct row *));
    if (!sorted)
        return false;
    for (size_t i = 0; i < count; i++)
        sorted[i] = &rows[i];
    qsort(sorted, count, sizeof(struct row *), cmp_row_pointer);
    for (size_t i = 1; i < count; i++)
        sorted[i]->kind = sorted[i - 1]->kind + (cmp_row(sorted[i - 1], sorted[i]) != 0);
    return true;
}

static struct row *make_rows(const struct rpt_report *report, struct arena *arena,
                             struct error *err)
{
    struct row *rows = arena_array(arena, report->policy_count, sizeof *rows);
    if (!rows)
        return NULL;
    for (size_t i = 0; i < report->policy_count; i++) {
        const struct rpt_policy *policy = &report->policies[i];
        rows[i].policy = policy;
        rows[i].domain = without_dot(policy->domain.n ? policy->domain : report->domain);
        if (rpt_seen_read(&rows[i].seen, policy, arena, err) < 0)
            return NULL;
    }
    return number_rows(rows, report->policy_count, arena) ? rows : NULL;
}

/* --- failures that say the same --- */

static int cmp_group(const struct item *a, const struct item *b)
{
    int diff = cmp_u64(a->row->kind, b->row->kind);
    if (!diff)
        diff = (a->detail != NULL) - (b->detail != NULL);
    if (diff || !a->detail)
        return diff;
    diff = cmp_u64(a->detail->result, b->detail->result);
    if (!diff)
        diff = str_cmp(a->detail->result_text, b->detail->result_text);
    if (!diff)
        diff = cmp_icase(a->mx, b->mx);
    return diff ? diff : str_cmp(a->detail->failure_reason_code, b->detail->failure_reason_code);
}

static int cmp_sender(const struct item *a, const struct item *b)
{
    if (!a->detail || !b->detail)
        return 0;
    return str_cmp(a->detail->sending_mta_ip, b->detail->sending_mta_ip);
}

static int cmp_item(const void *a, const void *b)
{
    int diff = cmp_group(a, b);
    return diff ? diff : cmp_sender(a, b);
}

static size_t count_items(const struct rpt_report *report)
{
    size_t n = 0;
    for (size_t i = 0; i < report->policy_count; i++)
        n += report->policies[i].detail_count + 1;
    return n;
}

static size_t fill_items(struct item *items, const struct row *rows, size_t row_count)
{
    size_t n = 0;
    for (size_t i = 0; i < row_count; i++) {
        const struct rpt_policy *policy = rows[i].policy;
        for (size_t j = 0; j < policy->detail_count; j++) {
            const struct rpt_detail *d = &policy->details[j];
            items[n++] = (struct item){&rows[i], d, without_dot(d->receiving_mx_hostname)};
        }
        if (policy->detail_count == 0 && policy->failed > 0)
            items[n++] = (struct item){.row = &rows[i]};
    }
    return n;
}

/* --- one group --- */

static enum rpt_lost lost_of(const struct row *row, enum rpt_result result)
{
    if (result == RPT_DANE_REQUIRED)
        return RPT_LOST_YES;
    switch (row->policy->type) {
    case RPT_POLICY_TLSA:
        return RPT_LOST_YES;
    case RPT_POLICY_NONE_FOUND:
        return RPT_LOST_NO;
    case RPT_POLICY_STS:
    case RPT_POLICY_UNKNOWN:
        break;
    }
    switch (row->seen.mode) {
    case RPT_MODE_ENFORCE:
        return RPT_LOST_YES;
    case RPT_MODE_TESTING:
    case RPT_MODE_NONE:
        return RPT_LOST_NO;
    case RPT_MODE_UNKNOWN:
        break;
    }
    return RPT_LOST_UNKNOWN;
}

/* Adds up the sessions and senders of items that are one group; they are sorted by sender. */
static void sum_group(struct rpt_failure *f, const struct item *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct rpt_detail *d = items[i].detail;
        const struct rpt_seen *seen = &items[i].row->seen;
        f->sessions =
            add_sessions(f->sessions, d ? d->failed_sessions : items[i].row->policy->failed);
        if (seen->max_age > f->max_age)
            f->max_age = seen->max_age;
        if (!d || d->sending_mta_ip.n == 0)
            continue;
        if (f->senders == 0)
            f->first_sender = d->sending_mta_ip;
        if (i == 0 || cmp_sender(&items[i - 1], &items[i]) != 0)
            f->senders++;
    }
}

struct context {
    struct arena *arena;
    const struct rpt_seen *served;
    size_t comparisons;
};

static struct rpt_failure make_failure(struct context *x, const struct item *items, size_t count)
{
    const struct row *row = items->row;
    const struct rpt_detail *d = items->detail;
    struct rpt_failure f = {.policy_type = row->policy->type,
                            .policy_domain = row->domain,
                            .mode = row->seen.mode,
                            .mx = items->mx};
    if (d) {
        f.result = d->result;
        f.result_text = d->result_text;
        f.reason = d->failure_reason_code;
    }
    sum_group(&f, items, count);
    f.lost = lost_of(row, f.result);
    bool known = row->seen.mode != RPT_MODE_UNKNOWN || row->seen.pattern_count;
    f.outdated = x->served && row->policy->type == RPT_POLICY_STS && known &&
                 !rpt_seen_same(&row->seen, x->served);
    struct rpt_case c = {f.result,    f.result_text, f.mx,      f.reason,       f.policy_type,
                         row->domain, &row->seen,    x->served, &x->comparisons};
    bool plain = domain_check_dns(row->domain) == DOMAIN_OK;
    f.explanation = d ? rpt_diagnose(&c, x->arena)
                      : msg_explain_no_details(plain ? row->domain : STR("DOMAIN"));
    return f;
}

/* --- the ranking --- */

/* Unknown stands between: such mail may have been lost. */
static int rank_of(enum rpt_lost lost)
{
    static const int ranks[] = {[RPT_LOST_YES] = 0, [RPT_LOST_UNKNOWN] = 1, [RPT_LOST_NO] = 2};
    return ranks[lost];
}

static int cmp_rank(const void *a, const void *b)
{
    const struct rpt_failure *x = a, *y = b;
    int diff = rank_of(x->lost) - rank_of(y->lost);
    if (!diff)
        diff = cmp_u64(y->sessions, x->sessions);
    if (!diff)
        diff = cmp_u64(x->policy_type, y->policy_type);
    if (!diff)
        diff = cmp_icase(x->policy_domain, y->policy_domain);
    if (!diff)
        diff = cmp_icase(x->mx, y->mx);
    if (!diff)
        diff = cmp_u64(x->result, y->result);
    return diff ? diff : str_cmp(x->reason, y->reason);
}

static size_t group_end(const struct item *items, size_t count, size_t begin)
{
    size_t end = begin + 1;
    while (end < count && cmp_group(&items[begin], &items[end]) == 0)
        end++;
    return end;
}

int rpt_explain(struct rpt_failures *failures, const struct rpt_report *report,
                const struct str *served, struct arena *arena, struct error *err)
{
    struct rpt_seen served_seen;
    if (served && rpt_seen_read_text(&served_seen, *served, arena, err) < 0)
        return -ERROR_TEMPORARY;
    struct context x = {arena, served ? &served_seen : NULL, RPT_COMPARISONS_MAX};
    struct row *rows = make_rows(report, arena, err);
    struct item *items = arena_array(arena, count_items(report), sizeof *items);
    if (!rows || !items)
        return error_set_memory(err);
    size_t item_count = fill_items(items, rows, report->policy_count), groups = 0;
    qsort(items, item_count, sizeof *items, cmp_item);
    for (size_t i = 0; i < item_count; i = group_end(items, item_count, i))
        groups++;
    struct rpt_failures new = {arena_array(arena, groups, sizeof *new.at), 0};
    for (size_t i = 0, end; new.at &&i < item_count; i = end) {
        end = group_end(items, item_count, i);
        new.at[new.count++] = make_failure(&x, &items[i], end - i);
    }
    if (!new.at || arena->failed)
        return error_set_memory(err);
    qsort(new.at, new.count, sizeof *new.at, cmp_rank);
    *failures = new;
    return 0;
}
