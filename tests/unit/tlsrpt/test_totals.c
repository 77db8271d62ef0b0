#include "check.h"

#include "base/attr.h"
#include "tlsrpt/report.h"

#define POLICIES 4

/* RFC 8460 4 lets a reporter list a session under each policy that was applied: sessions under sts
 * and under tlsa of one domain are the same ones, all others are different ones. */
static void sessions_are_counted_once(void **state)
{
    static const struct {
        const char *what, *domain;
        struct {
            enum rpt_policy_type type;
            const char *domain;
            uint64_t successful, failed;
        } policies[POLICIES];
        struct rpt_totals expected;
    } rows[] = {
        {"nothing", "", {{0}}, {0, 0, false}},
        {"one policy", "", {{RPT_POLICY_STS, "a.example", 230, 3}}, {233, 3, false}},
        {"both policies, the same sessions",
         "",
         {{RPT_POLICY_STS, "a.example", 2, 0}, {RPT_POLICY_TLSA, "A.example.", 2, 0}},
         {2, 0, true}},
        {"failures on their own",
         "",
         {{RPT_POLICY_STS, "a.example", 10, 1}, {RPT_POLICY_TLSA, "a.example", 2, 5}},
         {11, 5, true}},
        {"sessions without a policy are further ones",
         "",
         {{RPT_POLICY_STS, "a.example", 3, 0},
          {RPT_POLICY_STS, "a.example", 10, 0},
          {RPT_POLICY_NONE_FOUND, "a.example", 1, 0}},
         {14, 0, false}},
        {"several of both",
         "",
         {{RPT_POLICY_STS, "a.example", 3, 1},
          {RPT_POLICY_TLSA, "a.example", 5, 0},
          {RPT_POLICY_TLSA, "a.example", 1, 0},
          {RPT_POLICY_UNKNOWN, "a.example", 7, 2}},
         {15, 3, true}},
        {"tlsa of an MX host adds up",
         "",
         {{RPT_POLICY_STS, "a.example", 3, 1}, {RPT_POLICY_TLSA, "mx.a.example", 5, 1}},
         {10, 2, false}},
        {"without a name: the report's own",
         "",
         {{RPT_POLICY_STS, "a.example", 3, 0}, {RPT_POLICY_TLSA, "", 5, 0}},
         {5, 0, true}},
        {"one domain of two",
         "b.example",
         {{RPT_POLICY_STS, "a.example", 3, 0}, {RPT_POLICY_STS, "B.EXAMPLE", 5, 1}},
         {6, 1, false}},
        {"two domains",
         "",
         {{RPT_POLICY_STS, "a.example", 3, 0}, {RPT_POLICY_STS, "b.example", 5, 1}},
         {9, 1, false}},
        {"a domain that is not there", "c.example", {{RPT_POLICY_STS, "a.example", 3, 0}}, {0}},
        {"sums saturate",
         "",
         {{RPT_POLICY_STS, "a.example", UINT64_MAX, 1},
          {RPT_POLICY_STS, "a.example", 1, UINT64_MAX}},
         {UINT64_MAX, UINT64_MAX, false}},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rpt_policy policies[POLICIES] = {{.type = RPT_POLICY_UNKNOWN}};
        struct rpt_report report = {.domain = STR("a.example"), .policies = policies};
        for (size_t k = 0; k < POLICIES && rows[i].policies[k].domain; k++, report.policy_count++) {
            policies[k].type = rows[i].policies[k].type;
            policies[k].domain = str_from(rows[i].policies[k].domain);
            policies[k].successful = rows[i].policies[k].successful;
            policies[k].failed = rows[i].policies[k].failed;
        }
        struct rpt_totals totals = rpt_report_totals(&report, str_from(rows[i].domain));
        CHECK(totals.sessions == rows[i].expected.sessions, rows[i].what);
        CHECK(totals.failed == rows[i].expected.failed, rows[i].what);
        CHECK(totals.estimated == rows[i].expected.estimated, rows[i].what);
    }
}

/* Many domains, each named by two policies in two spellings, are counted by another way than few:
 * both must give the same, and 10,000 policies must not take a hostile while. */
static void many_domains_are_counted_like_few(void **state)
{
    static const size_t counts[] = {2, 62, 64, 66, 128, RPT_POLICIES_MAX};
    (void)state;
    for (size_t c = 0; c < ARRAY_LEN(counts); c++) {
        struct rpt_policy *policies = calloc(counts[c], sizeof *policies);
        char(*names)[32] = calloc(counts[c], sizeof *names);
        assert_true(policies && names);
        for (size_t i = 0; i < counts[c]; i++) {
            size_t half = counts[c] / 2, domain = i % half;
            int n = snprintf(names[i], sizeof names[i], i < half ? "d%zu.example" : "D%zu.EXAMPLE.",
                             domain);
            policies[i].type = i < half ? RPT_POLICY_STS : RPT_POLICY_TLSA;
            policies[i].domain = (struct str){names[i], (size_t)n};
            policies[i].successful = i < half ? 3 : 2;
            policies[i].failed = i < half ? 0 : 1;
        }
        struct rpt_report report = {.policies = policies, .policy_count = counts[c]};
        struct rpt_totals totals = rpt_report_totals(&report, STR(""));
        assert_int_equal(totals.sessions, 3 * counts[c] / 2);
        assert_int_equal(totals.failed, counts[c] / 2);
        assert_true(totals.estimated);
        free(policies);
        free(names);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_are_counted_once),
        cmocka_unit_test(many_domains_are_counted_like_few),
    };
    return cmocka_run_group_tests_name("tlsrpt totals", tests, NULL, NULL);
}
