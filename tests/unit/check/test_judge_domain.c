/* Step 1: the domain, its MX records, their addresses. */
#include "perfect.h"

#include "check/messages.h"

#define BREAK(name, ...)                                                                           \
    static void name(struct perfect *p)                                                            \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static void without_addresses(struct fact_host *host)
{
    perfect_keep_addresses(host, 0);
}

static void drop_mx(struct perfect *p, enum dns_status status)
{
    perfect_no_answer(&p->facts.mx_records, status);
    p->facts.mx_count = 0;
}

static void implicit(struct perfect *p)
{
    perfect_no_answer(&p->facts.mx_records, DNS_NO_DATA);
    p->facts.mx_implicit = true;
    p->facts.mx_count = 1;
    p->facts.mx[0].host = p->facts.mx[0].where.name = p->facts.domain;
}

static void records(struct perfect *p, const char *one, const char *two)
{
    const char *texts[] = {one, two};
    perfect_answer(p, &p->facts.mx_records, texts, two ? 2 : 1);
}

static void fail_address(struct fact_dns *dns, enum dns_status status, bool timed_out)
{
    perfect_no_answer(dns, status);
    dns->answer.why = STR("signature expired");
    dns->timed_out = timed_out;
}

/* One family of the first host has no answer, the other has. */
static void fail_half(struct perfect *p, enum dns_status status, bool timed_out)
{
    struct fact_host *host = &p->facts.mx[0].where;
    perfect_keep_addresses(host, 1);
    fail_address(&host->aaaa, status, timed_out);
}

/* Both families of the only host. */
static void fail_whole(struct perfect *p, enum dns_status status, bool timed_out)
{
    struct fact_host *host = &p->facts.mx[0].where;
    p->facts.mx_count = 1;
    without_addresses(host);
    fail_address(&host->a, status, timed_out);
    fail_address(&host->aaaa, status, timed_out);
}

BREAK(absent, drop_mx(p, DNS_NO_NAME);)
BREAK(failed, drop_mx(p, DNS_FAILED);)
BREAK(timed_out, drop_mx(p, DNS_FAILED); p->facts.mx_records.timed_out = true;)
BREAK(bogus, drop_mx(p, DNS_BOGUS); p->facts.mx_records.answer.why = STR("no signature");)
BREAK(unsigned_zone, p->facts.mx_records.answer.secure = false;)
BREAK(null_mx, records(p, ".", NULL); p->facts.null_mx = true; p->facts.mx_count = 0;)
BREAK(null_mx_mixed, records(p, ".", "mx1.example.org"); p->facts.mx[0].host = STR(".");
      p->facts.mx[0].is_name = false;)
BREAK(no_mx, implicit(p);)
BREAK(no_mail, implicit(p); without_addresses(&p->facts.mx[0].where);)
BREAK(given, p->facts.mx_given = true; p->facts.mx_records = (struct fact_dns){0};)
BREAK(international, p->facts.unicode = STR("b\xc3\xbc"
                                            "cher.example");)
BREAK(mx_address, p->facts.mx[0].is_address = true; p->facts.mx[0].is_name = false;
      p->facts.mx[0].host = STR("192.0.2.25"); without_addresses(&p->facts.mx[0].where);)
BREAK(mx_name, p->facts.mx[0].is_name = false; p->facts.mx[0].host = STR("mx_1.example.org");)
BREAK(mx_alias, p->facts.mx[0].cname = STR("host.example.net");)
BREAK(one_without_address, without_addresses(&p->facts.mx[1].where);)
BREAK(all_without_address, p->facts.mx_count = 1; without_addresses(&p->facts.mx[0].where);)
BREAK(half_bogus, fail_half(p, DNS_BOGUS, false);)
BREAK(half_failed, fail_half(p, DNS_FAILED, false);)
BREAK(half_late, fail_half(p, DNS_FAILED, true);)
BREAK(host_bogus, fail_whole(p, DNS_BOGUS, false);)
BREAK(host_failed, fail_whole(p, DNS_FAILED, false);)
BREAK(host_late, fail_whole(p, DNS_FAILED, true);)
BREAK(nothing, (void)p;)

