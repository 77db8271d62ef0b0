#include "check.h"
#include "mtasts/policy.h"

static void text_plain_with_any_parameters_rfc8461_3_2(void **state)
{
    static const struct {
        const char *value;
        bool good;
    } rows[] = {
        {"text/plain", true},
        {"text/plain; charset=utf-8", true},
        {"text/plain;charset=iso-8859-1;format=flowed", true},
        {"Text/PLAIN ; charset=utf-8", true},
        {" text/plain\t", true},
        {"text/plain;", true},
        {"", false},
        {"text/html", false},
        {"text/plainer", false},
        {"text/plain charset=utf-8", false},
        {"text/plain, text/html", false},
        {"text /plain", false},
        {"application/octet-stream", false},
        {";text/plain", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK(sts_media_type_ok(str_from(rows[i].value)) == rows[i].good, rows[i].value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_plain_with_any_parameters_rfc8461_3_2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
