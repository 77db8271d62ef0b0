#include "check.h"

#include <string.h>

#include "base/finding.h"
#include "base/messages.h"

static void findings_keep_order_and_own_their_strings(void **state)
{
    struct arena a;
    struct findings f;
    char text[] = "abc";
    (void)state;
    arena_init(&a, 1 << 20);
    findings_init(&f, &a);
    finding_add(&f, SEVERITY_WARNING, msg_file_not_found(str_from(text)), 3, 7);
    finding_add(&f, SEVERITY_ERROR, msg_out_of_memory(), 0, 0);
    memset(text, 'x', 3);
    CHECK_STR(f.first->msg.args[0].str, "abc", "copied");
    assert_int_equal(f.first->line, 3);
    assert_int_equal(f.first->column, 7);
    assert_ptr_equal(f.first->next, f.last);
    assert_int_equal(f.errors, 1);
    assert_int_equal(f.warnings, 1);
    assert_true(findings_have(&f, &MSG_OUT_OF_MEMORY));
    assert_false(findings_have(&f, &MSG_FILE_NO_SPACE));
    arena_done(&a);
}

static void beyond_the_maximum_they_are_counted(void **state)
{
    struct arena a;
    struct findings f;
    unsigned kept = 0;
    (void)state;
    arena_init(&a, 1 << 24);
    findings_init(&f, &a);
    for (unsigned i = 0; i < FINDINGS_MAX + 5; i++)
        kept += finding_add(&f, SEVERITY_ERROR, msg_out_of_memory(), i, 0) != NULL;
    assert_int_equal(kept, FINDINGS_MAX);
    assert_int_equal(f.count, FINDINGS_MAX + 5);
    assert_int_equal(f.errors, FINDINGS_MAX + 5);
    arena_done(&a);
}

static void a_full_arena_is_no_crash(void **state)
{
    struct arena a;
    struct findings f;
    (void)state;
    arena_init(&a, 64);
    findings_init(&f, &a);
    assert_null(finding_add(&f, SEVERITY_ERROR, msg_out_of_memory(), 0, 0));
    assert_true(a.failed);
    assert_int_equal(f.errors, 1);
    arena_done(&a);
}

static void sorting_follows_the_text_and_puts_the_whole_last(void **state)
{
    static const struct {
        uint64_t line, column;
        enum severity severity;
    } added[] = {{0, 0, SEVERITY_ERROR},  {2, 5, SEVERITY_NOTE},  {2, 0, SEVERITY_NOTE},
                 {1, 9, SEVERITY_NOTE},   {2, 5, SEVERITY_ERROR}, {3, 1, SEVERITY_NOTE},
                 {2, 5, SEVERITY_NOTE},   {1, 10, SEVERITY_NOTE}, {0, 0, SEVERITY_ERROR},
                 {2, 5, SEVERITY_WARNING}};
    static const unsigned order[] = {3, 7, 2, 4, 9, 1, 6, 5, 0, 8};
    struct arena a;
    struct findings f;
    const struct finding *made[ARRAY_LEN(added)];
    (void)state;
    arena_init(&a, 65536);
    findings_init(&f, &a);
    findings_sort(&f);
    assert_null(f.first);
    for (size_t i = 0; i < ARRAY_LEN(added); i++)
        made[i] =
            finding_add(&f, added[i].severity, msg_out_of_memory(), added[i].line, added[i].column);
    findings_sort(&f);
    const struct finding *at = f.first;
    for (size_t i = 0; i < ARRAY_LEN(order); i++, at = at->next)
        assert_ptr_equal(at, made[order[i]]);
    assert_null(at);
    assert_ptr_equal(f.last, made[8]);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(findings_keep_order_and_own_their_strings),
        cmocka_unit_test(beyond_the_maximum_they_are_counted),
        cmocka_unit_test(a_full_arena_is_no_crash),
        cmocka_unit_test(sorting_follows_the_text_and_puts_the_whole_last),
    };
    return cmocka_run_group_tests_name("base finding", tests, NULL, NULL);
}
