#include "check.h"

#include "fault.h"
#include "tlsrpt/explain.h"
#include "tlsrpt/messages.h"

#define MANY 100000

static struct rpt_detail detail(enum rpt_result result, const char *mx, const char *sender,
                                uint64_t sessions)
{
    return (struct rpt_detail){.result = result,
                               .receiving_mx_hostname = str_from(mx),
                               .sending_mta_ip = str_from(sender),
                               .failed_sessions = sessions};
}

static struct str enforce[] = {STR_INIT("version: STSv1"), STR_INIT("mode: enforce"),
                               STR_INIT("mx: mx1.a.example"), STR_INIT("max_age: 604800")};
static struct str testing[] = {STR_INIT("mode:testing"), STR_INIT("mx:mx1.a.example")};

static void groups_fold_over_senders_and_rank_by_loss(void **state)
{
    struct rpt_detail in_testing[] = {
        detail(RPT_CERTIFICATE_EXPIRED, "mx1.a.example", "192.0.2.1", 900)};
    struct rpt_detail in_enforce[] = {
        detail(RPT_CERTIFICATE_EXPIRED, "mx1.a.example", "192.0.2.9", 3),
        detail(RPT_STARTTLS_NOT_SUPPORTED, "mx1.a.example", "", 7),
        detail(RPT_CERTIFICATE_EXPIRED, "MX1.a.example.", "192.0.2.1", 2),
        detail(RPT_CERTIFICATE_EXPIRED, "mx1.a.example", "192.0.2.9", 1),
    };
    struct rpt_policy rows[] = {
        {.type = RPT_POLICY_STS,
         .policy_strings = {testing, 2},
         .domain = STR_INIT("a.example"),
         .details = in_testing,
         .detail_count = 1},
        {.type = RPT_POLICY_STS,
         .policy_strings = {enforce, 4},
         .domain = STR_INIT("a.example"),
         .details = in_enforce,
         .detail_count = 3},
        /* The same policy once more (SocketLabs): one group with the row above. */
        {.type = RPT_POLICY_STS,
         .policy_strings = {enforce, 4},
         .domain = STR_INIT("A.example."),
         .details = in_enforce + 3,
         .detail_count = 1},
    };
    struct rpt_report report = {.policies = rows, .policy_count = 3};
    struct rpt_failures f;
    struct arena a;
    (void)state;
    arena_init(&a, 1 << 20);
    assert_int_equal(rpt_explain(&f, &report, NULL, &a, NULL), 0);
    assert_int_equal(f.count, 3);
    assert_int_equal(f.at[0].result, RPT_STARTTLS_NOT_SUPPORTED);
    assert_int_equal(f.at[0].sessions, 7);
    assert_int_equal(f.at[0].senders, 0);
    assert_int_equal(f.at[1].sessions, 6);
    assert_int_equal(f.at[1].senders, 2);
    CHECK_STR(f.at[1].first_sender, "192.0.2.1", "first sender");
    assert_int_equal(f.at[1].lost, RPT_LOST_YES);
    assert_int_equal(f.at[1].max_age, 604800);
    assert_int_equal(f.at[1].mode, RPT_MODE_ENFORCE);
    assert_int_equal(f.at[2].sessions, 900);
    assert_int_equal(f.at[2].lost, RPT_LOST_NO);
    assert_false(f.at[1].outdated);
    arena_done(&a);
}

static void what_differs_is_not_folded(void **state)
{
    struct rpt_detail details[] = {
        detail(RPT_VALIDATION_FAILURE, "mx1.a.example", "", 1),
        detail(RPT_VALIDATION_FAILURE, "mx2.a.example", "", 1),
        detail(RPT_VALIDATION_FAILURE, "mx1.a.example", "", 1),
        detail(RPT_RESULT_UNKNOWN, "mx1.a.example", "", 1),
        detail(RPT_RESULT_UNKNOWN, "mx1.a.example", "", 1),
    };
    details[2].failure_reason_code = STR("timeout");
    details[3].result_text = STR("one");
    details[4].result_text = STR("two");
    struct rpt_policy rows[] = {
        {.type = RPT_POLICY_STS, .details = details, .detail_count = 5},
        {.type = RPT_POLICY_TLSA, .details = details, .detail_count = 1},
    };
    struct rpt_report report = {
        .policies = rows, .policy_count = 2, .domain = STR_INIT("a.example")};
    struct rpt_failures f;
    struct arena a;
    (void)state;
    arena_init(&a, 1 << 20);
    assert_int_equal(rpt_explain(&f, &report, NULL, &a, NULL), 0);
    assert_int_equal(f.count, 6);
    CHECK_STR(f.at[0].policy_domain, "a.example", "the report's domain stands in");
    arena_done(&a);
}

