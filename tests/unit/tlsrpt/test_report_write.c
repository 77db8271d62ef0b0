#include "reading.h"

/* What was tolerated is written in the form of RFC 8460 4.4, and reads again without a word. */
static void tolerated_report_is_written_by_the_book(void **state)
{
    static const char odd[] =
        "{\"Organization-Name\":\"O\",\"date-range\":{\"start-datetime\":\"2026-01-31T00:00:00\","
        "\"end-datetime\":1769903999},\"contact-info\":\"c\",\"report-id\":\"i\",\"policies\":"
        "{\"policy\":{\"policy-type\":\"STS\",\"policy-string\":\"mode:enforce\\r\\n\","
        "\"mx-host\":\"mx: m\"},\"summary\":{\"total-successful-session-count\":\"5\"},"
        "\"failure-details\":[{\"result-type\":\"TLSA-Invalid\",\"sending-mta-ip\":\"192.0.2.1\","
        "\"additional-info-uri\":\"u\"}]}} trailing";
    static const char even[] =
        "{\"organization-name\":\"O\",\"date-range\":{\"start-datetime\":\"2026-01-31T00:00:00Z\","
        "\"end-datetime\":\"2026-01-31T23:59:59Z\"},\"contact-info\":\"c\",\"report-id\":\"i\","
        "\"policies\":[{\"policy\":{\"policy-type\":\"sts\",\"policy-string\":[\"mode:enforce\"],"
        "\"policy-domain\":\"a.example\",\"mx-host\":[\"m\"]},\"summary\":{"
        "\"total-successful-session-count\":5,\"total-failure-session-count\":1},"
        "\"failure-details\":[{\"result-type\":\"tlsa-invalid\",\"sending-mta-ip\":\"192.0.2.1\","
        "\"failed-session-count\":1,\"additional-information\":\"u\"}]}]}";
    (void)state;
    struct reading first CLEANUP(reading_done), second CLEANUP(reading_done);
    struct rpt_hints hints = {.tls_report_domain = STR("a.example")};
    reading_start_with(&first, str_from(odd), &hints);
    assert_int_equal(first.result, 0);
    CHECK_STR(buf_view(&first.written), even, "written");
    reading_start_with(&second, buf_view(&first.written), NULL);
    assert_int_equal(second.result, 0);
    CHECK_STR(buf_view(&second.found), "", "read again");
    CHECK_STR(buf_view(&second.written), even, "written again");
}

static void foreign_bytes_are_escaped(void **state)
{
    (void)state;
    struct reading r CLEANUP(reading_done);
    reading_start(&r, "{\"report-id\":\"\\u0000\\\"\\u202e\xff\",\"policies\":[]}");
    CHECK_STR(buf_view(&r.written),
              "{\"report-id\":\"\\u0000\\\"\\u202e\xef\xbf\xbd\",\"policies\":[]}", "escaped");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tolerated_report_is_written_by_the_book),
        cmocka_unit_test(foreign_bytes_are_escaped),
    };
    return cmocka_run_group_tests_name("tlsrpt report_write", tests, NULL, NULL);
}
