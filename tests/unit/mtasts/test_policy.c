#include "base/error.h"
#include "check.h"
#include "listing.h"
#include "mtasts/policy.h"

#define ARENA_MAX ((size_t)16 * 1024 * 1024)

struct row {
    const char *text;
    const char *findings; /* as list_findings prints them */
};

static bool has_error(const char *findings)
{
    return str_find(str_from(findings), STR("error ")) >= 0;
}

static void check_text(struct str text, const char *expected)
{
    struct arena arena CLEANUP(arena_done);
    struct buf listing CLEANUP(buf_done);
    struct findings findings;
    struct sts_policy policy = {.max_age = 77};
    arena_init(&arena, ARENA_MAX);
    buf_init(&listing, LISTING_MAX);
    findings_init(&findings, &arena);
    int result = sts_policy_parse(&policy, text, &findings);
    list_findings(&findings, &listing);
    struct buf name CLEANUP(buf_done);
    buf_init(&name, 256);
    buf_str(&name, str_head(text, 200));
    CHECK_STR(buf_view(&listing), expected, name.p ? name.p : "");
    CHECK(result == (has_error(expected) ? -ERROR_PERMANENT : 0), name.p ? name.p : "");
    CHECK(result == 0 || policy.max_age == 77, name.p);
}

static void check_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check_text(str_from(rows[i].text), rows[i].findings);
}

#define V    "version: STSv1\r\n"
#define E    "mode: enforce\r\n"
#define T    "mode: testing\r\n"
#define MX   "mx: a.example\r\n"
#define AGE  "max_age: 86400\r\n"
#define GOOD V E MX AGE

static void legal_forms_rfc8461_3_2(void **state)
{
    static const struct row rows[] = {
        {GOOD, ""},
        {V "mode: none\r\n" AGE, ""},
        {V "mode: none\r\n" MX AGE, ""},
        {"version:STSv1\r\nmode:enforce\r\nmx:a.example\r\nmax_age:86400\r\n", ""},
        {"version:\tSTSv1\r\nmode: \t enforce\r\nmx:   a.example\r\nmax_age:\t0\r\n", ""},
        {V E "mx: *.example.org\r\nmx: A.Example\r\n" AGE, ""},
        {V E MX "max_age: 31557600\r\n", ""},
        {V E MX "max_age: 0000000001\r\n", ""},
        {V E MX "max_age: 86400", "warning policy-no-final-line-end 4:15"},
        {"version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 1\n", "warning policy-lf 1:0"},
        {"version: STSv1\r\nmode: enforce\nmx: a.example\r\nmax_age: 1\r\n",
         "warning policy-mixed-line-ends 2:0"},
        {V "mode: enforce \t\r\n" MX AGE, "warning policy-trailing-blank 2:14"},
        {E V MX AGE, "warning policy-version-not-first 2:1"},
        {GOOD "x: y\r\n", "note policy-unknown-key 5:1"},
        {GOOD "9a_b-c.D: two words = ; \xe4\xbd\xa0\xe5\xa5\xbd\r\n",
         "note policy-unknown-key 5:1"},
        {GOOD "u: https://x.example/y\r\n", "note policy-unknown-key 5:1"},
        {GOOD "abcdefghijabcdefghijabcdefghijab: 32\r\n", "note policy-unknown-key 5:1"},
    };
    (void)state;
    check_rows(rows, ARRAY_LEN(rows));
}

static void first_of_duplicates_wins_whatever_the_later_value_rfc8461_3_2(void **state)
{
    static const struct row rows[] = {
        {GOOD T, "warning policy-duplicate-key 5:1"},
        {GOOD "mode: bogus\r\n", "warning policy-duplicate-key 5:1"},
        {GOOD "version: STSv2\r\n", "warning policy-duplicate-key 5:1"},
        {GOOD "max_age: never\r\n", "warning policy-duplicate-key 5:1"},
        {GOOD "max_age:\r\n", "error policy-value-empty 5:9"},
        {V "mode: bogus\r\n" E MX AGE,
         "error policy-mode-value 2:7; warning policy-duplicate-key 3:1"},
        {GOOD MX, "warning policy-duplicate-mx 5:5"},
        {GOOD "mx: A.EXAMPLE\r\n", "warning policy-duplicate-mx 5:5"},
        {GOOD "mx: 1.2.3.4\r\n", "error policy-mx-address 5:5"},
    };
    (void)state;
    check_rows(rows, ARRAY_LEN(rows));
}

