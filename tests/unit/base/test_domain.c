#include "check.h"

#include <string.h>

#include "base/domain.h"

#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void host_names_are_told_from_what_is_none(void **state)
{
    static const struct {
        const char *name;
        enum domain_fault fault;
    } rows[] = {
        {"example.org", DOMAIN_OK},
        {"MX-1.Example.ORG", DOMAIN_OK},
        {"localhost", DOMAIN_OK},
        {"xn--bcher-kva.example", DOMAIN_OK},
        {"1.example", DOMAIN_OK},
        {L63 ".example", DOMAIN_OK},
        {L63 "a.example", DOMAIN_LABEL_LONG},
        {L63 "." L63 "." L63 ".aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         DOMAIN_OK},
        {L63 "." L63 "." L63 ".aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         DOMAIN_TOO_LONG},
        {"", DOMAIN_EMPTY},
        {".", DOMAIN_LABEL_EMPTY},
        {"example.org.", DOMAIN_LABEL_EMPTY},
        {".example.org", DOMAIN_LABEL_EMPTY},
        {"a..b", DOMAIN_LABEL_EMPTY},
        {"-a.example", DOMAIN_HYPHEN},
        {"a-.example", DOMAIN_HYPHEN},
        {"_mta-sts.example", DOMAIN_CHARACTER},
        {"*.example", DOMAIN_CHARACTER},
        {"a b", DOMAIN_CHARACTER},
        {"b\xc3\xbc"
         "cher.example",
         DOMAIN_NON_ASCII},
        {"\xff.example", DOMAIN_NON_ASCII},
        {"192.0.2.1", DOMAIN_ADDRESS},
        {"2001:db8::1", DOMAIN_ADDRESS},
        {"[192.0.2.1]", DOMAIN_ADDRESS},
        {"[IPv6:2001:db8::1]", DOMAIN_ADDRESS},
        {"192.0.2.256", DOMAIN_ADDRESS},
        {"example.99999999999999999999", DOMAIN_ADDRESS},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK(domain_check(str_from(rows[i].name)) == rows[i].fault, rows[i].name);
    assert_int_equal(domain_check_dns(STR("_mta-sts.example")), DOMAIN_OK);
    assert_int_equal(domain_check(STR("a\0b.example")), DOMAIN_CHARACTER);
}

static void names_that_people_type_become_a_labels(void **state)
{
    static const struct {
        const char *typed, *ascii; /* NULL: refused */
    } rows[] = {
        {"Example.ORG.", "example.org"},
        {"b\xc3\xbc"
         "cher.example",
         "xn--bcher-kva.example"},
        {"B\xc3\x9c"
         "CHER.example",
         "xn--bcher-kva.example"},
        {"fa\xc3\x9f.example", "xn--fa-hia.example"},
        {"_smtp._tls.example", "_smtp._tls.example"},
        {"\xe4\xbe\x8b\xe5\xad\x90.\xe6\xb5\x8b\xe8\xaf\x95", "xn--fsqu00a.xn--0zwm56d"},
        {"", NULL},
        {".", NULL},
        {"a b", NULL},
        {"a..b", NULL},
        {"192.0.2.1", NULL},
        {"\xff\xfe", NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out CLEANUP(buf_done);
        buf_init(&out, 300);
        bool good = domain_to_ascii(str_from(rows[i].typed), &out);
        CHECK(good == (rows[i].ascii != NULL), rows[i].typed);
        CHECK_STR(buf_view(&out), rows[i].ascii, rows[i].typed);
    }
}

static void a_labels_are_shown_as_u_labels(void **state)
{
    struct buf out CLEANUP(buf_done);
    (void)state;
    buf_init(&out, 300);
    domain_to_unicode(STR("xn--bcher-kva.example"), &out);
    CHECK_STR(buf_view(&out),
              "b\xc3\xbc"
              "cher.example",
              "converted");
    buf_reset(&out);
    domain_to_unicode(STR("xn--a\xff"), &out);
    CHECK_STR(buf_view(&out), "xn--a\xff", "kept as it is");
}

static void names_compare_without_case_and_dot(void **state)
{
    (void)state;
    assert_true(domain_eq(STR("A.example."), STR("a.EXAMPLE")));
    assert_false(domain_eq(STR("a.example"), STR("b.example")));
    assert_true(domain_is_below(STR("mx.example.org."), STR("example.org")));
    assert_false(domain_is_below(STR("example.org"), STR("example.org")));
    assert_false(domain_is_below(STR("badexample.org"), STR("example.org")));
    assert_false(domain_is_below(STR("org"), STR("example.org")));
}

/* RFC 8461 section 4.1. */
static void a_wildcard_covers_exactly_one_label(void **state)
{
    static const struct {
        const char *pattern, *host;
        bool matches;
    } rows[] = {
        {"mx.example.org", "MX.Example.ORG.", true},
        {"mx.example.org.", "mx.example.org", true},
        {"mx.example.org", "mx2.example.org", false},
        {"*.example.org", "mx.example.org", true},
        {"*.EXAMPLE.org.", "mx.example.ORG.", true},
        {"*.example.org", "example.org", false},
        {"*.example.org", "a.mx.example.org", false},
        {"*.example.org", ".example.org", false},
        {"*.mx.microsoft", "icewolf-li.h-v1.mx.microsoft", false},
        {"*.h-v1.mx.microsoft", "icewolf-li.h-v1.mx.microsoft", true},
        {"*.example.org", "mx.example.org.evil.net", false},
        {"*.*.example.org", "a.b.example.org", false},
        {"m*.example.org", "mx.example.org", false},
        {"*", "org", false},
        {"*.", "org", false},
        {"*.", "org.", false},
        {"", "", false},
        {"", ".", false},
        {".", ".", false},
        {"mx.b\xc3\xbc"
         "cher.example",
         "mx.xn--bcher-kva.example", true},
        {"*.xn--bcher-kva.example",
         "mx.b\xc3\xbc"
         "cher.example",
         true},
        {"*.b\xc3\xbc"
         "cher.example",
         "a.mx.xn--bcher-kva.example", false},
        {"*.example.org", "\xff.example.org", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bool got = domain_matches_pattern(str_from(rows[i].pattern), str_from(rows[i].host));
        CHECK(got == rows[i].matches, rows[i].pattern);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host_names_are_told_from_what_is_none),
        cmocka_unit_test(names_that_people_type_become_a_labels),
        cmocka_unit_test(a_labels_are_shown_as_u_labels),
        cmocka_unit_test(names_compare_without_case_and_dot),
        cmocka_unit_test(a_wildcard_covers_exactly_one_label),
    };
    return cmocka_run_group_tests_name("base domain", tests, NULL, NULL);
}
