#include "check.h"

static void to_u64_takes_digits_only(void **state)
{
    static const struct {
        const char *text;
        bool good;
        uint64_t value;
    } rows[] = {
        {"0", true, 0},
        {"007", true, 7},
        {"18446744073709551615", true, UINT64_MAX},
        {"18446744073709551616", false, 0},
        {"99999999999999999999999", false, 0},
        {"", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1e3", false, 0},
        {"0x10", false, 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint64_t value = 4711;
        CHECK(str_to_u64(str_from(rows[i].text), &value) == rows[i].good, rows[i].text);
        CHECK(value == (rows[i].good ? rows[i].value : 4711), rows[i].text);
    }
}

static void cut_splits_at_the_first(void **state)
{
    static const struct {
        const char *text, *head, *rest;
        bool found;
    } rows[] = {
        {"a=b", "a", "b", true}, {"a=b=c", "a", "b=c", true}, {"=b", "", "b", true},
        {"a=", "a", "", true},   {"a", "a", "", false},       {"", "", "", false},
        {"=", "", "", true},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str s = str_from(rows[i].text);
        CHECK(str_cut(s, '=', &s, &(struct str){0}) == rows[i].found, rows[i].text);
        CHECK_STR(s, rows[i].head, rows[i].text);
        struct str head;
        s = str_from(rows[i].text);
        str_cut(s, '=', &head, &s);
        CHECK_STR(s, rows[i].rest, rows[i].text);
    }
}

static void comparisons_fold_ascii_case_only(void **state)
{
    (void)state;
    assert_true(str_ieq(STR("MX.Example"), STR("mx.eXAMPLE")));
    assert_false(str_ieq(STR("\xc3\x84"), STR("\xc3\xa4")));
    assert_false(str_eq(STR("a"), STR("A")));
    assert_false(str_eq(STR("a\0b"), STR("a\0c")));
    assert_true(str_eq((struct str){NULL, 0}, STR("")));
    assert_true(str_cmp(STR("a"), STR("ab")) < 0);
    assert_true(str_cmp(STR("b"), STR("ab")) > 0);
    assert_int_equal(str_cmp(STR("ab"), STR("ab")), 0);
    assert_true(str_cmp(STR("\x80"), STR("a")) > 0);
}

static void affixes(void **state)
{
    (void)state;
    assert_true(str_starts(STR("v=STSv1"), STR("v=")));
    assert_false(str_starts(STR("v"), STR("v=")));
    assert_true(str_istarts(STR("V=x"), STR("v=")));
    assert_true(str_ends(STR("a.json.gz"), STR(".gz")));
    assert_false(str_ends(STR("gz"), STR(".gz")));
    assert_true(str_iends(STR("A.GZ"), STR(".gz")));
    assert_true(str_starts(STR(""), STR("")));
}

static void searches_give_minus_one_for_nothing(void **state)
{
    (void)state;
    assert_int_equal(str_chr(STR("abcabc"), 'c'), 2);
    assert_int_equal(str_rchr(STR("abcabc"), 'c'), 5);
    assert_int_equal(str_chr(STR("abc"), 'x'), -1);
    assert_int_equal(str_chr((struct str){NULL, 0}, 'x'), -1);
    assert_int_equal(str_find(STR("a b c"), STR("b ")), 2);
    assert_int_equal(str_find(STR("abc"), STR("abcd")), -1);
    assert_int_equal(str_find(STR("abc"), STR("")), 0);
    assert_int_equal(str_ifind(STR("x<HTML>"), STR("<html")), 1);
    assert_int_equal(str_ifind(STR("ab"), STR("abc")), -1);
}

static void skip_and_head_stop_at_the_length(void **state)
{
    (void)state;
    CHECK_STR(str_skip(STR("abc"), 1), "bc", "skip 1");
    CHECK_STR(str_skip(STR("abc"), 3), "", "skip all");
    CHECK_STR(str_skip(STR("abc"), 99), "", "skip more than all");
    CHECK_STR(str_head(STR("abc"), 2), "ab", "head 2");
    CHECK_STR(str_head(STR("abc"), 99), "abc", "head of more than all");
    CHECK_STR(str_skip((struct str){NULL, 0}, 2), "", "skip of nothing");
}

static void trim_takes_blanks_at_the_ends(void **state)
{
    (void)state;
    CHECK_STR(str_trim(STR(" \t\r\na b\n ")), "a b", "both ends");
    CHECK_STR(str_trim(STR("  ")), "", "blanks only");
    CHECK_STR(str_rtrim(STR(" a ")), " a", "right only");
    CHECK_STR(str_trim(STR("")), "", "empty");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(to_u64_takes_digits_only),
        cmocka_unit_test(cut_splits_at_the_first),
        cmocka_unit_test(comparisons_fold_ascii_case_only),
        cmocka_unit_test(affixes),
        cmocka_unit_test(searches_give_minus_one_for_nothing),
        cmocka_unit_test(skip_and_head_stop_at_the_length),
        cmocka_unit_test(trim_takes_blanks_at_the_ends),
    };
    return cmocka_run_group_tests_name("base str", tests, NULL, NULL);
}
