/* A finished check as text. */
#include "sample_report.h"

#include "cli/wrap.h"

static void every_step_is_shown_with_what_to_do(void **state)
{
    struct sample s CLEANUP(sample_done);
    struct cli c CLEANUP(sample_cli_done);
    (void)state;
    sample_init(&s, "example.org");
    sample_fill(&s);
    sample_cli(&c, LANG_EN);
    check_put_text(&c, &s.report, WRAP_WIDTH);
    CHECK_STR(buf_view(&c.out),
              "example.org\n"
              "looked at 2026-11-24T11:00:00Z, in 1234 ms\n"
              "\n"
              "The domain\n"
              "  ok       the domain is fine\n"
              "\n"
              "The _mta-sts record\n"
              "  note     the record is noted\n"
              "\n"
              "The policy\n"
              "  warning  line 3, column 5: mx1.example.org is risky\n"
              "           It may break.\n"
              "           Fix: add this line:\n"
              "               mx: mx1.example.org\n"
              "\n"
              "The MX hosts\n"
              "  error    mx2.example.org [192.0.2.2]: the certificate is broken\n"
              "           Mail fails.\n"
              "           Fix: repair the certificate\n"
              "\n"
              "The verdict\n"
              "  ok       mx1.example.org is fine\n"
              "\n"
              "What to do next\n"
              "  1. mx2.example.org [192.0.2.2]: repair the certificate\n"
              "  2. line 3, column 5: add this line:\n"
              "         mx: mx1.example.org\n"
              "\n"
              "1 error, 1 warning, 1 note\n",
              "text");
}

static void chinese_is_aligned_by_columns(void **state)
{
    struct sample s CLEANUP(sample_done);
    struct cli c CLEANUP(sample_cli_done);
    (void)state;
    sample_init(&s, "example.org");
    sample_fill(&s);
    sample_cli(&c, LANG_ZH_CN);
    check_put_text(&c, &s.report, WRAP_WIDTH);
    assert_true(str_find(buf_view(&c.out), STR("  正常  the domain 没有问题\n")) >= 0);
    assert_true(str_find(buf_view(&c.out), STR("\n        可能出错。\n")) >= 0);
    assert_true(str_find(buf_view(&c.out), STR("1 个错误，1 个警告，1 个提示\n")) >= 0);
}

static void hostile_bytes_do_not_reach_the_terminal(void **state)
{
    struct sample s CLEANUP(sample_done);
    struct cli c CLEANUP(sample_cli_done);
    (void)state;
    sample_init(&s, "example.org");
    struct check_result *result =
        sample_add(&s, CHECK_MX, CHECK_ERROR, &sample_error, "\033[31m\r\nline\xff");
    result->about = STR("a\033b");
    result->address = STR("\007");
    s.verdict.next[0] = result;
    sample_cli(&c, LANG_EN);
    check_put_text(&c, &s.report, WRAP_WIDTH);
    for (size_t i = 0; i < c.out.n; i++) {
        unsigned char byte = (unsigned char)c.out.p[i];
        assert_true(byte == '\n' || (byte >= ' ' && byte < 0x7f));
    }
}

static void no_line_is_wider_than_the_terminal(void **state)
{
    static const unsigned widths[] = {WRAP_WIDTH_MIN, 60, WRAP_WIDTH};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(widths); i++) {
        struct sample s CLEANUP(sample_done);
        struct cli c CLEANUP(sample_cli_done);
        sample_init(&s, "example.org");
        sample_add(&s, CHECK_MX, CHECK_ERROR, &sample_error,
                   "one two three four five six seven eight nine ten eleven twelve thirteen "
                   "fourteen fifteen sixteen seventeen eighteen nineteen twenty");
        sample_cli(&c, LANG_EN);
        check_put_text(&c, &s.report, widths[i]);
        struct str rest = buf_view(&c.out), line;
        while (str_cut(rest, '\n', &line, &rest)) {
            if (!str_starts(line, STR("looked at")))
                assert_true(wrap_columns(line) <= widths[i]);
        }
    }
}

static void what_was_just_said_is_not_said_again(void **state)
{
    struct sample s CLEANUP(sample_done);
    struct cli c CLEANUP(sample_cli_done);
    (void)state;
    sample_init(&s, "example.org");
    sample_add(&s, CHECK_MX, CHECK_ERROR, &sample_error, "a")->address = STR("192.0.2.1");
    sample_add(&s, CHECK_MX, CHECK_ERROR, &sample_error, "a")->address = STR("192.0.2.2");
    sample_add(&s, CHECK_MX, CHECK_ERROR, &sample_error, "b");
    sample_cli(&c, LANG_EN);
    check_put_text(&c, &s.report, WRAP_WIDTH);
    assert_true(str_find(buf_view(&c.out), STR("  error    [192.0.2.1]: a is broken\n"
                                               "           Mail fails.\n"
                                               "           Fix: repair a\n"
                                               "  error    [192.0.2.2]: a is broken\n"
                                               "  error    b is broken\n"
                                               "           Fix: repair b\n")) >= 0);
}

static void u_labels_stand_before_a_labels(void **state)
{
    struct sample s CLEANUP(sample_done);
    struct cli c CLEANUP(sample_cli_done);
    (void)state;
    sample_init(&s, "xn--bcher-kva.example");
    s.facts.unicode = STR("bücher.example");
    sample_cli(&c, LANG_EN);
    check_put_text(&c, &s.report, WRAP_WIDTH);
    assert_true(str_starts(buf_view(&c.out), STR("bücher.example (xn--bcher-kva.example)\n")));
}

static void colours_are_for_terminals(void **state)
{
    struct sample s CLEANUP(sample_done);
    struct cli c CLEANUP(sample_cli_done);
    (void)state;
    sample_init(&s, "example.org");
    sample_fill(&s);
    sample_cli(&c, LANG_EN);
    c.colour = true;
    check_put_text(&c, &s.report, WRAP_WIDTH);
    assert_true(str_find(buf_view(&c.out), STR("  \033[31merror\033[0m    mx2")) >= 0);
}

static void results_beyond_the_limit_are_counted(void **state)
{
    struct sample s CLEANUP(sample_done);
    struct cli c CLEANUP(sample_cli_done);
    (void)state;
    sample_init(&s, "example.org");
    s.results.total = CHECK_RESULTS_MAX + 7;
    sample_cli(&c, LANG_EN);
    check_put_text(&c, &s.report, WRAP_WIDTH);
    assert_true(str_find(buf_view(&c.out), STR("... and 7 more results\n")) >= 0);
}

static void totals_are_one_line(void **state)
{
    struct cli c CLEANUP(sample_cli_done);
    (void)state;
    sample_cli(&c, LANG_EN);
    check_put_totals(&c, &(struct check_totals){2, 1, 0});
    CHECK_STR(buf_view(&c.out),
              "\nIn all: 3 domains; 2 without an error, 1 with errors, 0 that could not be "
              "checked\n",
              "totals");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_is_shown_with_what_to_do),
        cmocka_unit_test(chinese_is_aligned_by_columns),
        cmocka_unit_test(hostile_bytes_do_not_reach_the_terminal),
        cmocka_unit_test(no_line_is_wider_than_the_terminal),
        cmocka_unit_test(what_was_just_said_is_not_said_again),
        cmocka_unit_test(u_labels_stand_before_a_labels),
        cmocka_unit_test(colours_are_for_terminals),
        cmocka_unit_test(results_beyond_the_limit_are_counted),
        cmocka_unit_test(totals_are_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
