/* What a check has to say: grades, order, limits. */
#include "check.h"

#include "check/check.h"
#include "check/messages.h"

#define ARENA_MAX ((size_t)1024 * 1024)

static void every_rule_stands_once_with_all_its_texts(void **state)
{
    (void)state;
    for (const struct check_rule *rule = check_rules; rule->def; rule++) {
        assert_ptr_equal(check_rule_find(rule->def), rule);
        for (unsigned lang = 0; lang < LANG_COUNT; lang++) {
            assert_non_null(rule->def->text[lang][MSG_TEXT]);
            if (rule->grade < CHECK_WARNING)
                continue;
            assert_non_null(rule->def->text[lang][MSG_MEANING]);
            assert_non_null(rule->def->text[lang][MSG_FIX]);
        }
    }
}

static void a_result_keeps_its_strings_and_counts(void **state)
{
    (void)state;
    struct arena arena CLEANUP(arena_done) = {0};
    struct check_results results;
    char name[] = "bad name";
    arena_init(&arena, ARENA_MAX);
    check_results_init(&results, &arena);
    struct check_result *result =
        check_add(&results, msg_check_domain_invalid(str_from(name)), STR("x"), STR(""));
    name[0] = '!';
    assert_non_null(result);
    assert_true(str_eq(result->msg.args[0].str, STR("bad name")));
    assert_int_equal(result->step, CHECK_DOMAIN);
    assert_int_equal(result->grade, CHECK_ERROR);
    assert_int_equal(results.step[CHECK_DOMAIN].worst, CHECK_ERROR);
    assert_int_equal(results.count[CHECK_ERROR], 1);
    assert_true(check_results_have(&results, &MSG_CHECK_DOMAIN_INVALID));
}

static void results_beyond_the_maximum_are_counted_not_kept(void **state)
{
    (void)state;
    struct arena arena CLEANUP(arena_done) = {0};
    struct check_results results;
    arena_init(&arena, ARENA_MAX);
    check_results_init(&results, &arena);
    for (unsigned i = 0; i < CHECK_RESULTS_MAX; i++)
        assert_non_null(check_add(&results, msg_check_domain_invalid(STR("x")), STR(""), STR("")));
    assert_null(check_add(&results, msg_check_domain_invalid(STR("x")), STR(""), STR("")));
    assert_int_equal(results.total, CHECK_RESULTS_MAX + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_stands_once_with_all_its_texts),
        cmocka_unit_test(a_result_keeps_its_strings_and_counts),
        cmocka_unit_test(results_beyond_the_maximum_are_counted_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
