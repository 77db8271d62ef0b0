#include "reading.h"

#define DETAILS(details)                                                                           \
    REPORT("[{" NONE_FOUND "," SUMMARY("1", "1") ",\"failure-details\":" details "}]")
#define COUNT  "\"failed-session-count\":1"
#define RESULT "\"result-type\":\"validation-failure\""
#define SENDER "\"sending-mta-ip\":\"192.0.2.1\""

/* RFC 8460 4.3 and 4.4, failure details. */
static void deviations_of_details_are_told(void **state)
{
    static const struct {
        const char *text, *found, *written;
    } rows[] = {
        {DETAILS("[{" RESULT "," SENDER "," COUNT "}]"), "", "192.0.2.1"},
        {DETAILS("{" RESULT "," SENDER "," COUNT "}"),
         "report-not-array $.policies[0].failure-details\n", "\"failure-details\":[{"},
        {DETAILS("[1,{" RESULT "," SENDER "," COUNT "}]"),
         "report-wrong-type $.policies[0].failure-details[0]\n", "\"failure-details\":[{"},
        {DETAILS("[{" SENDER "," COUNT "}]"),
         "report-member-missing $.policies[0].failure-details[0]\n", "[{\"sending-mta-ip\""},
        {DETAILS("[{\"result-type\":null," SENDER "," COUNT "}]"),
         "report-member-null $.policies[0].failure-details[0].result-type\n",
         "[{\"sending-mta-ip\""},
        {DETAILS("[{\"result-type\":\"Testing\"," SENDER "," COUNT "}]"),
         "report-result-unknown $.policies[0].failure-details[0].result-type\n",
         "\"result-type\":\"Testing\""},
        {DETAILS("[{\"result-type\":\"Validation-Failure\"," SENDER "," COUNT "}]"),
         "report-word-case $.policies[0].failure-details[0].result-type\n",
         "\"result-type\":\"validation-failure\""},
        {DETAILS("[{" RESULT "," SENDER "}]"),
         "report-detail-uncounted $.policies[0].failure-details[0]\n",
         "\"failed-session-count\":1"},
        {DETAILS("[{" RESULT "," COUNT "}]"),
         "(report-member-missing $.policies[0].failure-details[0])\n", "validation-failure"},
        {DETAILS("[{\"result-type\":\"sts-policy-fetch-error\"," COUNT "}]"), "",
         "sts-policy-fetch-error"},
        {DETAILS("[{" RESULT ",\"sending-mta-ip\":\"\"," COUNT "}]"),
         "(report-member-empty $.policies[0].failure-details[0].sending-mta-ip)\n",
         "[{\"result-type\":\"validation-failure\",\"failed-session-count\":1}]"},
        {DETAILS("[{" RESULT "," SENDER ",\"receiving-ip\":\"1.2.3\"," COUNT "}]"),
         "report-address-invalid $.policies[0].failure-details[0].receiving-ip\n",
         "\"receiving-ip\":\"1.2.3\""},
        {DETAILS("[{" RESULT "," SENDER ",\"receiving-mx-host-name\":\"m\"," COUNT
                 ",\"additional-info-uri\":\"u\"}]"),
         "(report-key-other $.policies[0].failure-details[0].receiving-mx-host-name)\n"
         "(report-key-other $.policies[0].failure-details[0].additional-info-uri)\n",
         "\"receiving-mx-hostname\":\"m\",\"failed-session-count\":1,"
         "\"additional-information\":\"u\""},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct reading r CLEANUP(reading_done);
        reading_start(&r, rows[i].text);
        CHECK(r.result == 0, rows[i].text);
        CHECK_STR(buf_view(&r.found), rows[i].found, rows[i].text);
        CHECK(str_find(buf_view(&r.written), str_from(rows[i].written)) >= 0, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deviations_of_details_are_told),
    };
    return cmocka_run_group_tests_name("tlsrpt read_detail", tests, NULL, NULL);
}
