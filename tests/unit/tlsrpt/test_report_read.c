#include "reading.h"

#include "tlsrpt/messages.h"

static const char good[] =
    "{\"organization-name\":\"Sender\",\"date-range\":{\"start-datetime\":\"2026-01-31T00:00:00Z\","
    "\"end-datetime\":\"2026-01-31T23:59:59Z\"},\"contact-info\":\"tls@s.example\","
    "\"report-id\":\"id-1\",\"policies\":[{\"policy\":{\"policy-type\":\"sts\",\"policy-string\":"
    "[\"version: STSv1\",\"mode: testing\",\"mx: *.a.example\",\"max_age: 86400\"],"
    "\"policy-domain\":\"a.example\",\"mx-host\":[\"*.a.example\"]},\"summary\":{"
    "\"total-successful-session-count\":230,\"total-failure-session-count\":3},"
    "\"failure-details\":[{\"result-type\":\"certificate-expired\",\"sending-mta-ip\":"
    "\"192.0.2.1\",\"receiving-mx-hostname\":\"mx.a.example\",\"receiving-mx-helo\":\"mx\","
    "\"receiving-ip\":\"2001:db8::1\",\"failed-session-count\":3,\"additional-information\":"
    "\"https://s.example/1\",\"failure-reason-code\":\"R\"}]}]}";

/* RFC 8460 4.4: every member is read, and a report by the book gives no finding. */
static void report_by_the_book_reads_without_findings(void **state)
{
    (void)state;
    struct reading r CLEANUP(reading_done);
    reading_start(&r, good);
    assert_int_equal(r.result, 0);
    CHECK_STR(buf_view(&r.found), "", "findings");
    const struct rpt_report *report = &r.report;
    CHECK_STR(report->organization, "Sender", "organization");
    CHECK_STR(report->contact, "tls@s.example", "contact");
    CHECK_STR(report->report_id, "id-1", "id");
    CHECK_STR(report->domain, "a.example", "domain");
    assert_true(report->has_range);
    assert_true(report->begin == 1769817600 && report->end == 1769903999);
    assert_int_equal(report->policy_count, 1);
    const struct rpt_policy *p = report->policies;
    assert_int_equal(p->type, RPT_POLICY_STS);
    assert_int_equal(p->policy_strings.count, 4);
    CHECK_STR(p->policy_strings.at[2], "mx: *.a.example", "line");
    assert_int_equal(p->mx_hosts.count, 1);
    CHECK_STR(p->mx_hosts.at[0], "*.a.example", "mx");
    assert_true(p->successful == 230 && p->failed == 3);
    assert_int_equal(p->detail_count, 1);
    const struct rpt_detail *d = p->details;
    assert_int_equal(d->result, RPT_CERTIFICATE_EXPIRED);
    CHECK_STR(d->sending_mta_ip, "192.0.2.1", "ip");
    CHECK_STR(d->receiving_mx_hostname, "mx.a.example", "mx");
    CHECK_STR(d->receiving_mx_helo, "mx", "helo");
    CHECK_STR(d->receiving_ip, "2001:db8::1", "ip");
    CHECK_STR(d->additional_information, "https://s.example/1", "info");
    CHECK_STR(d->failure_reason_code, "R", "reason");
    assert_true(d->failed_sessions == 3);
}

#define TOP(members) "{" members ",\"policies\":[{" NONE_FOUND "," SUMMARY("1", "0") "}]}"
#define RANGE(a, b)                                                                                \
    "\"date-range\":{\"start-datetime\":" a ",\"end-datetime\":" b "},\"report-id\":\"i\","        \
    "\"organization-name\":\"O\",\"contact-info\":\"c\""

