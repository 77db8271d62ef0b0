#include "check.h"
#include "listing.h"
#include "mtasts/parse.h"

#define L63 "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabc"

static void faults_of_mx_values_rfc8461_3_2(void **state)
{
    static const struct {
        const char *value, *findings;
        const char *fix; /* what the fix must contain; NULL for no check */
    } rows[] = {
        {"a.example", "", NULL},
        {"*.example", "", NULL},
        {"A-1.Example", "", NULL},
        {L63 ".example", "", NULL},
        {"", "error policy-mx-empty 7:5", NULL},
        {"a.example.", "error policy-mx-trailing-dot 7:14", "mx: a.example`"},
        {"*.example.", "error policy-mx-trailing-dot 7:14", "mx: *.example`"},
        {".example", "error policy-mx-leading-dot 7:5", "mx: *.example`"},
        {"a..example", "error policy-mx-empty-label 7:7", NULL},
        {"*..example", "error policy-mx-empty-label 7:7", NULL},
        {"a.example, b.example", "error policy-mx-list 7:14", "`mx: a.example`, `mx: b.example`"},
        {"a.example b.example", "error policy-mx-list 7:14", "`mx: a.example`, `mx: b.example`"},
        {"10 a.example", "error policy-mx-extra 7:7", "`mx: a.example`"},
        {"a.example;", "error policy-mx-extra 7:14", "`mx: a.example`"},
        {"192.0.2.1", "error policy-mx-address 7:5", NULL},
        {"*.192.0.2.1", "error policy-mx-address 7:5", NULL},
        {"2001:db8::1", "error policy-mx-address 7:5", NULL},
        {"[192.0.2.1]", "error policy-mx-address 7:5", NULL},
        {"[IPv6:2001:db8::1]", "error policy-mx-address 7:5", NULL},
        {"300.1.2.3", "error policy-mx-numeric 7:5", NULL},
        {"u@d.example", "error policy-mx-email 7:6", "dig MX d.example"},
        {"https://a.example/", "error policy-mx-url 7:10", NULL},
        {"a.example:25", "error policy-mx-port 7:14", "`mx: a.example`"},
        {"*", "error policy-mx-star-alone 7:5", NULL},
        {"*.", "error policy-mx-star-alone 7:5", NULL},
        {"*.*.example", "error policy-mx-two-wildcards 7:7", NULL},
        {"mail*.example", "error policy-mx-partial-wildcard 7:9", NULL},
        {"*mail.example", "error policy-mx-partial-wildcard 7:5", NULL},
        {"mail.*.example", "error policy-mx-deep-wildcard 7:10", NULL},
        {"b\xc3\xbc"
         "cher.example",
         "error policy-mx-u-label 7:6", "`mx: xn--bcher-kva.example`"},
        {"*.b\xc3\xbc"
         "cher.example",
         "error policy-mx-u-label 7:8", "`mx: *.xn--bcher-kva.example`"},
        {"\xe2\x80\x8b.example", "error policy-mx-non-ascii 7:5", NULL},
        {"a_b.example", "error policy-mx-character 7:6", NULL},
        {"\"a.example\"", "error policy-mx-character 7:5", NULL},
        {"-a.example", "error policy-mx-hyphen 7:5", NULL},
        {"a-.example", "error policy-mx-hyphen 7:5", NULL},
        {L63 "d.example", "error policy-mx-label-long 7:5", NULL},
        {L63 "." L63 "." L63 "." L63, "error policy-mx-too-long 7:5", NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena CLEANUP(arena_done);
        struct buf out CLEANUP(buf_done);
        struct findings findings;
        arena_init(&arena, 1024 * 1024);
        buf_init(&out, LISTING_MAX);
        findings_init(&findings, &arena);
        bool good = sts_mx_value_check(str_from(rows[i].value), &findings, 7, 5);
        list_findings(&findings, &out);
        CHECK_STR(buf_view(&out), rows[i].findings, rows[i].value);
        CHECK(good == (findings.count == 0), rows[i].value);
        if (!rows[i].fix)
            continue;
        buf_reset(&out);
        msg_render(LANG_EN, MSG_FIX, &findings.first->msg, &out);
        CHECK(str_find(buf_view(&out), str_from(rows[i].fix)) >= 0, rows[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_of_mx_values_rfc8461_3_2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