static void what_is_no_policy_is_named_once(void **state)
{
    static const struct row rows[] = {
        {"", "error policy-empty 0:0"},
        {"\r\n \n", "error policy-empty 0:0"},
        {"\xef\xbb\xbf" GOOD, "error policy-bom 1:1"},
        {"\xef\xbb\xbf" V "mode: x\r\n" MX AGE,
         "error policy-bom 1:1; error policy-mode-value 2:7"},
        {"\xef\xbb\xbf", "error policy-bom 1:1; error policy-empty 0:0"},
        {"\xff\xfev", "error policy-utf16 1:1"},
        {"<!DOCTYPE html>\r\n<html>\r\n</html>\r\n", "error policy-html 1:1"},
        {"\n\n <html>", "error policy-html 3:1"},
        {"<?xml version='1.0'?>", "error policy-html 1:1"},
        {"version: STSv1\rmode: enforce\rmx: a.example\rmax_age: 86400\r",
         "error policy-bare-cr 1:15"},
        {"version: STSv1\r\r\nmode: enforce\r\r\nmx: a.example\r\r\nmax_age: 86400\r\r\n",
         "error policy-bare-cr 1:15"},
        {"version: STSv1\n\rmode: enforce\n\rmx: a.example\n\rmax_age: 86400\n\r",
         "error policy-bare-cr 2:1"},
        {V E MX "max_age: 86400\r", "error policy-bare-cr 4:15"},
    };
    (void)state;
    check_rows(rows, ARRAY_LEN(rows));
    check_text(STR("v\0e\0r\0s\0"), "error policy-utf16 1:1");
    check_text(STR("\0v\0e\0r\0s"), "error policy-utf16 1:1");
}

static void faults_of_a_line_have_their_own_names(void **state)
{
    static const struct row rows[] = {
        {V "\r\n" E MX AGE, "error policy-blank-line 2:1"},
        {GOOD "\r\n", "error policy-blank-line 5:1"},
        {GOOD " \t", "error policy-blank-line 5:1; warning policy-no-final-line-end 5:3"},
        {"\r\n" GOOD, "error policy-blank-line 1:1"},
        {V "# c\r\n" E MX AGE, "error policy-comment 2:1"},
        {V "; c: d\r\n" E MX AGE, "error policy-comment 2:1"},
        {V "hello\r\n" E MX AGE, "error policy-no-field 2:1"},
        {V "mode=enforce\r\n" MX AGE, "error policy-colon-missing 2:5"},
        {V "mode enforce\r\n" MX AGE, "error policy-colon-missing 2:5"},
        {V E MX "max_age\r\n", "error policy-no-field 4:1"},
        {V " mode: enforce\r\n" MX AGE, "error policy-blank-before-key 2:1"},
        {V "\tmx: a.example\r\n" E AGE, "error policy-blank-before-key 2:1"},
        {V "mode : enforce\r\n" MX AGE, "error policy-blank-before-colon 2:5"},
        {V "mode\t: enforce\r\n" MX AGE, "error policy-blank-before-colon 2:5"},
        {V ": enforce\r\n" E MX AGE, "error policy-key-empty 2:1"},
        {GOOD "a!b: c\r\n", "error policy-key-character 5:2"},
        {GOOD "-b: c\r\n", "error policy-key-character 5:1"},
        {GOOD "two words: c\r\n", "error policy-key-character 5:4"},
        {GOOD "abcdefghijabcdefghijabcdefghijabc: 33\r\n", "error policy-key-long 5:1"},
        {GOOD "x:\r\n", "error policy-value-empty 5:3"},
        {GOOD "x: \r\n", "warning policy-trailing-blank 5:3; error policy-value-empty 5:3"},
        {GOOD "x: a\tb\r\n", "error policy-control 5:5"},
        {GOOD "x: a\fb\r\n", "error policy-control 5:5"},
        {GOOD "x: a\x7f\r\n", "error policy-control 5:5"},
        {GOOD "x: \xff\r\n", "error policy-utf8 5:4"},
        {GOOD "x: \xc0\xaf\r\n", "error policy-utf8 5:4"},
        {GOOD "x: \xed\xa0\x80\r\n", "error policy-utf8 5:4"},
        {V "mode: enf\x01orce\r\n" MX AGE, "error policy-control 2:10"},
    };
    (void)state;
    check_rows(rows, ARRAY_LEN(rows));
    check_text(STR(GOOD "x: a\0b\r\n"), "error policy-nul 5:5");
    check_text(STR("\0" GOOD), "error policy-nul 1:1");
}

static void required_fields_rfc8461_3_2(void **state)
{
    static const struct row rows[] = {
        {E MX AGE, "error policy-version-missing 0:0"},
        {V MX AGE, "error policy-mode-missing 0:0"},
        {V E MX, "error policy-max-age-missing 0:0"},
        {V E AGE, "error policy-mx-missing 0:0"},
        {V T AGE, "error policy-mx-missing 0:0"},
        {V "mode: none\r\n", "error policy-max-age-missing 0:0"},
        {V E "MX: a.example\r\n" AGE, "error policy-key-misspelt 3:1"},
        {V E MX "max-age: 86400\r\n", "error policy-key-misspelt 4:1"},
        {V E MX "MaxAge: 86400\r\n", "error policy-key-misspelt 4:1"},
        {"Version: STSv1\r\n" E MX AGE, "error policy-key-misspelt 1:1"},
        {GOOD "Mode: testing\r\n", "warning policy-key-ignored 5:1"},
        {V "mode: none\r\n" AGE "MX: a\r\n", "warning policy-key-ignored 4:1"},
        {"x: y\r\n",
         "note policy-unknown-key 1:1; error policy-version-missing 0:0; error policy-mode-missing "
         "0:0; error policy-max-age-missing 0:0; error policy-mx-missing 0:0"},
    };
    (void)state;
    check_rows(rows, ARRAY_LEN(rows));
}