/* Each deviation of the report as a whole, RFC 8460 4 and 4.1. */
static void deviations_are_told_with_their_path(void **state)
{
    static const struct {
        const char *text, *found;
    } rows[] = {
        {TOP(RANGE("\"2026-01-31T00:00:00Z\"", "\"2026-02-01T00:00:00Z\"")), ""},
        {TOP(RANGE("\"2026-01-31T00:00:00\"", "\"2026-01-31T23:59:59Z\"")),
         "report-time-no-zone $.date-range.start-datetime\n"},
        {TOP(RANGE("\"2026-01-31\"", "\"2026-01-31 23:59:59Z\"")),
         "report-time-form $.date-range.start-datetime\n"
         "report-time-form $.date-range.end-datetime\n"},
        {TOP(RANGE("1769817600", "\"1769903999\"")),
         "report-time-number $.date-range.start-datetime\n"
         "report-time-number $.date-range.end-datetime\n"},
        {TOP(RANGE("\"yesterday\"", "\"2026-01-31T23:59:59Z\"")),
         "report-time-invalid $.date-range.start-datetime\n"},
        {TOP(RANGE("\"2026-01-31T00:00:00Z\"", "\"2026-01-30T23:59:59Z\"")),
         "report-range-reversed $.date-range\n"},
        {TOP(RANGE("\"2026-01-31T00:00:00Z\"", "\"2026-02-01T00:00:01Z\"")),
         "report-range-long $.date-range\n"},
        {TOP("\"organization-name\":\"O\",\"contact-info\":null,\"report-id\":\"\""),
         "report-member-null $.contact-info\n(report-member-empty $.report-id)\n"
         "report-member-missing $\n"},
        {TOP("\"Organization-Name\":[\"O\",1],\"date-range\":\"x\",\"contact-info\":7,"
             "\"report-id\":{}"),
         "report-key-case $.Organization-Name\n"
         "report-wrong-type $.Organization-Name\nreport-wrong-type $.date-range\n"
         "report-wrong-type $.contact-info\nreport-wrong-type $.report-id\n"},
        {TOP("\"report-id\":\"a\",\"report-id\":\"b\",\"x\":[1,{}],\"organization-name\":\"O\","
             "\"contact-info\":\"c\",\"date-range\":null"),
         "report-key-twice $.report-id\n(report-key-unknown $.x)\n"
         "report-member-null $.date-range\n"},
        {REPORT("[]"), "report-no-policies $.policies\nreport-domain-unknown $\n"},
        {REPORT("null"), "report-member-null $.policies\nreport-no-policies $.policies\n"
                         "report-domain-unknown $\n"},
        {"{\"policies\":7}",
         "report-wrong-type $.policies\nreport-member-missing $\nreport-member-missing $\n"
         "report-member-missing $\nreport-member-missing $\nreport-no-policies $.policies\n"
         "report-domain-unknown $\n"},
        {"\xEF\xBB\xBF" REPORT("[]") " \n ",
         "report-bom $\nreport-no-policies $.policies\nreport-domain-unknown $\n"},
        {REPORT("[{\"a\tb\":1," NONE_FOUND ",\"summary\":{\"total-successful-session-count\":1,"
                "\"total-failure-session-count\":\"0\n\",},},]"),
         "report-control-character $.policies[0][\"a\\tb\"]\n"
         "(report-key-unknown $.policies[0][\"a\\tb\"])\n"
         "report-control-character $.policies[0].summary.total-failure-session-count\n"
         "report-count-string $.policies[0].summary.total-failure-session-count\n"
         "report-trailing-comma $.policies[0].summary\nreport-trailing-comma $.policies[0]\n"
         "report-trailing-comma $.policies\n"},
        {REPORT("[]") "{}",
         "report-no-policies $.policies\nreport-trailing $\nreport-domain-unknown $\n"},
        {"[" REPORT("[]") ",{},1]", "report-in-array $\nreport-no-policies $[0].policies\n"
                                    "report-others-in-array $\nreport-domain-unknown $\n"},
        {"{\"organization-name\":\"\xff\",\"contact-info\":\"\",\"report-id\":\"\","
         "\"date-range\":{},\"policies\":[]}",
         "(report-member-empty $.contact-info)\n(report-member-empty $.report-id)\n"
         "report-member-missing $.date-range\nreport-member-missing $.date-range\n"
         "report-no-policies $.policies\nreport-bad-utf8 $\nreport-domain-unknown $\n"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct reading r CLEANUP(reading_done);
        reading_start(&r, rows[i].text);
        CHECK(r.result == 0, rows[i].text);
        CHECK_STR(buf_view(&r.found), rows[i].found, rows[i].text);
    }
}

/* RFC 8460 4.1: a report covers a day; when one end is unreadable the other gives it. */
static void half_a_range_is_completed(void **state)
{
    (void)state;
    struct reading a CLEANUP(reading_done), b CLEANUP(reading_done), c CLEANUP(reading_done);
    reading_start(&a, TOP(RANGE("\"2026-01-31T00:00:00Z\"", "\"x\"")));
    assert_true(a.report.has_range && a.report.end == 1769903999);
    reading_start(&b, TOP(RANGE("null", "\"2026-01-31T23:59:59Z\"")));
    assert_true(b.report.has_range && b.report.begin == 1769817600);
    reading_start(&c, TOP(RANGE("null", "\"x\"")));
    assert_false(c.report.has_range);
}

static void first_of_repeated_members_wins(void **state)
{
    (void)state;
    struct reading r CLEANUP(reading_done);
    reading_start(&r, "{\"report-id\":\"a\",\"Report-ID\":\"b\",\"report-id\":\"c\"}");
    CHECK_STR(r.report.report_id, "a", "first");
}

/* What is no report is refused, with the place and a word for what it is. */
static void what_is_no_report_is_refused(void **state)
{
    static const struct {
        const char *text, *code;
        uint64_t offset;
    } rows[] = {
        {"", "report-empty", 0},
        {" \n\t", "report-empty", 3},
        {"<!DOCTYPE html><p>", "report-is-html", 0},
        {"\n<?xml version='1.0'?><html>", "report-is-html", 1},
        {"<?xml version='1.0'?><feedback>", "report-is-dmarc", 0},
        {"<?xml version='1.0'?><other>", "report-is-xml", 0},
        {"{}", "report-no-members", 0},
        {"{\"a\":{\"policies\":[]}}", "report-no-members", 0},
        {"\"policies\"", "report-no-members", 0},
        {"[]", "report-no-members", 0},
        {"[1,2]", "report-no-members", 0},
        {"{\"report-id\":\"a", "report-truncated", 15},
        {"{\"report-id\":\"a\",\"policies\":[{\"policy\":{}", "report-truncated", 41},
        {"{\"report-id\":\"a\",\"policies\":[{]}", "json-syntax", 30},
        {"{\"report-id\":\"a\",,}", "json-syntax", 17},
        {"\xEF\xBB\xBF{\"report-id\":1x", "json-syntax", 17},
        {"From a@b.example", "json-syntax", 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct reading r CLEANUP(reading_done);
        reading_start(&r, rows[i].text);
        CHECK(r.result == -ERROR_PERMANENT, rows[i].text);
        CHECK_STR(str_from(r.err.msg.def->id), rows[i].code, rows[i].text);
        CHECK(r.offset == rows[i].offset, rows[i].text);
    }
}

/* Every beginning of a report is refused: half of one must not be counted. */
static void every_truncation_is_refused(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof good - 1; n++) {
        struct reading r CLEANUP(reading_done);
        reading_start_with(&r, (struct str){good, n}, NULL);
        assert_int_equal(r.result, -ERROR_PERMANENT);
        assert_true(r.offset == n);
    }
}

static void utf16_reads_in_both_orders_with_and_without_mark(void **state)
{
    (void)state;
    char wide[2 * sizeof good];
    for (unsigned form = 0; form < 4; form++) {
        bool big = form & 1, mark = form & 2;
        size_t n = 0;
        if (mark) {
            wide[n++] = big ? '\xFE' : '\xFF';
            wide[n++] = big ? '\xFF' : '\xFE';
        }
        for (size_t i = 0; i + 1 < sizeof good; i++) {
            wide[n++] = big ? 0 : good[i];
            wide[n++] = big ? good[i] : 0;
        }
        struct reading r CLEANUP(reading_done), cut CLEANUP(reading_done);
        reading_start_with(&r, (struct str){wide, n}, NULL);
        assert_int_equal(r.result, 0);
        CHECK_STR(buf_view(&r.found), "report-utf16 $\n", "findings");
        CHECK_STR(buf_view(&r.written), good, "content");
        reading_start_with(&cut, (struct str){wide, n - 100}, NULL);
        assert_int_equal(cut.result, -ERROR_PERMANENT);
        assert_true(cut.offset == n - 100);
    }
}

static void count_limits_hold(void **state)
{
    static const struct {
        size_t policies, details;
        int result;
    } rows[] = {
        {RPT_POLICIES_MAX, 0, 0},
        {RPT_POLICIES_MAX + 1, 0, -ERROR_POLICY},
        {1, RPT_DETAILS_MAX, 0},
        {1, RPT_DETAILS_MAX + 1, -ERROR_POLICY},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf text CLEANUP(buf_done);
        buf_init(&text, 8 * 1024 * 1024);
        buf_cstr(&text, "{\"policies\":[");
        for (size_t p = 0; p < rows[i].policies; p++) {
            buf_cstr(&text, p ? ",{\"failure-details\":[" : "{\"failure-details\":[");
            for (size_t d = 0; d < rows[i].details; d++)
                buf_cstr(&text, d ? ",{}" : "{}");
            buf_cstr(&text, "]}");
        }
        buf_cstr(&text, "]}");
        struct reading r CLEANUP(reading_done);
        reading_start_with(&r, buf_view(&text), NULL);
        assert_int_equal(r.result, rows[i].result);
    }
}

/* Whatever allocation fails, reading says so or had no need of it. */
static void full_arena_is_an_error(void **state)
{
    (void)state;
    bool passed = false;
    for (size_t max = 0; max < 65536 && !passed; max += 16) {
        struct arena arena;
        struct rpt_report report;
        struct error err;
        arena_init(&arena, max);
        int result = rpt_report_read(&report,
                                     STR("{\"report-id\":\"\\u0041\",\"policies\":[{},"
                                         "{\"failure-details\":[{}],\"x\":1}]}"),
                                     NULL, &arena, NULL, &err);
        assert_true(result == 0 || result == -ERROR_TEMPORARY);
        passed = result == 0;
        arena_done(&arena);
    }
    assert_true(passed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(report_by_the_book_reads_without_findings),
        cmocka_unit_test(deviations_are_told_with_their_path),
        cmocka_unit_test(half_a_range_is_completed),
        cmocka_unit_test(first_of_repeated_members_wins),
        cmocka_unit_test(what_is_no_report_is_refused),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(utf16_reads_in_both_orders_with_and_without_mark),
        cmocka_unit_test(count_limits_hold),
        cmocka_unit_test(full_arena_is_an_error),
    };
    return cmocka_run_group_tests_name("tlsrpt report_read", tests, NULL, NULL);
}
