#include "check.h"
#include "mtasts/policy.h"

static struct str mx_two[] = {STR_INIT("mail.example.org"), STR_INIT("*.example.net")};
static struct str mx_two_swapped[] = {STR_INIT("*.example.net"), STR_INIT("mail.example.org")};
static struct str mx_twice[] = {STR_INIT("mail.example.org"), STR_INIT("mail.example.org")};

static void printed_form_is_the_one_every_reader_takes(void **state)
{
    static const struct {
        struct sts_policy policy;
        const char *text;
    } rows[] = {
        {{STS_MODE_ENFORCE, 604800, 2, mx_two},
         "version: STSv1\r\nmode: enforce\r\nmx: mail.example.org\r\nmx: *.example.net\r\n"
         "max_age: 604800\r\n"},
        {{STS_MODE_NONE, 0, 2, mx_two},
         "version: STSv1\r\nmode: none\r\nmx: mail.example.org\r\nmx: *.example.net\r\n"
         "max_age: 0\r\n"},
        {{STS_MODE_NONE, STS_MAX_AGE_MAX, 0, NULL},
         "version: STSv1\r\nmode: none\r\nmax_age: 31557600\r\n"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out CLEANUP(buf_done);
        buf_init(&out, 1024);
        sts_policy_print(&rows[i].policy, &out);
        CHECK_STR(buf_view(&out), rows[i].text, rows[i].text);
    }
}

static void mode_names_go_both_ways_and_case_matters(void **state)
{
    enum sts_mode mode = STS_MODE_NONE;
    (void)state;
    for (enum sts_mode m = STS_MODE_NONE; m <= STS_MODE_ENFORCE; m++) {
        assert_true(sts_mode_parse(str_from(sts_mode_name(m)), &mode));
        assert_int_equal(mode, m);
    }
    assert_false(sts_mode_parse(STR("Enforce"), &mode));
    assert_false(sts_mode_parse(STR("report"), &mode));
    assert_false(sts_mode_parse(STR(""), &mode));
    assert_int_equal(mode, STS_MODE_ENFORCE);
}

static void equality_ignores_the_order_of_patterns(void **state)
{
    const struct sts_policy base = {STS_MODE_ENFORCE, 86400, 2, mx_two};
    const struct {
        const char *what;
        struct sts_policy other;
        bool equal;
    } rows[] = {
        {"same", {STS_MODE_ENFORCE, 86400, 2, mx_two}, true},
        {"swapped", {STS_MODE_ENFORCE, 86400, 2, mx_two_swapped}, true},
        {"other mode", {STS_MODE_TESTING, 86400, 2, mx_two}, false},
        {"other max_age", {STS_MODE_ENFORCE, 86401, 2, mx_two}, false},
        {"fewer", {STS_MODE_ENFORCE, 86400, 1, mx_two}, false},
        {"none", {STS_MODE_ENFORCE, 86400, 0, NULL}, false},
        {"one twice", {STS_MODE_ENFORCE, 86400, 2, mx_twice}, false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CHECK(sts_policy_equal(&base, &rows[i].other) == rows[i].equal, rows[i].what);
        CHECK(sts_policy_equal(&rows[i].other, &base) == rows[i].equal, rows[i].what);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(printed_form_is_the_one_every_reader_takes),
        cmocka_unit_test(mode_names_go_both_ways_and_case_matters),
        cmocka_unit_test(equality_ignores_the_order_of_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
