#include "look_world.h"

#include <netinet/in.h>
#include <string.h>

#include "base/clock.h"
#include "net/dns_direct.h"

#define ANY   0
#define HTTPS 443

/* ---- the guard ---- */

/* Every kind of address that a stranger's DNS must not send us to. */
static const struct world_record inside[] = {
    {"inside.test", DNS_MX, "10 mx.inside.test"},
    {"mx.inside.test", DNS_A, "127.77.0.1"},
    {"mx.inside.test", DNS_A, "10.1.2.3"},
    {"mx.inside.test", DNS_A, "169.254.1.1"},
    {"mx.inside.test", DNS_AAAA, "::1"},
    {"mx.inside.test", DNS_AAAA, "::ffff:127.77.0.1"},
    {"mx.inside.test", DNS_AAAA, "64:ff9b::7f4d:1"},
    {"mx.inside.test", DNS_AAAA, "fe80::1"},
    {"mta-sts.inside.test", DNS_CNAME, "alias.inside.test"},
    {"alias.inside.test", DNS_A, "127.77.0.1"},
    {"alias.inside.test", DNS_AAAA, "::ffff:127.77.0.1"},
    {"_smtp._tls.inside.test", DNS_TXT,
     "v=TLSRPTv1; rua=https://rua.inside.test/,https://127.77.0.1/"},
    {"rua.inside.test", DNS_A, "127.77.0.1"},
    {"inside.test", DNS_NS, "ns.inside.test"},
    {"ns.inside.test", DNS_A, "127.77.0.1"},
    {NULL, DNS_A, NULL},
};

static void nothing_was_allowed(const struct fact_host *host, size_t count)
{
    assert_int_equal(host->count, count);
    for (size_t i = 0; i < count; i++)
        assert_false(host->at[i].allowed);
}

static void look_at_inside(const struct check_facts *f)
{
    assert_int_equal(f->mx_count, 1);
    nothing_was_allowed(&f->mx[0].where, 7);
    for (size_t i = 0; i < 7; i++)
        assert_false(f->mx[0].smtp[i].tried);
    nothing_was_allowed(&f->policy_host, 2);
    assert_false(f->web[0].tried || f->web[1].tried || f->unknown_sni.tried);
    assert_int_equal(f->rua_count, 2);
    nothing_was_allowed(&f->rua[0].where, 1);
    nothing_was_allowed(&f->rua[1].where, 1);
    assert_false(f->rua[0].web.tried || f->rua[1].web.tried);
    assert_int_equal(f->nameserver_count, 1);
    assert_false(f->nameservers[0].answered);
    assert_int_equal(f->nameservers[0].address.n, 0);
}

static void no_connection_goes_where_the_guard_says_no(void **state)
{
    (void)state;
    struct world w;
    struct world_listener smtp, https;
    struct world_end end = {.look = look_at_inside};
    world_init(&w, inside);
    w.settings.thorough = w.settings.probe_rua = true;
    bool listening = world_listen(&w, &smtp, "127.77.0.1", SMTP_PORT);
    listening = world_listen(&w, &https, "127.77.0.1", HTTPS) && listening;
    world_checker(&w);
    world_begin(&w, "inside.test", &end);
    world_wait(&w, &end, 1);
    assert_int_equal(end.failures, 0);
    assert_int_equal(smtp.accepted + https.accepted, 0);
    world_close(&smtp);
    world_close(&https);
    world_done(&w);
    if (!listening)
        print_message(
            "# not permitted to listen on ports 25 and 443: only the facts were looked at\n");
}

static void look_at_private(const struct check_facts *f)
{
    assert_true(f->mx[0].where.at[0].allowed);
    assert_true(f->mx[0].smtp[0].tried);
}

/* The listener would have been reached. */
static void allow_private_opens_the_guard(void **state)
{
    (void)state;
    static const struct world_record records[] = {{"open.test", DNS_MX, "10 mx.open.test"},
                                                  {"mx.open.test", DNS_A, "127.77.0.1"},
                                                  {NULL, DNS_A, NULL}};
    struct world w;
    struct world_listener smtp;
    struct world_end end = {.look = look_at_private};
    world_init(&w, records);
    w.settings.allow_private = true;
    w.settings.host_seconds = 1;
    bool listening = world_listen(&w, &smtp, "127.77.0.1", SMTP_PORT);
    world_checker(&w);
    world_begin(&w, "open.test", &end);
    world_wait(&w, &end, 1);
    assert_int_equal(smtp.accepted, listening ? 1 : 0);
    world_close(&smtp);
    world_done(&w);
}

/* ---- MX records ---- */

