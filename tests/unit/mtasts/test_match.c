#include "check.h"
#include "mtasts/policy.h"

static void mx_matches_rfc8461_4_1(void **state)
{
    static const struct {
        const char *pattern, *host;
        bool matches;
    } rows[] = {
        {"mail.example.org", "mail.example.org", true},
        {"mail.example.org", "MAIL.Example.ORG", true},
        {"Mail.Example.org", "mail.example.org", true},
        {"mail.example.org", "mail.example.org.", true},
        {"mail.example.org.", "mail.example.org", true},
        {"mail.example.org", "mail.example.org..", false},
        {"mail.example.org", "mx.mail.example.org", false},
        {"mail.example.org", "xmail.example.org", false},
        {"example.org", "mail.example.org", false},
        {"*.example.org", "mail.example.org", true},
        {"*.example.org", "mail.example.org.", true},
        {"*.EXAMPLE.org.", "Mail.example.ORG", true},
        {"*.example.org", "example.org", false},
        {"*.example.org", ".example.org", false},
        {"*.example.org", "a.b.example.org", false},
        {"*.example.org", "mail.example.org.evil.example", false},
        {"*.example.org", "mailexample.org", false},
        {"*.example.org", "*.example.org", false},
        {"*.example.org", "", false},
        {"", "", false},
        {"", "mail.example.org", false},
        {"*", "localhost", false},
        {"*.", "localhost", false},
        {"*.*.example.org", "a.b.example.org", false},
        {"mail*.example.org", "mail1.example.org", false},
        {"a.*.example.org", "a.b.example.org", false},
        {".example.org", "mail.example.org", false},
        {"*.b\xc3\xbc"
         "cher.example",
         "mail.xn--bcher-kva.example", true},
        {"*.xn--bcher-kva.example",
         "mail.b\xc3\xbc"
         "cher.example.",
         true},
        {"b\xc3\x9c"
         "CHER.example",
         "b\xc3\xbc"
         "cher.example",
         true},
        {"192.0.2.1", "192.0.2.1", false},
        {"*.0.2.1", "192.0.2.1", false},
        {"::1", "::1", false},
        {"[2001:db8::1]", "[2001:db8::1]", false},
        {"*.com", "example.com", true},
        {"localhost", "localhost", true},
        {"*.example.org", "_mx.example.org", true},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK(sts_mx_matches(str_from(rows[i].pattern), str_from(rows[i].host)) == rows[i].matches,
              rows[i].pattern);
}

static void pattern_is_a_name_with_one_leading_wildcard_rfc8461_3_2(void **state)
{
    static const struct {
        const char *pattern;
        enum domain_fault fault;
    } rows[] = {
        {"mail.example.org", DOMAIN_OK},
        {"*.example.org", DOMAIN_OK},
        {"*.org", DOMAIN_OK},
        {"", DOMAIN_EMPTY},
        {"*.", DOMAIN_EMPTY},
        {"*", DOMAIN_CHARACTER},
        {"*.*.example.org", DOMAIN_CHARACTER},
        {"mail.*.org", DOMAIN_CHARACTER},
        {"mail_1.example.org", DOMAIN_CHARACTER},
        {"mail.example.org.", DOMAIN_LABEL_EMPTY},
        {"*..example.org", DOMAIN_LABEL_EMPTY},
        {"192.0.2.1", DOMAIN_ADDRESS},
        {"*.192.0.2.1", DOMAIN_ADDRESS},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK(sts_mx_pattern_check(str_from(rows[i].pattern)) == rows[i].fault, rows[i].pattern);
}

static void typed_pattern_becomes_the_policy_form(void **state)
{
    static const struct {
        const char *typed, *expected; /* "" when it cannot be one */
    } rows[] = {
        {"Mail.Example.ORG.", "mail.example.org"},
        {" *.Example.org ", "*.example.org"},
        {"*.b\xc3\xbc"
         "cher.example",
         "*.xn--bcher-kva.example"},
        {"mail_1.example.org", ""},
        {"192.0.2.1", ""},
        {"*", ""},
        {"*.", ""},
        {"a*.example.org", ""},
        {"", ""},
        {"..", ""},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out CLEANUP(buf_done);
        buf_init(&out, 300);
        bool good = sts_mx_pattern_from_user(str_from(rows[i].typed), &out);
        CHECK_STR(buf_view(&out), rows[i].expected, rows[i].typed);
        CHECK(good == (out.n > 0), rows[i].typed);
    }
}

static void first_matching_pattern_is_found(void **state)
{
    struct str mx[] = {STR("a.example.org"), STR("*.example.org"), STR("b.example.org")};
    const struct sts_policy policy = {.mx_count = 3, .mx = mx};
    (void)state;
    assert_ptr_equal(sts_policy_find_mx(&policy, STR("b.example.org")), &mx[1]);
    assert_ptr_equal(sts_policy_find_mx(&policy, STR("A.example.org.")), &mx[0]);
    assert_null(sts_policy_find_mx(&policy, STR("example.org")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mx_matches_rfc8461_4_1),
        cmocka_unit_test(pattern_is_a_name_with_one_leading_wildcard_rfc8461_3_2),
        cmocka_unit_test(typed_pattern_becomes_the_policy_form),
        cmocka_unit_test(first_matching_pattern_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
