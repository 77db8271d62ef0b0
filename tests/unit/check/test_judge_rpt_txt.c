/* Step 7: the _smtp._tls record (RFC 8460 3). */
#include "perfect.h"

#include "check/messages.h"
#include "tlsrpt/messages.h"

static void answer(struct perfect *p, const char *one, const char *two)
{
    const char *texts[] = {one, two};
    perfect_answer(p, &p->facts.rpt_txt, texts, two ? 2 : 1);
}

static void absent(struct perfect *p)
{
    perfect_no_answer(&p->facts.rpt_txt, DNS_NO_NAME);
    p->facts.rua_count = 0;
    p->facts.rpt_valid = false;
}

static void alias(struct perfect *p)
{
    static struct str target[] = {STR_INIT("reports.example.net")};
    p->facts.rpt_txt.answer.records.cnames = target;
    p->facts.rpt_txt.answer.records.cname_count = 1;
}

static void a_perfect_record_is_ok(void **state)
{
    (void)state;
    struct perfect p;
    perfect_init(&p);
    judge_rpt_txt(&p.j);
    assert_int_equal(p.results.step[CHECK_RPT_TXT].worst, CHECK_OK);
    assert_true(check_results_have(&p.results, &MSG_CHECK_RPT_FOUND));
    /* It leads to another domain, and TLSRPT asks for no permission there. */
    assert_true(check_results_have(&p.results, &MSG_CHECK_RPT_MAILTO));
    assert_int_equal(p.results.total, 2);
    perfect_done(&p);
}

static void break_absent(struct perfect *p)
{
    absent(p);
}

static void break_no_data(struct perfect *p)
{
    absent(p);
    perfect_no_answer(&p->facts.rpt_txt, DNS_NO_DATA);
}

static void break_absent_without_policy(struct perfect *p)
{
    absent(p);
    p->j.policy_valid = false;
}

static void break_no_domain(struct perfect *p)
{
    absent(p);
    perfect_no_answer(&p->facts.mx_records, DNS_NO_NAME);
}

static void break_null_mx(struct perfect *p)
{
    absent(p);
    p->facts.null_mx = true;
}

static void break_apex(struct perfect *p)
{
    static const char *const texts[] = {"v=spf1 -all", "v=TLSRPTv1; rua=mailto:a@example.net"};
    absent(p);
    perfect_answer(p, &p->facts.apex_txt, texts, 2);
}

static void break_spf(struct perfect *p)
{
    answer(p, "v=spf1 -all", NULL);
}

static void break_apex_beside_spf(struct perfect *p)
{
    break_apex(p);
    break_spf(p);
}

static void break_wildcard(struct perfect *p)
{
    static const char *const texts[] = {"v=spf1 -all"};
    break_spf(p);
    perfect_answer(p, &p->facts.wildcard_txt, texts, 1);
}

static void break_dangling(struct perfect *p)
{
    absent(p);
    alias(p);
}

static void break_bogus(struct perfect *p)
{
    perfect_no_answer(&p->facts.rpt_txt, DNS_BOGUS);
}

static void break_servfail(struct perfect *p)
{
    perfect_no_answer(&p->facts.rpt_txt, DNS_FAILED);
}

static void break_timeout(struct perfect *p)
{
    perfect_no_answer(&p->facts.rpt_txt, DNS_FAILED);
    p->facts.rpt_txt.timed_out = true;
}

static void break_all_dns(struct perfect *p)
{
    perfect_no_answer(&p->facts.mx_records, DNS_FAILED);
    perfect_no_answer(&p->facts.rpt_txt, DNS_FAILED);
}

static void break_unasked(struct perfect *p)
{
    p->facts.rpt_txt = (struct fact_dns){.name = p->facts.rpt_txt.name};
}

static void break_several(struct perfect *p)
{
    answer(p, "v=TLSRPTv1; rua=mailto:a@example.net", "v=TLSRPTv1; rua=mailto:b@example.net");
}

static void break_case(struct perfect *p)
{
    answer(p, "v=tlsrptv1; rua=mailto:a@example.net", NULL);
}

static void break_no_rua(struct perfect *p)
{
    answer(p, "v=TLSRPTv1;", NULL);
}

static void break_empty_rua(struct perfect *p)
{
    answer(p, "v=TLSRPTv1; rua=", NULL);
}

static void break_bare_address(struct perfect *p)
{
    answer(p, "v=TLSRPTv1; rua=a@example.net,mailto:b@example.net", NULL);
}

static void break_http(struct perfect *p)
{
    answer(p, "v=TLSRPTv1; rua=http://example.net/,mailto:b@example.net", NULL);
}

static void break_twice(struct perfect *p)
{
    answer(p, "v=TLSRPTv1; rua=mailto:a@example.net,mailto:a@example.net", NULL);
}

static void break_two_fields(struct perfect *p)
{
    answer(p, "v=TLSRPTv1; rua=mailto:a@example.net; rua=mailto:b@example.net", NULL);
}

