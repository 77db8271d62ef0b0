#include "reading.h"

#define ROW(policy) REPORT("[{\"policy\":{" policy "}," SUMMARY("1", "0") "}]")
#define STS(rest)   ROW("\"policy-type\":\"sts\",\"policy-domain\":\"a.example\"," rest)
#define TLSA(rest)  ROW("\"policy-type\":\"tlsa\",\"policy-domain\":\"mx.a.example\"," rest)
#define HOSTS       ",\"mx-host\":[\"m\"]"
#define LINES       "\"policy-string\":[\"l\"],"

/* RFC 8460 4.4, policies: what reporters write instead, and what becomes of it. */
static void deviations_of_policies_are_told(void **state)
{
    static const struct {
        const char *text, *found, *written; /* written: a part of the report as written again */
    } rows[] = {
        {STS("\"policy-string\":null,\"mx-host\":[\"m\"]"),
         "report-member-null $.policies[0].policy.policy-string\n",
         "\"policy-domain\":\"a.example\",\"mx-host\":[\"m\"]"},
        {STS("\"policy-string\":[\"mode:enforce\\r\",\"x\\r\\r\"]" HOSTS),
         "(report-line-end $.policies[0].policy.policy-string[0])\n"
         "(report-line-end $.policies[0].policy.policy-string[1])\n",
         "[\"mode:enforce\",\"x\"]"},
        {STS("\"policy-string\":\"a: b\\r\\nc: d\\n\"" HOSTS),
         "report-not-array $.policies[0].policy.policy-string\n"
         "report-lines-joined $.policies[0].policy.policy-string\n"
         "(report-line-end $.policies[0].policy.policy-string)\n",
         "[\"a: b\",\"c: d\"]"},
        {STS("\"policy-string\":[\"a\",7,null,{}]" HOSTS),
         "report-wrong-type $.policies[0].policy.policy-string[1]\n"
         "report-wrong-type $.policies[0].policy.policy-string[2]\n"
         "report-wrong-type $.policies[0].policy.policy-string[3]\n",
         "\"policy-string\":[\"a\"]"},
        {STS(LINES "\"mx-host\":\"m\""), "report-not-array $.policies[0].policy.mx-host\n",
         "\"mx-host\":[\"m\"]"},
        {STS(LINES "\"mx-host\":\"\""),
         "report-not-array $.policies[0].policy.mx-host\n"
         "(report-member-empty $.policies[0].policy.mx-host)\n",
         "\"policy-domain\":\"a.example\"}"},
        {STS(LINES "\"mx-host\":[]"), "(report-member-empty $.policies[0].policy.mx-host)\n",
         "\"policy-domain\":\"a.example\"}"},
        {STS(LINES "\"mx-host\":[\"mx: m\",\"mx:\"]"),
         "report-mx-prefix $.policies[0].policy.mx-host[0]\n"
         "report-mx-prefix $.policies[0].policy.mx-host[1]\n"
         "(report-member-empty $.policies[0].policy.mx-host[1])\n",
         "\"mx-host\":[\"m\"]"},
        {STS(LINES "\"mx-host-pattern\":[\"m\"],\"mx-host\":[\"n\"]"),
         "(report-key-other $.policies[0].policy.mx-host-pattern)\n"
         "report-key-twice $.policies[0].policy.mx-host\n",
         "\"mx-host\":[\"m\"]"},
        {STS(LINES "\"x\":1"),
         "(report-key-unknown $.policies[0].policy.x)\n"
         "(report-member-missing $.policies[0].policy)\n",
         "\"a.example\""},
        {TLSA("\"policy-string\":[\"[\\\"3 1 1 AB\\\",\\\"3 1 1 CD\\\"]\"]"),
         "report-string-packed $.policies[0].policy.policy-string[0]\n",
         "[\"3 1 1 AB\",\"3 1 1 CD\"]"},
        {TLSA("\"policy-string\":[\"3 1 1 AB; 3 1 1 CD;\"]"),
         "(report-tlsa-joined $.policies[0].policy.policy-string)\n",
         "[\"3 1 1 AB\",\"3 1 1 CD\"]"},
        {TLSA("\"policy-string\":[\"[\\\"3 1 1 AB\\\",7]\",\"[\"]"), "",
         "[\"[\\\"3 1 1 AB\\\",7]\",\"[\"]"},
        {ROW("\"policy-type\":\"STS\",\"policy-domain\":\"a.example\"," LINES
             "\"mx-host\":[\"m\"]"),
         "report-word-case $.policies[0].policy.policy-type\n", "\"policy-type\":\"sts\""},
        {ROW("\"policy-type\":\"new\",\"policy-domain\":\"a.example\""),
         "report-policy-type-unknown $.policies[0].policy.policy-type\n",
         "\"policy-type\":\"new\""},
        {ROW("\"policy-domain\":\"a.example\""), "report-member-missing $.policies[0]\n",
         "{\"policy-domain\""},
        {ROW("\"policy-type\":\"no-policy-found\",\"policy-domain\":null"),
         "report-member-null $.policies[0].policy.policy-domain\nreport-domain-unknown $\n",
         "{\"policy-type\":\"no-policy-found\"}"},
        {REPORT("{" NONE_FOUND "," SUMMARY("1", "0") "}"), "report-not-array $.policies\n",
         "\"policies\":[{"},
        {REPORT("[7,{" NONE_FOUND "," SUMMARY("1", "0") "}]"), "report-wrong-type $.policies[0]\n",
         "\"policies\":[{"},
        {REPORT("[{\"policy-type\":\"no-policy-found\",\"policy-domain\":\"a.example\","
                "\"total-successful-session-count\":5," SUMMARY("1", "0") "}]"),
         "report-key-misplaced $.policies[0].policy-type\n"
         "report-key-misplaced $.policies[0].policy-domain\n"
         "report-key-misplaced $.policies[0].total-successful-session-count\n"
         "report-key-twice $.policies[0].summary.total-successful-session-count\n",
         "\"total-successful-session-count\":5"},
        {REPORT("[{" NONE_FOUND "," SUMMARY("1", "0") "},{" NONE_FOUND "," SUMMARY("2", "0") "}]"),
         "(report-policy-repeated $.policies[1])\n", "\"total-successful-session-count\":2"},
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

#define SUMS(summary, details)                                                                     \
    REPORT("[{" NONE_FOUND ",\"summary\":{" summary "},\"failure-details\":" details "}]")
#define DETAIL(count)                                                                              \
    "{\"result-type\":\"validation-failure\",\"sending-mta-ip\":\"192.0.2.1\","                    \
    "\"failed-session-count\":" count "}"
#define GOOD "\"total-successful-session-count\":1"
#define BAD  "\"total-failure-session-count\":"

/* RFC 8460 4.4: the summary counts; the details are held against it. */
static void sums_are_compared(void **state)
{
    static const struct {
        const char *text, *found;
        uint64_t failed;
    } rows[] = {
        {SUMS(GOOD "," BAD "3", "[" DETAIL("1") "," DETAIL("2") "]"), "", 3},
        {SUMS(GOOD "," BAD "1", "[" DETAIL("1") "," DETAIL("1") "]"),
         "report-sums-disagree $.policies[0]\n", 1},
        {SUMS(GOOD "," BAD "4", "[]"), "report-details-missing $.policies[0]\n", 4},
        {SUMS(GOOD "," BAD "0", "null"), "report-member-null $.policies[0].failure-details\n", 0},
        {SUMS(GOOD, "[" DETAIL("5") "]"), "report-failures-uncounted $.policies[0]\n", 5},
        {SUMS(BAD "0", "[]"), "report-member-missing $.policies[0]\n", 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct reading r CLEANUP(reading_done);
        reading_start(&r, rows[i].text);
        CHECK_STR(buf_view(&r.found), rows[i].found, rows[i].text);
        CHECK(r.report.policies[0].failed == rows[i].failed, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deviations_of_policies_are_told),
        cmocka_unit_test(sums_are_compared),
    };
    return cmocka_run_group_tests_name("tlsrpt read_policy", tests, NULL, NULL);
}
