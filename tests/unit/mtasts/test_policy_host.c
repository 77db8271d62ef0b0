#include "check.h"

#include <string.h>

#include "mtasts/policy_host.h"

/* RFC 8461 3.3, RFC 1035 2.3.4 */
static void a_policy_host_is_the_domain_with_a_label_before_it(void **state)
{
    char text[POLICY_HOST_SIZE], longest[DOMAIN_NAME_MAX + 1];
    size_t room = DOMAIN_NAME_MAX - POLICY_HOST_LABEL.n;
    (void)state;
    CHECK_STR(policy_host_of(STR("example.org"), text), "mta-sts.example.org", "example.org");
    CHECK_STR(policy_host_of(STR(""), text), "", "no domain");
    memset(longest, 'a', sizeof longest);
    assert_int_equal(policy_host_of((struct str){longest, room}, text).n, DOMAIN_NAME_MAX);
    assert_int_equal(policy_host_of((struct str){longest, room + 1}, text).n, 0);
}

/* RFC 8461 3.3, RFC 6125 6.4.3 */
static void a_name_in_a_certificate_stands_for_one_policy_host_at_most(void **state)
{
    static const struct {
        struct str name;
        const char *domain; /* NULL: none */
    } rows[] = {
        {STR_INIT("mta-sts.example.org"), "example.org"},
        {STR_INIT("*.example.org"), "example.org"},
        {STR_INIT("mta-sts.mta-sts.org"), "mta-sts.org"},
        {STR_INIT("www.example.org"), NULL},
        {STR_INIT("example.org"), NULL},
        {STR_INIT("mta-sts."), NULL},
        {STR_INIT("mta-sts"), NULL},
        {STR_INIT("*."), NULL},
        {STR_INIT(""), NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str domain = STR("");
        CHECK(policy_host_covered(rows[i].name, &domain) == (rows[i].domain != NULL),
              rows[i].name.p);
        CHECK_STR(domain, rows[i].domain ? rows[i].domain : "", rows[i].name.p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_host_is_the_domain_with_a_label_before_it),
        cmocka_unit_test(a_name_in_a_certificate_stands_for_one_policy_host_at_most),
    };
    return cmocka_run_group_tests_name("mtasts/policy_host", tests, NULL, NULL);
}
