/* Step 5: MX hosts against the policy's patterns (RFC 8461 4.1). */
#include "perfect.h"

#include "check/messages.h"
#include "mtasts/messages.h"

#define TESTING STR("version: STSv1\nmode: testing\nmx: *.example.org\nmax_age: 604800\n")

/* ---- the policy's patterns, RFC 8461 4.1 ---- */

struct pattern_row {
    const char *name, *policy;
    const struct msg_def *def; /* NULL: no fault */
    enum check_grade grade;
};

#define POLICY(mode, mx) "version: STSv1\nmode: " mode "\n" mx "max_age: 1209600\n"

static const struct pattern_row pattern_rows[] = {
    {"one is missing", POLICY("enforce", "mx: mx2.example.org\n"), &MSG_CHECK_MX_UNLISTED,
     CHECK_ERROR},
    {"in testing", POLICY("testing", "mx: mx2.example.org\n"), &MSG_CHECK_MX_UNLISTED,
     CHECK_WARNING},
    {"mode none", POLICY("none", "mx: mx2.example.org\n"), NULL, CHECK_OK},
    {"wildcard", POLICY("enforce", "mx: *.example.org\n"), NULL, CHECK_OK},
    {"shallow", POLICY("enforce", "mx: *.org\nmx: mx2.example.org\n"), &MSG_CHECK_MX_UNLISTED_DEEP,
     CHECK_ERROR},
    {"spare", POLICY("enforce", "mx: mx1.example.org\nmx: mx2.example.org\nmx: mx3.example.org\n"),
     &MSG_POLICY_MX_UNUSED, CHECK_NOTE},
    {"unused wildcard",
     POLICY("enforce", "mx: mx1.example.org\nmx: mx2.example.org\nmx: *.example.net\n"),
     &MSG_POLICY_WILDCARD_UNUSED, CHECK_WARNING},
    {"unneeded wildcard",
     POLICY("enforce", "mx: mx1.example.org\nmx: mx2.example.org\nmx: *.example.org\n"),
     &MSG_POLICY_WILDCARD_UNNEEDED, CHECK_WARNING},
};

static void hosts_and_patterns_are_compared(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(pattern_rows); i++) {
        const struct pattern_row *row = &pattern_rows[i];
        struct perfect p;
        perfect_init(&p);
        perfect_set_policy(&p, str_from(row->policy));
        if (str_eq(str_from(row->name), STR("shallow")))
            p.facts.mx_given = true; /* the wildcard is not the row's matter */
        judge_mx(&p.j);
        if (row->def)
            perfect_expect_only(&p, CHECK_MX, row->def, row->grade, row->name);
        else
            CHECK(perfect_faults(&p, CHECK_MX, row->name) == 0, row->name);
        perfect_done(&p);
    }
}

static void break_implicit(struct perfect *p)
{
    p->facts.mx_count = 1;
    p->facts.mx_implicit = true;
    p->facts.mx[0].host = STR("example.org");
    perfect_set_policy(p, STR(POLICY("enforce", "mx: mail.example.org\n")));
}

static void break_implicit_in_testing(struct perfect *p)
{
    break_implicit(p);
    p->j.policy.mode = STS_MODE_TESTING;
}

static void break_null(struct perfect *p)
{
    p->facts.mx_count = 0;
    p->facts.null_mx = true;
}

static void a_domain_without_mx_is_held_to_its_policy(void **state)
{
    (void)state;
    static const struct perfect_row rows[] = {
        {break_implicit, &MSG_CHECK_MX_IMPLICIT_UNLISTED, CHECK_ERROR, "implicit"},
        {break_implicit_in_testing, &MSG_CHECK_MX_IMPLICIT_UNLISTED, CHECK_WARNING, "testing"},
        {break_null, &MSG_CHECK_MX_NULL_WITH_POLICY, CHECK_ERROR, "null MX"},
    };
    struct perfect p;
    perfect_rows(rows, ARRAY_LEN(rows), CHECK_MX, judge_mx);
    perfect_init(&p);
    break_null(&p);
    p.j.policy.mode = STS_MODE_NONE;
    judge_mx(&p.j);
    assert_int_equal(perfect_faults(&p, CHECK_MX, "null MX, mode none"), 0);
    perfect_done(&p);
}

/* Patterns are for the domain's records, not for hosts that a person names. */
static void with_mx_given_no_pattern_is_called_unused(void **state)
{
    (void)state;
    struct perfect p;
    perfect_init(&p);
    p.facts.mx_given = true;
    p.facts.mx_count = 1;
    judge_mx(&p.j);
    assert_false(check_results_have(&p.results, &MSG_POLICY_MX_UNUSED));
    assert_true(check_results_have(&p.results, &MSG_CHECK_MX_LISTED));
    perfect_done(&p);
}

static void a_mode_of_testing_does_not_make_a_good_host_bad(void **state)
{
    (void)state;
    struct perfect p;
    perfect_init(&p);
    perfect_set_policy(&p, TESTING);
    judge_mx(&p.j);
    assert_int_equal(p.results.step[CHECK_MX].worst, CHECK_OK);
    perfect_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_and_patterns_are_compared),
        cmocka_unit_test(a_domain_without_mx_is_held_to_its_policy),
        cmocka_unit_test(with_mx_given_no_pattern_is_called_unused),
        cmocka_unit_test(a_mode_of_testing_does_not_make_a_good_host_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