static void break_two_addresses(struct perfect *p)
{
    answer(p, "v=TLSRPTv1; rua=mailto:a@example.net,mailto:b@example.net", NULL);
}

static void break_unknown(struct perfect *p)
{
    answer(p, "v=TLSRPTv1; rua=mailto:a@example.net; ruf=x", NULL);
}

static void break_many(struct perfect *p)
{
    p->facts.rpt.rua_count = CHECK_RUA_MAX + 2;
}

static void each_fault_is_named_once(void **state)
{
    (void)state;
    static const struct perfect_row rows[] = {
        {break_absent, &MSG_CHECK_RPT_ABSENT, CHECK_WARNING, "beside a policy"},
        {break_no_data, &MSG_CHECK_RPT_ABSENT, CHECK_WARNING, "no data"},
        {break_absent_without_policy, &MSG_CHECK_RPT_ABSENT, CHECK_ERROR, "no policy"},
        {break_no_domain, &MSG_CHECK_RPT_NOT_JUDGED, CHECK_NOTE, "no domain"},
        {break_null_mx, &MSG_CHECK_RPT_UNNEEDED, CHECK_NOTE, "null MX"},
        {break_apex, &MSG_CHECK_RPT_AT_APEX, CHECK_ERROR, "apex"},
        {break_apex_beside_spf, &MSG_CHECK_RPT_AT_APEX, CHECK_ERROR, "apex beside SPF"},
        {break_spf, &MSG_TLSRPT_TXT_NONE, CHECK_ERROR, "SPF"},
        {break_wildcard, &MSG_CHECK_RPT_WILDCARD, CHECK_ERROR, "wildcard"},
        {break_dangling, &MSG_CHECK_RPT_ALIAS_DANGLING, CHECK_ERROR, "dangling"},
        {alias, &MSG_CHECK_RPT_ALIAS, CHECK_OK, "alias"},
        {break_bogus, &MSG_CHECK_RPT_BOGUS, CHECK_ERROR, "bogus"},
        {break_servfail, &MSG_CHECK_RPT_DNS_FAILED, CHECK_ERROR, "SERVFAIL"},
        {break_timeout, &MSG_CHECK_RPT_DNS_TIMEOUT, CHECK_ERROR, "timeout"},
        {break_all_dns, &MSG_CHECK_RPT_NOT_JUDGED, CHECK_NOTE, "all DNS"},
        {break_unasked, &MSG_CHECK_RPT_NOT_JUDGED, CHECK_NOTE, "not asked"},
        {break_several, &MSG_TLSRPT_TXT_SEVERAL, CHECK_ERROR, "several"},
        {break_case, &MSG_TLSRPT_TXT_NONE, CHECK_ERROR, "case"},
        {break_no_rua, &MSG_TLSRPT_TXT_NO_RUA, CHECK_ERROR, "no rua"},
        {break_bare_address, &MSG_RUA_BARE_ADDRESS, CHECK_ERROR, "bare address"},
        {break_http, &MSG_RUA_HTTP, CHECK_WARNING, "http"},
        {break_twice, &MSG_RUA_TWICE, CHECK_WARNING, "twice"},
        {break_two_fields, &MSG_TLSRPT_TXT_RUA_FIELDS, CHECK_WARNING, "two fields"},
        {break_two_addresses, &MSG_RUA_SEVERAL, CHECK_NOTE, "two addresses"},
        {break_unknown, &MSG_TLSRPT_TXT_UNKNOWN_FIELD, CHECK_NOTE, "unknown field"},
        {break_many, &MSG_CHECK_RPT_MORE, CHECK_NOTE, "many"},
    };
    perfect_rows(rows, ARRAY_LEN(rows), CHECK_RPT_TXT, judge_rpt_txt);
}

/* What no lint of src/tlsrpt says of itself: what an unusable record means for mail. */
static void errors_of_the_grammar_say_what_they_mean(void **state)
{
    (void)state;
    static void (*const breaks[])(struct perfect *) = {break_several, break_no_rua, break_empty_rua,
                                                       break_spf};
    for (size_t i = 0; i < ARRAY_LEN(breaks); i++) {
        struct perfect p;
        unsigned errors = 0;
        perfect_init(&p);
        breaks[i](&p);
        judge_rpt_txt(&p.j);
        for (const struct check_result *r = p.results.step[CHECK_RPT_TXT].first; r; r = r->next) {
            if (r->grade != CHECK_ERROR)
                continue;
            errors++;
            assert_ptr_equal(r->meaning.def, &MSG_CHECK_RPT_MEANS_NONE);
        }
        assert_true(errors > 0);
        perfect_done(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_perfect_record_is_ok),
        cmocka_unit_test(each_fault_is_named_once),
        cmocka_unit_test(errors_of_the_grammar_say_what_they_mean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
