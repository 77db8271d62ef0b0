#include "reading.h"

#define COUNTED(value) REPORT("[{" NONE_FOUND "," SUMMARY(value, "0") "}]")
#define AT             " $.policies[0].summary.total-successful-session-count\n"

/* RFC 8460 4.4 and RFC 7493 2.2: counts are whole numbers; of others what is sensible is taken. */
static void counts_read_in_every_form(void **state)
{
    static const struct {
        const char *text, *found;
        uint64_t value;
    } rows[] = {
        {COUNTED("0"), "", 0},
        {COUNTED("230"), "", 230},
        {COUNTED("9007199254740991"), "", 9007199254740991},
        {COUNTED("9007199254740992"), "report-count-huge" AT, 9007199254740992},
        {COUNTED("18446744073709551616"), "report-count-huge" AT, UINT64_MAX},
        {COUNTED("1e400"), "report-count-huge" AT, UINT64_MAX},
        {COUNTED("1e99999999999999999999999"), "report-count-huge" AT, UINT64_MAX},
        {COUNTED("0e99999999999999999999999"),
         "(report-count-form"
         ""
         " $.policies[0].summary."
         "total-successful-session-count)\n",
         0},
        {COUNTED("-3"), "report-count-negative" AT, 0},
        {COUNTED("-0"), "report-count-negative" AT, 0},
        {COUNTED("2.75"), "report-count-fraction" AT, 2},
        {COUNTED("2.0"), "report-count-fraction" AT, 2},
        {COUNTED("1.25e1"), "report-count-fraction" AT, 12},
        {COUNTED("125e-1"),
         "report-count-fraction"
         "" AT,
         12},
        {COUNTED("125e-99"), "report-count-fraction" AT, 0},
        {COUNTED("2e2"),
         "(report-count-form $.policies[0].summary."
         "total-successful-session-count)\n",
         200},
        {COUNTED("\"7\""), "report-count-string" AT, 7},
        {COUNTED("\" 7 \""), "report-count-string" AT, 7},
        {COUNTED("\"007\""), "report-count-string" AT, 7},
        {COUNTED("\"2.5\""), "report-count-string" AT "report-count-fraction" AT, 2},
        {COUNTED("\"many\""), "report-count-invalid" AT, 0},
        {COUNTED("\"\""), "report-count-invalid" AT, 0},
        {COUNTED("null"), "report-member-null" AT, 0},
        {COUNTED("true"), "report-wrong-type" AT, 0},
        {COUNTED("[5]"), "report-wrong-type" AT, 0},
        {COUNTED("{\"a\":5}"), "report-wrong-type" AT, 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct reading r CLEANUP(reading_done);
        reading_start(&r, rows[i].text);
        CHECK(r.result == 0, rows[i].text);
        CHECK_STR(buf_view(&r.found), rows[i].found, rows[i].text);
        CHECK(r.report.policies[0].successful == rows[i].value, rows[i].text);
    }
}

/* The limit of an array of strings holds, and what is beyond it is said. */
static void string_limit_holds(void **state)
{
    (void)state;
    for (size_t n = RPT_STRINGS_MAX - 1; n <= RPT_STRINGS_MAX + 1; n++) {
        struct buf text CLEANUP(buf_done);
        buf_init(&text, 1024 * 1024);
        buf_cstr(&text, "{\"policies\":[{\"policy\":{\"mx-host\":[");
        for (size_t i = 0; i < n; i++)
            buf_cstr(&text, i ? ",\"m\"" : "\"m\"");
        buf_cstr(&text, "]}}]}");
        struct reading r CLEANUP(reading_done);
        reading_start_with(&r, buf_view(&text), NULL);
        assert_int_equal(r.result, 0);
        size_t kept = n < RPT_STRINGS_MAX ? n : RPT_STRINGS_MAX;
        assert_int_equal(r.report.policies[0].mx_hosts.count, kept);
        bool said = str_find(buf_view(&r.found), STR("report-strings-too-many")) >= 0;
        assert_true(said == (n > RPT_STRINGS_MAX));
    }
}

/* A finding repeats foreign text only up to a limit, however long it is. */
static void long_foreign_text_is_clipped_in_findings(void **state)
{
    (void)state;
    struct buf text CLEANUP(buf_done);
    buf_init(&text, 1024 * 1024);
    buf_cstr(&text, "{\"report-id\":\"i\",\"");
    for (size_t i = 0; i < 100000; i++)
        buf_byte(&text, 'k');
    buf_cstr(&text, "\":1}");
    struct reading r CLEANUP(reading_done);
    reading_start_with(&r, buf_view(&text), NULL);
    assert_int_equal(r.result, 0);
    assert_true(r.report.warnings.first->msg.args[0].str.n <= 200);
    assert_true(r.report.warnings.first->path.n <= 512);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_read_in_every_form),
        cmocka_unit_test(string_limit_holds),
        cmocka_unit_test(long_foreign_text_is_clipped_in_findings),
    };
    return cmocka_run_group_tests_name("tlsrpt read_value", tests, NULL, NULL);
}
