/* Step 7: whether reports arrive where the record sends them (RFC 8460 3). */
#include "perfect.h"

#include "check/messages.h"

static struct fact_rua *rua(struct perfect *p)
{
    return &p->facts.rua[0];
}

static void no_mx(struct perfect *p, enum dns_status status)
{
    perfect_no_answer(&rua(p)->mx, status);
}

static void a_host(struct perfect *p, struct fact_host *host, bool allowed)
{
    host->at = arena_array(&p->arena, 1, sizeof *host->at);
    assert_non_null(host->at);
    assert_true(address_parse(STR("192.0.2.44"), &host->at[0].address));
    host->at[0].text = STR("192.0.2.44");
    host->at[0].allowed = allowed;
    host->count = 1;
    host->a.asked = host->aaaa.asked = true;
}

/* The domain of the address has no MX record, and an address. */
static void make_implicit(struct perfect *p)
{
    no_mx(p, DNS_NO_DATA);
    a_host(p, &rua(p)->where, true);
}

/* The only URI is an https one in order. */
static void make_https(struct perfect *p)
{
    struct fact_rua *r = rua(p);
    static const char *const text[] = {"v=TLSRPTv1; rua=https://reports.example.net/in"};
    perfect_answer(p, &p->facts.rpt_txt, text, 1);
    *r = (struct fact_rua){.rua = {RPT_RUA_HTTPS, STR("https://reports.example.net/in"),
                                   STR("https://reports.example.net/in")},
                           .domain = STR("reports.example.net"),
                           .web = {.tried = true, .fetched = {.at = HTTP_COMPLETE, .status = 405}}};
    a_host(p, &r->where, true);
    perfect_chain(p, r->domain, NOW - 30 * DAY, NOW + 60 * DAY, &r->web.fetched.tls,
                  &r->web.verified);
}

/* ---- by mail ---- */

static void break_no_domain(struct perfect *p)
{
    no_mx(p, DNS_NO_NAME);
}

static void break_no_mail(struct perfect *p)
{
    no_mx(p, DNS_NO_DATA);
    rua(p)->where.a.asked = rua(p)->where.aaaa.asked = true;
}

static void break_null_mx(struct perfect *p)
{
    static const char *const dot[] = {"."};
    perfect_answer(p, &rua(p)->mx, dot, 1);
}

static void break_null_mx_mixed(struct perfect *p)
{
    static const char *const both[] = {"mx.example.net", "."};
    perfect_answer(p, &rua(p)->mx, both, 2);
}

static void break_mx_without_address(struct perfect *p)
{
    rua(p)->mail.name = STR("mx.example.net");
    rua(p)->mail.a.asked = rua(p)->mail.aaaa.asked = true;
    rua(p)->mail.a.answer.status = rua(p)->mail.aaaa.answer.status = DNS_NO_DATA;
}

static void break_mx_address_failed(struct perfect *p)
{
    break_mx_without_address(p);
    perfect_no_answer(&rua(p)->mail.aaaa, DNS_FAILED);
}

static void make_mx_with_address(struct perfect *p)
{
    break_mx_without_address(p);
    a_host(p, &rua(p)->mail, true);
}

static void break_mx_bogus(struct perfect *p)
{
    no_mx(p, DNS_BOGUS);
}

static void break_mx_failed(struct perfect *p)
{
    no_mx(p, DNS_FAILED);
}

static void break_address_failed(struct perfect *p)
{
    break_no_mail(p);
    perfect_no_answer(&rua(p)->where.aaaa, DNS_FAILED);
}

static void break_mx_unasked(struct perfect *p)
{
    rua(p)->mx = (struct fact_dns){0};
}

static void reply_to_rcpt(struct perfect *p, enum smtp_step at, unsigned code)
{
    rua(p)->probed = true;
    rua(p)->rcpt = (struct smtp_session){
        .at = at, .failure = at == SMTP_DONE ? NET_OK : NET_REPLY, .code = code};
}

static void make_mailbox(struct perfect *p)
{
    reply_to_rcpt(p, SMTP_DONE, 221);
}

static void break_mailbox(struct perfect *p)
{
    reply_to_rcpt(p, SMTP_RCPT, 550);
}

static void break_mailbox_for_a_while(struct perfect *p)
{
    reply_to_rcpt(p, SMTP_RCPT, 450);
}

static void break_before_rcpt(struct perfect *p)
{
    reply_to_rcpt(p, SMTP_BANNER, 554);
}

static void break_probe(struct perfect *p)
{
    rua(p)->probed = true;
    rua(p)->rcpt = (struct smtp_session){.at = SMTP_CONNECT, .failure = NET_TIMEOUT};
}