static const struct world_record hosts[] = {
    {"many.test", DNS_MX, "20 MX2.many.test"},
    {"many.test", DNS_MX, "10 192.0.2.1"},
    {"many.test", DNS_MX, "5 alias.many.test"},
    {"alias.many.test", DNS_CNAME, "real.many.test"},
    {"null.test", DNS_MX, "0 "},
    {"implicit.test", DNS_TXT, "v=spf1 -all"},
    {NULL, DNS_A, NULL},
};

static void look_at_many(const struct check_facts *f)
{
    assert_int_equal(f->mx_count, 3);
    CHECK_STR(f->mx[0].host, "alias.many.test", "order");
    CHECK_STR(f->mx[0].cname, "real.many.test", "CNAME, RFC 2181 10.3");
    assert_true(f->mx[0].is_name);
    assert_true(f->mx[1].is_address);
    assert_false(f->mx[1].is_name || f->mx[1].where.a.asked);
    CHECK_STR(f->mx[2].host, "mx2.many.test", "lower case");
    assert_int_equal(f->mx[2].preference, 20);
    assert_false(f->null_mx || f->mx_implicit);
}

static void look_at_null(const struct check_facts *f)
{
    assert_true(f->null_mx);
    assert_int_equal(f->mx_count, 0);
}

static void look_at_implicit(const struct check_facts *f)
{
    assert_true(f->mx_implicit);
    assert_int_equal(f->mx_count, 1);
    CHECK_STR(f->mx[0].host, "implicit.test", "RFC 5321 5.1");
    assert_true(f->mx[0].where.a.asked);
}

static void look_at_absent(const struct check_facts *f)
{
    assert_int_equal(f->mx_records.answer.status, DNS_NO_NAME);
    assert_false(f->mx_implicit || f->null_mx);
    assert_int_equal(f->mx_count, 0);
}

static void mx_records_of_every_kind_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *domain;
        void (*look)(const struct check_facts *facts);
    } rows[] = {{"many.test", look_at_many},
                {"null.test", look_at_null},
                {"implicit.test", look_at_implicit},
                {"absent.test", look_at_absent}};
    struct world w;
    world_init(&w, hosts);
    world_checker(&w);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world_end end = {.look = rows[i].look};
        world_begin(&w, rows[i].domain, &end);
        world_wait(&w, &end, 1);
        assert_int_equal(end.failures, 0);
    }
    world_done(&w);
}

/* ---- deadlines ---- */

static const struct world_record silent[] = {
    {"hang.test", DNS_MX, "10 mx.hang.test"},
    {"mute.test", DNS_MX, "10 mx.hang.test"},
    {"two.test", DNS_MX, "10 mx.hang.test"},
    {NULL, DNS_A, NULL},
};

static void look_at_mute(const struct check_facts *f)
{
    assert_true(f->mx_records.asked && f->mx_records.timed_out);
    assert_int_equal(f->mx_records.answer.status, DNS_FAILED);
    assert_true(f->sts_txt.timed_out && f->rpt_txt.timed_out);
    assert_true(f->policy_host.a.timed_out);
    assert_int_equal(f->policy_host.count, 0);
    assert_false(f->ns.asked);
}

