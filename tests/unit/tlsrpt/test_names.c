#include "check.h"

#include "tlsrpt/report.h"

/* RFC 8460 4.3: each result type has a word, and the word its result type. */
static void result_names_round_trip(void **state)
{
    (void)state;
    for (enum rpt_result r = RPT_RESULT_UNKNOWN + 1; r < RPT_RESULT_COUNT; r++)
        assert_int_equal(rpt_result_parse(rpt_result_name(r)), r);
    assert_int_equal(rpt_result_parse(STR("DANE-Required")), RPT_DANE_REQUIRED);
    assert_int_equal(rpt_result_parse(STR("unknown")), RPT_RESULT_UNKNOWN);
    assert_int_equal(rpt_result_parse(STR("")), RPT_RESULT_UNKNOWN);
    CHECK_STR(rpt_result_name(RPT_RESULT_UNKNOWN), "unknown", "unknown");
    CHECK_STR(rpt_result_name(RPT_RESULT_COUNT), "unknown", "beyond the last");
}

static void policy_types_have_the_words_of_the_rfc(void **state)
{
    (void)state;
    CHECK_STR(rpt_policy_type_name(RPT_POLICY_TLSA), "tlsa", "tlsa");
    CHECK_STR(rpt_policy_type_name(RPT_POLICY_STS), "sts", "sts");
    CHECK_STR(rpt_policy_type_name(RPT_POLICY_NONE_FOUND), "no-policy-found", "none");
    CHECK_STR(rpt_policy_type_name(RPT_POLICY_UNKNOWN), "unknown", "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(result_names_round_trip),
        cmocka_unit_test(policy_types_have_the_words_of_the_rfc),
    };
    return cmocka_run_group_tests_name("tlsrpt names", tests, NULL, NULL);
}