/* 554 would be said if it had been asked; it was not. */
static void break_unprobed(struct perfect *p)
{
    break_mailbox(p);
    rua(p)->probed = false;
}

static void each_fault_of_an_address_is_named_once(void **state)
{
    (void)state;
    static const struct perfect_row rows[] = {
        {make_implicit, &MSG_CHECK_RPT_MAILTO, CHECK_OK, "implicit MX"},
        {break_no_domain, &MSG_CHECK_RPT_MAILTO_NO_DOMAIN, CHECK_WARNING, "no domain"},
        {break_no_mail, &MSG_CHECK_RPT_MAILTO_NO_MAIL, CHECK_WARNING, "no MX, no address"},
        {break_null_mx, &MSG_CHECK_RPT_MAILTO_NULL_MX, CHECK_WARNING, "null MX"},
        {break_null_mx_mixed, &MSG_CHECK_RPT_MAILTO_NULL_MX, CHECK_WARNING,
         "null MX beside another"},
        {break_mx_without_address, &MSG_CHECK_RPT_MAILTO_NO_ADDRESS, CHECK_WARNING, "no address"},
        {break_mx_address_failed, &MSG_CHECK_RPT_MAILTO_DNS, CHECK_WARNING, "addresses unknown"},
        {make_mx_with_address, &MSG_CHECK_RPT_MAILTO, CHECK_OK, "an address"},
        {break_mx_bogus, &MSG_CHECK_RPT_MAILTO_DNS, CHECK_WARNING, "bogus"},
        {break_mx_failed, &MSG_CHECK_RPT_MAILTO_DNS, CHECK_WARNING, "SERVFAIL"},
        {break_address_failed, &MSG_CHECK_RPT_MAILTO_DNS, CHECK_WARNING, "AAAA fails"},
        {break_mx_unasked, &MSG_CHECK_RPT_NOT_TRIED, CHECK_NOTE, "not asked"},
        {make_mailbox, &MSG_CHECK_RPT_MAILBOX, CHECK_OK, "mailbox"},
        {break_mailbox, &MSG_CHECK_RPT_MAILBOX_REFUSED, CHECK_WARNING, "550"},
        {break_mailbox_for_a_while, &MSG_CHECK_RPT_MAILBOX_DEFERRED, CHECK_NOTE, "450"},
        {break_before_rcpt, &MSG_CHECK_RPT_MAILBOX_UNSEEN, CHECK_NOTE, "554 banner"},
        {break_probe, &MSG_CHECK_RPT_MAILBOX_UNSEEN, CHECK_NOTE, "timeout"},
        {break_unprobed, &MSG_CHECK_RPT_MAILTO, CHECK_OK, "not probed"},
    };
    perfect_rows(rows, ARRAY_LEN(rows), CHECK_RPT_TXT, judge_rpt_txt);
}

/* ---- by HTTPS ---- */

static void break_no_address(struct perfect *p)
{
    make_https(p);
    rua(p)->where.count = 0;
}

static void break_address_lookup(struct perfect *p)
{
    break_no_address(p);
    perfect_no_answer(&rua(p)->where.a, DNS_FAILED);
}

static void break_private(struct perfect *p)
{
    make_https(p);
    a_host(p, &rua(p)->where, false);
    rua(p)->web = (struct fact_web){0};
}

static void web_fails(struct perfect *p, enum http_step at, enum net_failure failure)
{
    make_https(p);
    rua(p)->web = (struct fact_web){.tried = true, .fetched = {.at = at, .failure = failure}};
}

static void break_rebinding(struct perfect *p)
{
    web_fails(p, HTTP_CONNECT, NET_FORBIDDEN);
}

static void break_refused(struct perfect *p)
{
    web_fails(p, HTTP_CONNECT, NET_REFUSED);
}

static void break_handshake(struct perfect *p)
{
    web_fails(p, HTTP_HANDSHAKE, NET_TLS);
}

static void break_untried(struct perfect *p)
{
    make_https(p);
    rua(p)->web.tried = false;
}

static void break_no_source(struct perfect *p)
{
    make_https(p);
    rua(p)->web.no_source = true;
}

static void break_chain(struct perfect *p)
{
    make_https(p);
    rua(p)->web.verified.trusted = false;
    rua(p)->web.verified.chain = TLS_CHAIN_SELF_SIGNED;
}

static void break_name(struct perfect *p)
{
    make_https(p);
    rua(p)->web.verified.trusted = false;
    rua(p)->web.verified.name = TLS_NAME_MISMATCH;
}

static void break_date(struct perfect *p)
{
    make_https(p);
    rua(p)->web.verified.trusted = false;
    rua(p)->web.verified.date = TLS_DATE_EXPIRED;
}