/* RFC 8461 section 5: mode testing and none never stop mail; RFC 7672 stops it. */
static void the_policy_says_whether_mail_was_lost(void **state)
{
    static struct str none[] = {STR_INIT("mode: none")};
    const struct {
        const char *name;
        enum rpt_policy_type type;
        struct rpt_strings lines;
        enum rpt_result result;
        enum rpt_lost lost;
    } rows[] = {
        {"enforce", RPT_POLICY_STS, {enforce, 4}, RPT_CERTIFICATE_EXPIRED, RPT_LOST_YES},
        {"testing", RPT_POLICY_STS, {testing, 2}, RPT_CERTIFICATE_EXPIRED, RPT_LOST_NO},
        {"none", RPT_POLICY_STS, {none, 1}, RPT_CERTIFICATE_EXPIRED, RPT_LOST_NO},
        {"no strings", RPT_POLICY_STS, {NULL, 0}, RPT_CERTIFICATE_EXPIRED, RPT_LOST_UNKNOWN},
        {"fetch", RPT_POLICY_STS, {NULL, 0}, RPT_STS_POLICY_FETCH_ERROR, RPT_LOST_UNKNOWN},
        {"cached", RPT_POLICY_STS, {enforce, 4}, RPT_STS_POLICY_FETCH_ERROR, RPT_LOST_YES},
        {"dane", RPT_POLICY_TLSA, {NULL, 0}, RPT_TLSA_INVALID, RPT_LOST_YES},
        {"no policy", RPT_POLICY_NONE_FOUND, {NULL, 0}, RPT_STARTTLS_NOT_SUPPORTED, RPT_LOST_NO},
        {"required", RPT_POLICY_NONE_FOUND, {NULL, 0}, RPT_DANE_REQUIRED, RPT_LOST_YES},
        {"odd type", RPT_POLICY_UNKNOWN, {enforce, 4}, RPT_CERTIFICATE_EXPIRED, RPT_LOST_YES},
    };
    struct arena a;
    (void)state;
    arena_init(&a, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rpt_detail d = detail(rows[i].result, "", "", 1);
        struct rpt_policy row = {.type = rows[i].type,
                                 .policy_strings = rows[i].lines,
                                 .details = &d,
                                 .detail_count = 1};
        struct rpt_report report = {.policies = &row, .policy_count = 1};
        struct rpt_failures f;
        assert_int_equal(rpt_explain(&f, &report, NULL, &a, NULL), 0);
        CHECK(f.count == 1 && f.at[0].lost == rows[i].lost, rows[i].name);
    }
    arena_done(&a);
}

static void failures_without_details_are_a_group(void **state)
{
    struct rpt_policy rows[] = {
        {.type = RPT_POLICY_NONE_FOUND, .domain = STR_INIT("a.example"), .failed = 4},
        {.type = RPT_POLICY_STS, .domain = STR_INIT("a.example"), .successful = 4},
    };
    struct rpt_report report = {.policies = rows, .policy_count = 2};
    struct rpt_failures f;
    struct arena a;
    (void)state;
    arena_init(&a, 1 << 20);
    assert_int_equal(rpt_explain(&f, &report, NULL, &a, NULL), 0);
    assert_int_equal(f.count, 1);
    assert_int_equal(f.at[0].sessions, 4);
    assert_ptr_equal(f.at[0].explanation.def, &MSG_EXPLAIN_NO_DETAILS);
    assert_int_equal(rpt_explain(&f, &(struct rpt_report){.policy_count = 0}, NULL, &a, NULL), 0);
    assert_int_equal(f.count, 0);
    arena_done(&a);
}

static void a_policy_other_than_the_served_one_is_outdated(void **state)
{
    struct rpt_detail d = detail(RPT_CERTIFICATE_EXPIRED, "mx1.a.example", "", 1);
    struct rpt_policy row = {
        .type = RPT_POLICY_STS, .policy_strings = {enforce, 4}, .details = &d, .detail_count = 1};
    struct rpt_report report = {.policies = &row, .policy_count = 1};
    struct str same = STR("mode: enforce\r\nmax_age: 604800\r\nmx: mx1.a.example\r\n");
    struct str other = STR("mode: enforce\r\nmax_age: 604801\r\nmx: mx1.a.example\r\n");
    struct rpt_failures f;
    struct arena a;
    (void)state;
    arena_init(&a, 1 << 20);
    assert_int_equal(rpt_explain(&f, &report, &same, &a, NULL), 0);
    assert_false(f.at[0].outdated);
    assert_int_equal(rpt_explain(&f, &report, &other, &a, NULL), 0);
    assert_true(f.at[0].outdated);
    arena_done(&a);
}

