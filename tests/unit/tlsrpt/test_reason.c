#include "check.h"

#include "tlsrpt/reason.h"

/* RFC 8460 section 4.4: failure-reason-code is free text. */
static void reasons_seen_in_reports_are_known(void **state)
{
    static const struct {
        const char *text;
        enum rpt_reason reason;
        unsigned status;
    } rows[] = {
        {"", RPT_REASON_OTHER, 0},
        {"VALIDATION_FAILURE", RPT_REASON_OTHER, 0},
        {"MX_HOSTS_MISMATCH", RPT_REASON_MX_MISMATCH, 0},
        {"MX not authorized by policy.", RPT_REASON_MX_MISMATCH, 0},
        {"No matching certificates found.", RPT_REASON_TLSA, 0},
        {"Bogus TLSA records were found.", RPT_REASON_TLSA, 0},
        {"unable_to_get_local_issuer_certificate", RPT_REASON_NOT_TRUSTED, 0},
        {"self-signed certificate in certificate chain", RPT_REASON_NOT_TRUSTED, 0},
        {"x509: certificate signed by unknown authority", RPT_REASON_NOT_TRUSTED, 0},
        {"4.7.5 [internal] SSL certificate subject does not match host", RPT_REASON_HOST_MISMATCH,
         0},
        {"x509: certificate is valid for a.example, not b.example", RPT_REASON_HOST_MISMATCH, 0},
        {"certificate has expired", RPT_REASON_EXPIRED, 0},
        {"CERTIFICATE_EXPIRED", RPT_REASON_EXPIRED, 0},
        {"Get \"https://mta-sts.a.example/.well-known/mta-sts.txt\": context deadline exceeded "
         "(Client.Timeout exceeded while awaiting headers)",
         RPT_REASON_TIMEOUT, 0},
        {"dial tcp: lookup mta-sts.a.example: no such host", RPT_REASON_DNS, 0},
        {"dial tcp 192.0.2.1:443: connect: connection refused", RPT_REASON_CONNECTION, 0},
        {"remote error: tls: handshake failure", RPT_REASON_HANDSHAKE, 0},
        {"bad https response code: 404", RPT_REASON_STATUS, 404},
        {"bad https response code: 500", RPT_REASON_STATUS, 500},
        {"HTTP status 301", RPT_REASON_STATUS, 301},
        {"HTTP/1.1 403 Forbidden", RPT_REASON_STATUS, 403},
        {"status 200", RPT_REASON_OTHER, 0},
        {"status 2000", RPT_REASON_OTHER, 0},
        {"status 99", RPT_REASON_OTHER, 0},
        {"error 404 of some other kind", RPT_REASON_OTHER, 0},
        {"\xff\x00", RPT_REASON_OTHER, 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CHECK(rpt_reason_parse(str_from(rows[i].text)) == rows[i].reason, rows[i].text);
        CHECK(rpt_reason_status(str_from(rows[i].text)) == rows[i].status, rows[i].text);
    }
}

static void only_the_start_of_a_long_reason_is_read(void **state)
{
    static char text[1024 * 1024];
    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = 'x';
    struct str all = {text, sizeof text};
    assert_int_equal(rpt_reason_parse(all), RPT_REASON_OTHER);
    for (size_t i = 0; i < 7; i++)
        text[i + 505] = "expired"[i];
    assert_int_equal(rpt_reason_parse(all), RPT_REASON_EXPIRED);
    text[505] = 'x';
    for (size_t i = 0; i < 7; i++)
        text[i + 506] = "expired"[i];
    assert_int_equal(rpt_reason_parse(all), RPT_REASON_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reasons_seen_in_reports_are_known),
        cmocka_unit_test(only_the_start_of_a_long_reason_is_read),
    };
    return cmocka_run_group_tests_name("tlsrpt reason", tests, NULL, NULL);
}