static void values_rfc8461_3_2(void **state)
{
    static const struct row rows[] = {
        {"version: STSv2\r\n" E MX AGE, "error policy-version-value 1:10"},
        {"version: stsv1\r\n" E MX AGE, "error policy-version-value 1:10"},
        {"version:\r\n" E MX AGE, "error policy-version-value 1:9"},
        {V "mode: Enforce\r\n" MX AGE, "error policy-mode-case 2:7"},
        {V "mode: report\r\n" MX AGE, "error policy-mode-value 2:7"},
        {V "mode: enforce;\r\n" MX AGE, "error policy-mode-value 2:7"},
        {V "mode:\r\n" AGE, "error policy-mode-value 2:6"},
        {V E MX "max_age:\r\n", "error policy-max-age-empty 4:9"},
        {V E MX "max_age: -1\r\n", "error policy-max-age-negative 4:10"},
        {V E MX "max_age: +1\r\n", "error policy-max-age-number 4:10"},
        {V E MX "max_age: 1d\r\n", "error policy-max-age-number 4:11"},
        {V E MX "max_age: 604,800\r\n", "error policy-max-age-number 4:13"},
        {V E MX "max_age: 1 2\r\n", "error policy-max-age-number 4:11"},
        {V E MX "max_age: 0x10\r\n", "error policy-max-age-number 4:11"},
        {V E MX "max_age: 31557601\r\n", "error policy-max-age-large 4:10"},
        {V E MX "max_age: 9999999999\r\n", "error policy-max-age-large 4:10"},
        {V E MX "max_age: 00000000001\r\n", "error policy-max-age-digits 4:10"},
        {V E MX "max_age: 99999999999999999999999\r\n", "error policy-max-age-digits 4:10"},
    };
    (void)state;
    check_rows(rows, ARRAY_LEN(rows));
}

static void size_limit_is_64_kib_rfc8461_3_3(void **state)
{
    struct buf text CLEANUP(buf_done);
    (void)state;
    buf_init(&text, STS_POLICY_TEXT_MAX + 1);
    buf_cstr(&text, V "mode: none\r\n" AGE "x: ");
    while (text.n < STS_POLICY_TEXT_MAX - 2)
        buf_byte(&text, 'y');
    buf_cstr(&text, "\r\n");
    assert_int_equal(text.n, STS_POLICY_TEXT_MAX);
    check_text(buf_view(&text), "note policy-unknown-key 4:1");
    buf_byte(&text, '\n');
    check_text(buf_view(&text), "error policy-too-large 0:0");
}

static void values_are_read_and_lowered(void **state)
{
    struct arena arena CLEANUP(arena_done);
    struct findings findings;
    struct sts_policy policy;
    (void)state;
    arena_init(&arena, ARENA_MAX);
    findings_init(&findings, &arena);
    assert_int_equal(sts_policy_parse(&policy,
                                      STR(V T "mx: *.Example.NET\r\nmx: a.example\r\n"
                                              "mx: *.example.net\r\nmax_age: 0000604800\r\n" E),
                                      &findings),
                     0);
    assert_int_equal(policy.mode, STS_MODE_TESTING);
    assert_int_equal(policy.max_age, 604800);
    assert_int_equal(policy.mx_count, 3);
    CHECK_STR(policy.mx[0], "*.example.net", "first");
    CHECK_STR(policy.mx[1], "a.example", "second");
    CHECK_STR(policy.mx[2], "*.example.net", "third");
}

static void no_memory_is_temporary_and_leaves_the_policy_alone(void **state)
{
    (void)state;
    for (size_t max = 0;; max += 64) {
        struct arena arena CLEANUP(arena_done);
        struct findings findings;
        struct sts_policy policy = {.max_age = 77};
        arena_init(&arena, max);
        findings_init(&findings, &arena);
        int result = sts_policy_parse(&policy, STR(GOOD "x: y\r\n" MX), &findings);
        if (result == 0)
            break;
        assert_int_equal(result, -ERROR_TEMPORARY);
        assert_int_equal(policy.max_age, 77);
        assert_true(max < 1024 * 1024);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(legal_forms_rfc8461_3_2),
        cmocka_unit_test(first_of_duplicates_wins_whatever_the_later_value_rfc8461_3_2),
        cmocka_unit_test(what_is_no_policy_is_named_once),
        cmocka_unit_test(faults_of_a_line_have_their_own_names),
        cmocka_unit_test(required_fields_rfc8461_3_2),
        cmocka_unit_test(values_rfc8461_3_2),
        cmocka_unit_test(size_limit_is_64_kib_rfc8461_3_3),
        cmocka_unit_test(values_are_read_and_lowered),
        cmocka_unit_test(no_memory_is_temporary_and_leaves_the_policy_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