static const struct perfect_row rows[] = {
    {nothing, &MSG_CHECK_DOMAIN_SIGNED, CHECK_OK, "RFC 4035 5: a signed domain"},
    {nothing, &MSG_CHECK_DOMAIN_MX, CHECK_OK, "RFC 5321 5.1: MX records"},
    {absent, &MSG_CHECK_DOMAIN_ABSENT, CHECK_ERROR, "RFC 5321 5.1: no such domain"},
    {failed, &MSG_CHECK_DOMAIN_DNS_FAILED, CHECK_ERROR, "RFC 5321 5.1: SERVFAIL"},
    {timed_out, &MSG_CHECK_DOMAIN_DNS_TIMEOUT, CHECK_ERROR, "RFC 5321 5.1: no answer"},
    {bogus, &MSG_CHECK_DOMAIN_BOGUS, CHECK_ERROR, "RFC 4035 5.5: a broken signature"},
    {unsigned_zone, &MSG_CHECK_DOMAIN_UNSIGNED, CHECK_NOTE, "RFC 4035 5: an unsigned domain"},
    {null_mx, &MSG_CHECK_DOMAIN_NULL_MX, CHECK_NOTE, "RFC 7505 3: null MX"},
    {null_mx_mixed, &MSG_CHECK_DOMAIN_NULL_MX_MIXED, CHECK_WARNING, "RFC 7505 3: not alone"},
    {no_mx, &MSG_CHECK_DOMAIN_MX_IMPLICIT, CHECK_WARNING, "RFC 5321 5.1: implicit MX"},
    {no_mail, &MSG_CHECK_DOMAIN_NO_MAIL, CHECK_ERROR, "RFC 5321 5.1: no MX, no address"},
    {given, &MSG_CHECK_DOMAIN_MX_GIVEN, CHECK_NOTE, "MX hosts from the command line"},
    {international, &MSG_CHECK_DOMAIN_INTERNATIONAL, CHECK_OK, "RFC 5890 2.3.2.1: U-labels"},
    {mx_address, &MSG_CHECK_DOMAIN_MX_ADDRESS, CHECK_ERROR, "RFC 5321 5.1: MX is an address"},
    {mx_name, &MSG_CHECK_DOMAIN_MX_NAME, CHECK_ERROR, "RFC 5321 2.3.5: MX is no name"},
    {mx_alias, &MSG_CHECK_DOMAIN_MX_ALIAS, CHECK_WARNING, "RFC 2181 10.3: MX is an alias"},
    {one_without_address, &MSG_CHECK_DOMAIN_MX_NO_ADDRESS, CHECK_WARNING, "one MX without address"},
    {all_without_address, &MSG_CHECK_DOMAIN_MX_NO_ADDRESS, CHECK_ERROR, "no MX with an address"},
    {half_bogus, &MSG_CHECK_DOMAIN_MX_HOST_BOGUS, CHECK_WARNING, "RFC 4035 5.5: AAAA bogus"},
    {half_failed, &MSG_CHECK_DOMAIN_MX_HOST_FAILED, CHECK_WARNING, "AAAA fails"},
    {half_late, &MSG_CHECK_DOMAIN_MX_HOST_TIMEOUT, CHECK_WARNING, "AAAA times out"},
    {host_bogus, &MSG_CHECK_DOMAIN_MX_HOST_BOGUS, CHECK_ERROR, "RFC 4035 5.5: the host is bogus"},
    {host_failed, &MSG_CHECK_DOMAIN_MX_HOST_FAILED, CHECK_ERROR, "the host's addresses fail"},
    {host_late, &MSG_CHECK_DOMAIN_MX_HOST_TIMEOUT, CHECK_ERROR, "the host's addresses time out"},
};

static void each_fault_of_the_domain_is_named_alone(void **state)
{
    (void)state;
    perfect_rows(rows, ARRAY_LEN(rows), CHECK_DOMAIN, judge_domain);
}

static void a_host_s_families_that_fail_alike_are_one_fault(void **state)
{
    (void)state;
    struct perfect p CLEANUP(perfect_done);
    perfect_init(&p);
    host_failed(&p);
    judge_domain(&p.j);
    const struct check_result *r = perfect_find(&p, &MSG_CHECK_DOMAIN_MX_HOST_FAILED);
    assert_non_null(r);
    CHECK_STR(r->msg.args[1].str, "A, AAAA", "types");
    CHECK_STR(r->about, "mx1.example.org", "about");
}

static void the_mx_hosts_and_their_addresses_are_shown(void **state)
{
    (void)state;
    struct perfect p CLEANUP(perfect_done);
    perfect_init(&p);
    judge_domain(&p.j);
    const struct check_result *r = perfect_find(&p, &MSG_CHECK_DOMAIN_MX);
    assert_non_null(r);
    CHECK_STR(r->msg.args[0].str, "mx1.example.org (10), mx2.example.org (20)", "hosts");
    r = perfect_find(&p, &MSG_CHECK_DOMAIN_MX_ADDRESSES);
    assert_non_null(r);
    CHECK_STR(r->msg.args[1].str, "192.0.2.25, 2001:db8::25", "addresses");
}

static void a_domain_that_cannot_be_looked_up_blames_no_host(void **state)
{
    (void)state;
    struct perfect p CLEANUP(perfect_done);
    perfect_init(&p);
    bogus(&p);
    judge_domain(&p.j);
    assert_int_equal(p.results.total, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_of_the_domain_is_named_alone),
        cmocka_unit_test(a_host_s_families_that_fail_alike_are_one_fault),
        cmocka_unit_test(the_mx_hosts_and_their_addresses_are_shown),
        cmocka_unit_test(a_domain_that_cannot_be_looked_up_blames_no_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
