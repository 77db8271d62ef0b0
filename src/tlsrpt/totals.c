#include "tlsrpt/report.h"

#include <stdlib.h>

#include "base/domain.h"

/* Above so many policies their domains are sorted instead of compared each with each. */
#define COMPARED_MAX 64

static uint64_t add(uint64_t a, uint64_t b)
{
    uint64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/* Sums of one domain, by policy type. */
struct sums {
    uint64_t sessions[RPT_POLICY_NONE_FOUND + 1];
    uint64_t failed[RPT_POLICY_NONE_FOUND + 1];
    bool has[RPT_POLICY_NONE_FOUND + 1];
};

static void count_policy(struct sums *sums, const struct rpt_policy *p)
{
    sums->sessions[p->type] = add(sums->sessions[p->type], add(p->successful, p->failed));
    sums->failed[p->type] = add(sums->failed[p->type], p->failed);
    sums->has[p->type] = true;
}

/* Of sums under sts and tlsa the larger when there are both, plus the others. */
static uint64_t combine(const uint64_t by_type[], bool both)
{
    uint64_t sts = by_type[RPT_POLICY_STS], tlsa = by_type[RPT_POLICY_TLSA];
    uint64_t total = both ? (sts > tlsa ? sts : tlsa) : add(sts, tlsa);
    return add(total, add(by_type[RPT_POLICY_NONE_FOUND], by_type[RPT_POLICY_UNKNOWN]));
}

static void add_sums(struct rpt_totals *totals, const struct sums *sums)
{
    bool both = sums->has[RPT_POLICY_STS] && sums->has[RPT_POLICY_TLSA];
    totals->sessions = add(totals->sessions, combine(sums->sessions, both));
    totals->failed = add(totals->failed, combine(sums->failed, both));
    totals->estimated |= both;
}

/* The domain that a policy is counted under. */
static struct str domain_of(const struct rpt_report *report, size_t i)
{
    struct str domain = report->policies[i].domain;
    return domain.n ? domain : report->domain;
}

/* domain_eq, after a look at the first letters: most names differ there. */
static bool same_domain(struct str a, struct str b)
{
    if (a.n == 0 || b.n == 0)
        return a.n == b.n;
    return ascii_lower(a.p[0]) == ascii_lower(b.p[0]) && domain_eq(a, b);
}

static struct sums sums_of(const struct rpt_report *report, struct str domain, size_t first)
{
    struct sums sums = {.sessions = {0}};
    for (size_t i = first; i < report->policy_count; i++) {
        if (same_domain(domain_of(report, i), domain))
            count_policy(&sums, &report->policies[i]);
    }
    return sums;
}

static bool was_counted(const struct rpt_report *report, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (same_domain(domain_of(report, k), domain_of(report, i)))
            return true;
    }
    return false;
}

struct named {
    struct str domain; /* without trailing dot */
    const struct rpt_policy *policy;
};

static int cmp_named(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    size_t n = x->domain.n < y->domain.n ? x->domain.n : y->domain.n;
    for (size_t i = 0; i < n; i++) {
        int diff =
            (unsigned char)ascii_lower(x->domain.p[i]) - (unsigned char)ascii_lower(y->domain.p[i]);
        if (diff)
            return diff;
    }
    return (x->domain.n > y->domain.n) - (x->domain.n < y->domain.n);
}

/* The sums of all domains in n log n comparisons; false when memory is short. */
static bool add_sorted(struct rpt_totals *totals, const struct rpt_report *report)
{
    struct named *named = calloc(report->policy_count, sizeof *named);
    if (!named)
        return false;
    for (size_t i = 0; i < report->policy_count; i++) {
        struct str domain = domain_of(report, i);
        if (str_ends(domain, STR(".")))
            domain.n--;
        named[i] = (struct named){domain, &report->policies[i]};
    }
    qsort(named, report->policy_count, sizeof *named, cmp_named);
    struct sums sums = {.sessions = {0}};
    for (size_t i = 0; i < report->policy_count; i++) {
        if (i && cmp_named(&named[i - 1], &named[i]) != 0) {
            add_sums(totals, &sums);
            sums = (struct sums){.sessions = {0}};
        }
        count_policy(&sums, named[i].policy);
    }
    add_sums(totals, &sums);
    free(named);
    return true;
}

struct rpt_totals rpt_report_totals(const struct rpt_report *report, struct str domain)
{
    struct rpt_totals totals = {0};
    if (domain.n) {
        struct sums sums = sums_of(report, domain, 0);
        add_sums(&totals, &sums);
        return totals;
    }
    if (report->policy_count > COMPARED_MAX && add_sorted(&totals, report))
        return totals;
    for (size_t i = 0; i < report->policy_count; i++) {
        if (was_counted(report, i))
            continue;
        struct sums sums = sums_of(report, domain_of(report, i), i);
        add_sums(&totals, &sums);
    }
    return totals;
}