static void sums_saturate(void **state)
{
    struct rpt_detail details[] = {detail(RPT_CERTIFICATE_EXPIRED, "", "", UINT64_MAX - 1),
                                   detail(RPT_CERTIFICATE_EXPIRED, "", "", 2)};
    struct rpt_policy row = {.details = details, .detail_count = 2};
    struct rpt_report report = {.policies = &row, .policy_count = 1};
    struct rpt_failures f;
    struct arena a;
    (void)state;
    arena_init(&a, 1 << 20);
    assert_int_equal(rpt_explain(&f, &report, NULL, &a, NULL), 0);
    assert_true(f.at[0].sessions == UINT64_MAX);
    arena_done(&a);
}

static void a_hundred_thousand_details_are_folded(void **state)
{
    static struct rpt_detail details[MANY];
    static char names[MANY][40];
    struct rpt_policy row = {.type = RPT_POLICY_STS,
                             .policy_strings = {enforce, 4},
                             .details = details,
                             .detail_count = MANY};
    struct rpt_report report = {.policies = &row, .policy_count = 1};
    struct rpt_failures f;
    struct arena a;
    (void)state;
    arena_init(&a, (size_t)256 << 20);
    for (size_t i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "m%zu.b.example", i);
        details[i] = detail(RPT_VALIDATION_FAILURE, "mx1.a.example", names[i], 1);
    }
    assert_int_equal(rpt_explain(&f, &report, NULL, &a, NULL), 0);
    assert_int_equal(f.count, 1);
    assert_int_equal(f.at[0].senders, MANY);
    for (size_t i = 0; i < MANY; i++)
        details[i].receiving_mx_hostname = str_from(names[i]);
    assert_int_equal(rpt_explain(&f, &report, NULL, &a, NULL), 0);
    assert_int_equal(f.count, MANY);
    arena_done(&a);
}

static void short_memory_is_an_error(void **state)
{
    struct rpt_detail details[] = {detail(RPT_VALIDATION_FAILURE, "a.b.c.example", "192.0.2.1", 1),
                                   detail(RPT_VALIDATION_FAILURE, "mx1.c.example", "192.0.2.1", 1)};
    struct str lines[] = {STR("mode: enforce"), STR("mx: *.c.example")};
    struct rpt_policy row = {.type = RPT_POLICY_STS,
                             .policy_strings = {lines, 2},
                             .details = details,
                             .detail_count = 2};
    struct rpt_report report = {.policies = &row, .policy_count = 1};
    struct str served = STR("mode: none\n");
    (void)state;
    for (size_t max = 0;; max += 16) {
        struct rpt_failures f = {NULL, 77};
        struct arena a;
        struct error err;
        arena_init(&a, max);
        int result = rpt_explain(&f, &report, &served, &a, &err);
        arena_done(&a);
        if (result == 0)
            break;
        assert_int_equal(f.count, 77);
        assert_int_equal(err.class, ERROR_TEMPORARY);
        assert_true(max < 1 << 20);
    }
    for (unsigned n = 1;; n++) {
        struct rpt_failures f;
        struct arena a;
        arena_init(&a, 1 << 20);
        fault_alloc_at(n);
        int result = rpt_explain(&f, &report, &served, &a, NULL);
        bool failed = fault_alloc_off();
        arena_done(&a);
        if (!failed) {
            assert_int_equal(result, 0);
            break;
        }
        assert_true(n < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_fold_over_senders_and_rank_by_loss),
        cmocka_unit_test(what_differs_is_not_folded),
        cmocka_unit_test(the_policy_says_whether_mail_was_lost),
        cmocka_unit_test(failures_without_details_are_a_group),
        cmocka_unit_test(a_policy_other_than_the_served_one_is_outdated),
        cmocka_unit_test(sums_saturate),
        cmocka_unit_test(a_hundred_thousand_details_are_folded),
        cmocka_unit_test(short_memory_is_an_error),
    };
    return cmocka_run_group_tests_name("tlsrpt explain", tests, NULL, NULL);
}