static void break_soon(struct perfect *p)
{
    make_https(p);
    rua(p)->web.verified.certificates[0].not_after = NOW + 14 * DAY - 1;
}

static void post(struct perfect *p, unsigned status)
{
    make_https(p);
    rua(p)->probed = true;
    rua(p)->post_status = status;
}

static void make_post(struct perfect *p)
{
    post(p, 201);
}

static void break_post(struct perfect *p)
{
    post(p, 500);
}

static void break_post_redirect(struct perfect *p)
{
    post(p, 301);
}

static void break_no_answer(struct perfect *p)
{
    post(p, 0);
}

static void each_fault_of_an_endpoint_is_named_once(void **state)
{
    (void)state;
    static const struct perfect_row rows[] = {
        {make_https, &MSG_CHECK_RPT_HTTPS, CHECK_OK, "in order"},
        {break_no_address, &MSG_CHECK_RPT_HTTPS_NO_ADDRESS, CHECK_WARNING, "no address"},
        {break_address_lookup, &MSG_CHECK_RPT_HTTPS_DNS, CHECK_WARNING, "SERVFAIL"},
        {break_private, &MSG_CHECK_RPT_HTTPS_NOT_PUBLIC, CHECK_WARNING, "private"},
        {break_rebinding, &MSG_CHECK_RPT_HTTPS_NOT_PUBLIC, CHECK_WARNING, "rebinding"},
        {break_refused, &MSG_CHECK_RPT_HTTPS_UNREACHABLE, CHECK_WARNING, "refused"},
        {break_handshake, &MSG_CHECK_RPT_HTTPS_TLS, CHECK_WARNING, "handshake"},
        {break_untried, &MSG_CHECK_RPT_NOT_TRIED, CHECK_NOTE, "not tried"},
        {break_no_source, &MSG_CHECK_RPT_NOT_TRIED, CHECK_NOTE, "no IPv6 here"},
        {break_chain, &MSG_CHECK_RPT_HTTPS_CHAIN, CHECK_WARNING, "self-signed"},
        {break_name, &MSG_CHECK_RPT_HTTPS_NAME, CHECK_WARNING, "name"},
        {break_date, &MSG_CHECK_RPT_HTTPS_DATE, CHECK_WARNING, "expired"},
        {break_soon, &MSG_CHECK_RPT_HTTPS_SOON, CHECK_WARNING, "soon"},
        {make_post, &MSG_CHECK_RPT_POST, CHECK_OK, "201"},
        {break_post, &MSG_CHECK_RPT_POST_REFUSED, CHECK_WARNING, "500"},
        {break_post_redirect, &MSG_CHECK_RPT_POST_REFUSED, CHECK_WARNING, "301"},
        {break_no_answer, &MSG_CHECK_RPT_POST_UNSEEN, CHECK_NOTE, "no answer"},
    };
    perfect_rows(rows, ARRAY_LEN(rows), CHECK_RPT_TXT, judge_rpt_txt);
}

/* ---- a way that does not depend on what is reported on ---- */

static void own_domain(struct perfect *p)
{
    rua(p)->domain = STR("Example.org");
    rua(p)->rua.target = STR("tls@example.org");
}

static void reports_behind_the_enforced_policy_alone_are_a_warning(void **state)
{
    (void)state;
    struct perfect p;
    for (int mode = STS_MODE_NONE; mode <= STS_MODE_ENFORCE; mode++) {
        perfect_init(&p);
        own_domain(&p);
        p.j.policy.mode = (enum sts_mode)mode;
        judge_rpt_txt(&p.j);
        assert_int_equal(check_results_have(&p.results, &MSG_CHECK_RPT_BEHIND_POLICY),
                         mode == STS_MODE_ENFORCE);
        if (mode == STS_MODE_ENFORCE)
            perfect_expect_only(&p, CHECK_RPT_TXT, &MSG_CHECK_RPT_BEHIND_POLICY, CHECK_WARNING,
                                "enforce");
        perfect_done(&p);
    }
    perfect_init(&p);
    own_domain(&p);
    p.facts.rua[1] = (struct fact_rua){
        .rua = {RPT_RUA_MAILTO, STR("mailto:a@example.com"), STR("a@example.com")},
        .domain = STR("example.com"),
        .mx = p.facts.rua[0].mx};
    p.facts.rua_count = p.facts.rpt.rua_count = 2;
    judge_rpt_txt(&p.j);
    assert_int_equal(perfect_faults(&p, CHECK_RPT_TXT, "another way"), 0);
    perfect_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_of_an_address_is_named_once),
        cmocka_unit_test(each_fault_of_an_endpoint_is_named_once),
        cmocka_unit_test(reports_behind_the_enforced_policy_alone_are_a_warning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
