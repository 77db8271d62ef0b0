#include "check.h"

#include "tlsrpt/near.h"

static void a_pattern_that_fails_is_related_to_the_host(void **state)
{
    static const struct {
        const char *pattern, *host;
        enum rpt_near near;
    } rows[] = {
        {"*.mx.microsoft", "icewolf-li.h-v1.mx.microsoft", RPT_NEAR_ONE_LABEL},
        {"*.Example.org.", "A.mx.example.ORG", RPT_NEAR_ONE_LABEL},
        {"*.mx.example.org", "mx.example.org", RPT_NEAR_BASE},
        {"example.org", "mx.example.org", RPT_NEAR_PARENT},
        {"org", "mx.example.org", RPT_NEAR_NOT},
        {"mx.exmaple.org", "mx.example.org", RPT_NEAR_SPELLING},
        {"MX.EXAMPLE.OGR", "mx.example.org", RPT_NEAR_SPELLING},
        {"mail.example.co", "mail.example.com", RPT_NEAR_SPELLING},
        {"*.exampel.org", "mx.example.org", RPT_NEAR_SPELLING},
        {"mx1.example.org", "mx2.example.org", RPT_NEAR_NOT},
        {"mx.example.org", "mx12.example.org", RPT_NEAR_NOT},
        {"mail.example.net", "mail.example.org", RPT_NEAR_NOT},
        {"smtp.example.org", "mx.example.org", RPT_NEAR_NOT},
        {"a.b", "c.d", RPT_NEAR_NOT},
        {"", "mx.example.org", RPT_NEAR_NOT},
        {"*.", "mx.example.org", RPT_NEAR_NOT},
        {"mx.example.org", "", RPT_NEAR_NOT},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK(rpt_near(str_from(rows[i].pattern), str_from(rows[i].host)) == rows[i].near,
              rows[i].pattern);
}

static void longer_than_a_name_can_be_is_not_compared(void **state)
{
    static char a[300], b[300];
    (void)state;
    for (size_t i = 0; i < sizeof a; i++)
        a[i] = b[i] = 'a';
    b[7] = 'b';
    assert_int_equal(rpt_near((struct str){a, 253}, (struct str){b, 253}), RPT_NEAR_SPELLING);
    assert_int_equal(rpt_near((struct str){a, 254}, (struct str){b, 253}), RPT_NEAR_NOT);
    assert_int_equal(rpt_near((struct str){a, 253}, (struct str){b, 254}), RPT_NEAR_NOT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pattern_that_fails_is_related_to_the_host),
        cmocka_unit_test(longer_than_a_name_can_be_is_not_compared),
    };
    return cmocka_run_group_tests_name("tlsrpt near", tests, NULL, NULL);
}