static void questions_without_an_answer_end_at_the_deadline(void **state)
{
    (void)state;
    static const struct {
        unsigned host, total;
        const char *name;
    } rows[] = {{1, 20, "the host's"}, {20, 1, "the total one"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world w;
        struct world_end end = {.look = look_at_mute};
        int64_t began = clock_monotonic_ms();
        world_init(&w, silent);
        w.settings.host_seconds = rows[i].host;
        w.settings.total_seconds = rows[i].total;
        w.settings.thorough = true;
        world_checker(&w);
        world_begin(&w, "mute.test", &end);
        world_wait(&w, &end, 1);
        CHECK(end.failures == 0, rows[i].name);
        CHECK(clock_monotonic_ms() - began < 10000, rows[i].name);
        world_done(&w);
    }
}

static void look_at_hanging(const struct check_facts *f)
{
    const struct smtp_session *s = &f->mx[0].smtp[0].session;
    assert_true(f->mx[0].smtp[0].tried);
    assert_int_equal(s->at, SMTP_BANNER);
    assert_int_equal(s->failure, NET_TIMEOUT);
}

static void look_at_cut_off(const struct check_facts *f)
{
    assert_true(f->mx[0].smtp[0].tried);
    assert_int_equal(f->mx[0].smtp[0].session.failure, NET_TIMEOUT);
}

/* A server that accepts and says nothing; two domains that name it share one connection. */
static void a_server_that_hangs_is_met_once_and_ends_at_the_deadline(void **state)
{
    (void)state;
    static const struct {
        unsigned host, total;
        void (*look)(const struct check_facts *facts);
    } rows[] = {{1, 20, look_at_hanging}, {20, 1, look_at_cut_off}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world w;
        struct world_listener smtp;
        struct world_end end = {.look = rows[i].look};
        world_init(&w, silent);
        assert_true(world_listen(&w, &smtp, "127.0.0.1", ANY));
        world_connect(&w, "mx.hang.test", SMTP_PORT, &smtp);
        w.settings.host_seconds = rows[i].host;
        w.settings.total_seconds = rows[i].total;
        world_checker(&w);
        world_begin(&w, "hang.test", &end);
        world_begin(&w, "two.test", &end);
        world_wait(&w, &end, 2);
        assert_int_equal(end.failures, 0);
        assert_int_equal(smtp.accepted, 1);
        world_close(&smtp);
        world_done(&w);
    }
}

static const struct world_record crowded[] = {
    {"mta-sts.one.test", DNS_A, "127.0.0.1"},
    {"mta-sts.two.test", DNS_A, "127.0.0.1"},
    {"mta-sts.three.test", DNS_A, "127.0.0.1"},
    {"mta-sts.four.test", DNS_A, "127.0.0.1"},
    {NULL, DNS_A, NULL},
};

static void look_at_crowd(const struct check_facts *f)
{
    assert_true(f->web[0].tried);
    assert_int_equal(f->web[0].fetched.at, HTTP_HANDSHAKE);
    assert_int_equal(f->web[0].fetched.failure, NET_TIMEOUT);
}

/* One after the other at an address that takes two seconds for each, though a domain has three. */
static void time_in_the_line_before_an_address_does_not_count(void **state)
{
    (void)state;
    static const char *const domains[] = {"one.test", "two.test", "three.test", "four.test"};
    static const char *const crowd[] = {"mta-sts.one.test", "mta-sts.two.test",
                                        "mta-sts.three.test", "mta-sts.four.test"};
    struct world w;
    struct world_listener web;
    struct world_end end = {.look = look_at_crowd};
    world_init(&w, crowded);
    assert_true(world_listen(&w, &web, "127.0.0.1", ANY));
    for (size_t i = 0; i < ARRAY_LEN(crowd); i++)
        world_connect(&w, crowd[i], HTTPS, &web);
    w.settings.at_one_address = 1;
    w.settings.host_seconds = 2;
    w.settings.total_seconds = 3;
    world_checker(&w);
    for (size_t i = 0; i < ARRAY_LEN(domains); i++)
        world_begin(&w, domains[i], &end);
    world_wait(&w, &end, ARRAY_LEN(domains));
    assert_int_equal(end.failures, 0);
    assert_int_equal(web.accepted, ARRAY_LEN(domains));
    world_close(&web);
    world_done(&w);
}

static const struct world_record tarpit[] = {
    {"mta-sts.first.test", DNS_A, "127.0.0.1"},
    {"slow.test", DNS_MX, "10 mx.slow.test"},
    {"mx.slow.test", DNS_A, "127.0.0.2"},
    {"mta-sts.slow.test", DNS_A, "127.0.0.1"},
    {NULL, DNS_A, NULL},
};

static void look_at_nothing(const struct check_facts *f)
{
    assert_true(f->web[0].tried);
}

/* Its policy host stands in a line, so the check goes on when its MX host has had its time; what
 * that says later is said to nobody. */
static void who_is_overdue_hears_nothing_more(void **state)
{
    (void)state;
    struct world w;
    struct world_listener web, smtp;
    struct world_end end = {.look = look_at_nothing};
    world_init(&w, tarpit);
    assert_true(world_listen(&w, &web, "127.0.0.1", ANY));
    assert_true(world_listen(&w, &smtp, "127.0.0.2", ANY));
    world_connect(&w, "mta-sts.first.test", HTTPS, &web);
    world_connect(&w, "mta-sts.slow.test", HTTPS, &web);
    world_connect(&w, "mx.slow.test", SMTP_PORT, &smtp);
    w.settings.at_one_address = 1;
    w.settings.host_seconds = 2;
    w.settings.total_seconds = 1;
    world_checker(&w);
    world_begin(&w, "first.test", &end);
    world_begin(&w, "slow.test", &end);
    world_wait(&w, &end, 2);
    assert_int_equal(end.failures, 0);
    assert_int_equal(smtp.accepted, 1);
    world_close(&web);
    world_close(&smtp);
    world_done(&w);
}

static void on_progress(void *user, unsigned done, unsigned open)
{
    unsigned *calls = user;
    (void)done;
    (void)open;
    ++*calls;
}

static void never(void *user, const struct check_report *report, const struct error *err)
{
    (void)user;
    (void)report;
    (void)err;
    fail();
}

/* Whatever is open then: questions, connections, places in queues. */
static void a_checker_that_goes_drops_its_checks_without_a_word(void **state)
{
    (void)state;
    for (unsigned turns = 0; turns < 12; turns++) {
        struct world w;
        struct world_listener smtp;
        unsigned calls = 0;
        world_init(&w, silent);
        assert_true(world_listen(&w, &smtp, "127.0.0.1", ANY));
        world_connect(&w, "mx.hang.test", SMTP_PORT, &smtp);
        w.settings.thorough = true;
        world_checker(&w);
        assert_non_null(
            check_start(w.checker, STR("hang.test"), NULL, never, on_progress, &calls, NULL));
        assert_non_null(
            check_start(w.checker, STR("two.test"), NULL, never, on_progress, &calls, NULL));
        for (unsigned i = 0; i < turns; i++)
            assert_int_equal(event_base_loop(w.base, EVLOOP_ONCE), 0);
        assert_true(calls > 0);
        world_close(&smtp);
        world_done(&w);
    }
}

/* ---- name servers and subdomains ---- */

static const struct world_record zone[] = {
    {"zone.test", DNS_NS, "ns.zone.test"},
    {"zone.test", DNS_MX, "0 "},
    {"_mta-sts.zone.test", DNS_TXT, "v=STSv1; id=1;"},
    {"lists.zone.test", DNS_MX, "0 mx.zone.test"},
    {"_smtp._tls.zone.test", DNS_TXT, "v=TLSRPTv1; rua=mailto:tls@Reports.test"},
    {"reports.test", DNS_MX, "10 mx.reports.test"},
    {NULL, DNS_A, NULL},
};

static void look_at_zone(const struct check_facts *f)
{
    CHECK_STR(f->ns.name, "zone.test", "walked up to the zone");
    assert_int_equal(f->nameserver_count, 1);
    assert_true(f->nameservers[0].answered && f->nameservers[0].authoritative);
    assert_int_equal(f->nameservers[0].txt_count, 1);
    CHECK_STR(f->nameservers[0].txt[0], "v=STSv1; id=1;", "asked directly");
    assert_true(f->subdomain_mx[1].asked && f->subdomain_sts[1].asked);
    assert_false(f->subdomain_sts[0].asked);
    assert_true(f->wildcard_txt.asked && f->apex_txt.asked);
    CHECK_STR(f->caa.name, "test", "walked up, the root excepted");
    CHECK_STR(f->rua[0].domain, "reports.test", "of the mailbox");
    assert_int_equal(f->rua[0].mx.answer.status, DNS_FOUND);
}

static void look_quickly(const struct check_facts *f)
{
    assert_false(f->ns.asked || f->caa.asked || f->apex_txt.asked || f->wildcard_txt.asked);
    assert_false(f->subdomain_mx[0].asked);
    assert_true(f->sts_txt.asked && f->rpt_txt.asked && f->rua[0].mx.asked);
}

static void thorough_checks_ask_more_than_quick_ones(void **state)
{
    (void)state;
    for (int thorough = 0; thorough < 2; thorough++) {
        struct world w;
        struct world_listener dns = {0};
        struct world_end end = {.look = thorough ? look_at_zone : look_quickly};
        world_init(&w, zone);
        assert_true(address_parse(STR("127.0.0.1"), &dns.address));
        dns.port = w.dns_port;
        world_connect(&w, "ns.zone.test", DNS_PORT, &dns);
        w.settings.thorough = thorough;
        world_checker(&w);
        world_begin(&w, "zone.test", &end);
        world_wait(&w, &end, 1);
        assert_int_equal(end.failures, 0);
        world_done(&w);
    }
}

static void what_is_no_domain_is_refused_at_once(void **state)
{
    (void)state;
    static const char *const names[] = {"",     "192.0.2.1",        "[::1]",
                                        "a..b", "user@example.org", "a b"};
    struct world w;
    world_init(&w, silent);
    world_checker(&w);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct error err;
        CHECK(!check_start(w.checker, str_from(names[i]), NULL, never, NULL, NULL, &err), names[i]);
        CHECK_STR(str_from(err.msg.def->id), "check-domain-invalid", names[i]);
    }
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_connection_goes_where_the_guard_says_no),
        cmocka_unit_test(allow_private_opens_the_guard),
        cmocka_unit_test(mx_records_of_every_kind_are_told_apart),
        cmocka_unit_test(questions_without_an_answer_end_at_the_deadline),
        cmocka_unit_test(a_server_that_hangs_is_met_once_and_ends_at_the_deadline),
        cmocka_unit_test(time_in_the_line_before_an_address_does_not_count),
        cmocka_unit_test(who_is_overdue_hears_nothing_more),
        cmocka_unit_test(a_checker_that_goes_drops_its_checks_without_a_word),
        cmocka_unit_test(thorough_checks_ask_more_than_quick_ones),
        cmocka_unit_test(what_is_no_domain_is_refused_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
