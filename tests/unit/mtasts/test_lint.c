#include "check.h"
#include "listing.h"
#include "mtasts/policy.h"

#define V         "version: STSv1\r\n"
#define E         "mode: enforce\r\n"
#define MONTH     "max_age: 2592000\r\n"
#define HOSTS_MAX 4

static void advice_on_legal_policies(void **state)
{
    static const struct {
        const char *text;
        const char *hosts[HOSTS_MAX];
        const char *findings;
    } rows[] = {
        {V E "mx: a.example.org\r\n" MONTH, {NULL}, ""},
        {V E "mx: a.example.org\r\n" MONTH, {"A.example.org."}, ""},
        {V E "mx: a.example.org\r\nmax_age: 1209600\r\n", {NULL}, ""},
        {V E "mx: a.example.org\r\nmax_age: 1209599\r\n",
         {NULL},
         "warning policy-max-age-short 4:0"},
        {V E "mx: a.example.org\r\nmax_age: 86399\r\n",
         {NULL},
         "warning policy-max-age-under-day 4:0"},
        {V "mode: testing\r\nmx: a.example.org\r\nmax_age: 86400\r\n",
         {NULL},
         "note policy-mode-testing 2:0"},
        {V "mode: none\r\nmax_age: 60\r\n",
         {"a.example.org"},
         "note policy-mode-none 2:0; warning policy-none-without-mx 2:0"},
        {V "mode: none\r\nmx: b.example.org\r\nmax_age: 60\r\n",
         {"a.example.org"},
         "note policy-mode-none 2:0"},
        {V E "mx: *.com\r\nmx: *.co.uk\r\nmx: *.example.uk\r\nmx: mail\r\n" MONTH,
         {NULL},
         "warning policy-mx-too-broad 3:0; warning policy-mx-too-broad 4:0; warning "
         "policy-mx-single-label 6:0"},
        {V E "mx: *.example.org\r\nmx: b.example.org\r\n" MONTH,
         {"b.example.org"},
         "warning policy-wildcard-unneeded 3:0"},
        {V E "mx: *.example.org\r\nmx: b.example.org\r\n" MONTH,
         {"b.example.org", "c.example.org"},
         ""},
        {V E "mx: *.example.net\r\nmx: b.example.org\r\nmx: c.example.org\r\n" MONTH,
         {"b.example.org"},
         "warning policy-wildcard-unused 3:0; note policy-mx-unused 5:0"},
        {V E "mx: b.example.org\r\n" MONTH,
         {"b.example.org", "c.example.org"},
         "warning policy-mx-host-missing 0:0"},
        {V "mode: testing\r\nmx: b.example.org\r\n" MONTH,
         {"b.example.org", "c.example.org"},
         "note policy-mode-testing 2:0; warning policy-mx-host-missing-testing 0:0"},
        {V E "mx: *.example.org\r\n" MONTH,
         {"a.b.example.org", "b.example.org"},
         "warning policy-mx-host-deep 0:0"},
        {V "mode: testing\r\nmx: *.example.org\r\n" MONTH,
         {"a.b.example.org", "b.example.org"},
         "note policy-mode-testing 2:0; warning policy-mx-host-deep-testing 0:0"},
        {V E "mx: b.example.org\r\n" MONTH,
         {"b.example.org", "192.0.2.1"},
         "warning policy-mx-host-bad 0:0"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena CLEANUP(arena_done);
        struct buf out CLEANUP(buf_done);
        struct findings findings;
        struct sts_policy policy;
        struct str hosts[HOSTS_MAX], text = str_from(rows[i].text);
        size_t n = 0;
        for (; n < HOSTS_MAX && rows[i].hosts[n]; n++)
            hosts[n] = str_from(rows[i].hosts[n]);
        const struct sts_lint_context context = {n ? hosts : NULL, n};
        arena_init(&arena, 1024 * 1024);
        buf_init(&out, LISTING_MAX);
        findings_init(&findings, &arena);
        CHECK(sts_policy_parse(&policy, text, &findings) == 0, rows[i].text);
        sts_policy_lint(&policy, text, &context, &findings);
        list_findings(&findings, &out);
        CHECK_STR(buf_view(&out), rows[i].findings, rows[i].text);
    }
}

static void lint_of_values_alone_has_no_lines(void **state)
{
    struct str mx[] = {STR("*.com")};
    const struct sts_policy policy = {STS_MODE_ENFORCE, 60, 1, mx};
    struct arena arena CLEANUP(arena_done);
    struct buf out CLEANUP(buf_done);
    struct findings findings;
    (void)state;
    arena_init(&arena, 1024 * 1024);
    buf_init(&out, LISTING_MAX);
    findings_init(&findings, &arena);
    sts_policy_lint(&policy, STR(""), NULL, &findings);
    list_findings(&findings, &out);
    CHECK_STR(buf_view(&out),
              "warning policy-max-age-under-day 0:0; warning policy-mx-too-broad 0:0", "values");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(advice_on_legal_policies),
        cmocka_unit_test(lint_of_values_alone_has_no_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
