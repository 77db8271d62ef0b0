/* Step 5: each thing that can be wrong with an MX host is named, and nothing else is blamed. */
#include "perfect.h"

#include "check/messages.h"

static struct smtp_session *session(struct perfect *p, size_t m, size_t i)
{
    return &p->facts.mx[m].smtp[i].session;
}

/* The address ends at a step. */
static void stop(struct perfect *p, size_t m, size_t i, enum smtp_step at, enum net_failure failure)
{
    struct smtp_session *s = session(p, m, i);
    s->at = at;
    s->failure = failure;
    if (at <= SMTP_STARTTLS)
        s->starttls_offered = false;
    if (at <= SMTP_HANDSHAKE)
        s->tls = (struct tls_peer){0};
    p->facts.mx[m].smtp[i].without_sni.tried = false;
}

static void stop_host(struct perfect *p, size_t m, enum smtp_step at, enum net_failure failure)
{
    for (size_t i = 0; i < PERFECT_ADDRESSES; i++)
        stop(p, m, i, at, failure);
}

/* ---- the perfect domain ---- */

static void a_perfect_domain_has_ok_results_alone(void **state)
{
    (void)state;
    static const struct msg_def *const said[] = {&MSG_CHECK_MX_LISTED, &MSG_CHECK_MX_SESSION_OK,
                                                 &MSG_CHECK_MX_CERT_OK,
                                                 &MSG_CHECK_MX_ENFORCE_DELIVERS};
    struct perfect p;
    perfect_init(&p);
    judge_mx(&p.j);
    assert_int_equal(p.results.step[CHECK_MX].worst, CHECK_OK);
    assert_int_equal(p.results.total, PERFECT_MX * ARRAY_LEN(said));
    for (size_t i = 0; i < ARRAY_LEN(said); i++)
        CHECK(check_results_have(&p.results, said[i]), said[i]->id);
    /* What is the same at both addresses is said once. */
    CHECK_STR(perfect_find(&p, &MSG_CHECK_MX_CERT_OK)->address, "192.0.2.25, 2001:db8::25", "both");
    for (size_t m = 0; m < PERFECT_MX; m++) {
        assert_true(p.j.mx[m].tls_ok);
        assert_non_null(p.j.mx[m].pattern);
    }
    perfect_done(&p);
}

/* ---- the conversation ---- */

struct session_row {
    const char *name;
    enum smtp_step at;
    enum net_failure failure;
    unsigned code;
    bool offered;
    const char *detail;
    const struct msg_def *def;
    enum { REACH, TLS, ALWAYS } kind; /* what its grade depends on */
};

static const struct session_row session_rows[] = {
    {"refused", SMTP_CONNECT, NET_REFUSED, 0, false, "", &MSG_CHECK_MX_REFUSED, REACH},
    {"timeout", SMTP_CONNECT, NET_TIMEOUT, 0, false, "", &MSG_CHECK_MX_TIMEOUT, REACH},
    {"no route", SMTP_CONNECT, NET_UNREACHABLE, 0, false, "", &MSG_CHECK_MX_UNREACHABLE, REACH},
    {"guard", SMTP_CONNECT, NET_FORBIDDEN, 0, false, "", &MSG_CHECK_MX_ADDRESS_NOT_PUBLIC, REACH},
    {"silent", SMTP_BANNER, NET_TIMEOUT, 0, false, "", &MSG_CHECK_MX_BANNER_LATE, ALWAYS},
    {"hangs at EHLO", SMTP_EHLO, NET_TIMEOUT, 0, false, "", &MSG_CHECK_MX_SLOW, ALWAYS},
    {"cut at banner", SMTP_BANNER, NET_CLOSED, 0, false, "", &MSG_CHECK_MX_CLOSED, REACH},
    {"cut at EHLO", SMTP_EHLO, NET_CLOSED, 0, false, "", &MSG_CHECK_MX_CLOSED, REACH},
    {"HTTP", SMTP_BANNER, NET_PROTOCOL, 0, false, "no code", &MSG_CHECK_MX_NOT_SMTP, REACH},
    {"endless", SMTP_BANNER, NET_TOO_LARGE, 0, false, "", &MSG_CHECK_MX_NOT_SMTP, REACH},
    {"554 banner", SMTP_BANNER, NET_REPLY, 554, false, "", &MSG_CHECK_MX_TURNED_AWAY, ALWAYS},
    {"421 EHLO", SMTP_EHLO, NET_REPLY, 421, false, "", &MSG_CHECK_MX_TURNED_AWAY, ALWAYS},
    {"550 EHLO", SMTP_EHLO, NET_REPLY, 550, false, "", &MSG_CHECK_MX_TURNED_AWAY, ALWAYS},
    {"500 EHLO", SMTP_EHLO, NET_REPLY, 500, false, "", &MSG_CHECK_MX_NO_ESMTP, TLS},
    {"502 EHLO", SMTP_EHLO, NET_REPLY, 502, false, "", &MSG_CHECK_MX_NO_ESMTP, TLS},
    {"no STARTTLS", SMTP_STARTTLS, NET_REPLY, 250, false, "", &MSG_CHECK_MX_STARTTLS_ABSENT, TLS},
    {"454", SMTP_STARTTLS, NET_REPLY, 454, true, "", &MSG_CHECK_MX_STARTTLS_REFUSED, TLS},
    {"cut", SMTP_STARTTLS, NET_CLOSED, 0, true, "", &MSG_CHECK_MX_STARTTLS_FAILED, TLS},
    {"TLS 1.0", SMTP_HANDSHAKE, NET_TLS, 0, true, "tlsv1 alert protocol version",
     &MSG_CHECK_MX_TLS_OLD, TLS},
    {"TLS 1.1", SMTP_HANDSHAKE, NET_TLS, 0, true, "Unsupported Protocol", &MSG_CHECK_MX_TLS_OLD,
     TLS},
    {"no cipher", SMTP_HANDSHAKE, NET_TLS, 0, true, "handshake failure", &MSG_CHECK_MX_HANDSHAKE,
     TLS},
    {"hangs in TLS", SMTP_HANDSHAKE, NET_TIMEOUT, 0, true, "", &MSG_CHECK_MX_HANDSHAKE, TLS},
    {"cut in TLS", SMTP_HANDSHAKE, NET_CLOSED, 0, true, "", &MSG_CHECK_MX_HANDSHAKE, TLS},
    {"421 in TLS", SMTP_EHLO_TLS, NET_REPLY, 421, true, "", &MSG_CHECK_MX_AFTER_TLS, ALWAYS},
    {"cut after TLS", SMTP_EHLO_TLS, NET_CLOSED, 0, true, "", &MSG_CHECK_MX_AFTER_TLS, ALWAYS},
};

static void stop_as(struct perfect *p, const struct session_row *row, size_t m)
{
    stop_host(p, m, row->at, row->failure);
    for (size_t i = 0; i < PERFECT_ADDRESSES; i++) {
        session(p, m, i)->code = row->code;
        session(p, m, i)->starttls_offered = row->offered;
        session(p, m, i)->detail = str_from(row->detail);
    }
}

static void each_step_that_fails_is_named_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(session_rows); i++) {
        const struct session_row *row = &session_rows[i];
        struct perfect p;
        perfect_init(&p);
        stop_as(&p, row, 0);
        judge_mx(&p.j);
        perfect_expect_only(&p, CHECK_MX, row->def, row->kind == TLS ? CHECK_ERROR : CHECK_WARNING,
                            row->name);
        CHECK(!p.j.mx[0].tls_ok || row->at == SMTP_EHLO_TLS, row->name);
        CHECK(p.j.mx[1].tls_ok, row->name);
        perfect_done(&p);
    }
}

/* RFC 8461 5: in mode testing, and where there is no policy, mail goes through. */
static void without_enforce_a_lack_of_tls_is_a_warning(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(session_rows); i++) {
        const struct session_row *row = &session_rows[i];
        struct perfect p;
        if (row->kind != TLS)
            continue;
        perfect_init(&p);
        perfect_unprotect(&p);
        stop_as(&p, row, 0);
        judge_mx(&p.j);
        perfect_expect_only(&p, CHECK_MX, row->def, CHECK_WARNING, row->name);
        perfect_done(&p);
        perfect_init(&p);
        perfect_no_answer(&p.facts.mx[0].tlsa, DNS_NO_DATA);
        p.j.policy.mode = STS_MODE_TESTING;
        stop_as(&p, row, 0);
        judge_mx(&p.j);
        perfect_expect_only(&p, CHECK_MX, row->def, CHECK_WARNING, row->name);
        perfect_done(&p);
    }
}

/* RFC 7672 2.2: a sender that knows DANE insists on TLS, policy or not. */
static void usable_tlsa_records_make_a_lack_of_tls_an_error(void **state)
{
    (void)state;
    struct perfect p;
    perfect_init(&p);
    p.j.policy_valid = false;
    stop_host(&p, 0, SMTP_STARTTLS, NET_REPLY);
    judge_mx(&p.j);
    perfect_expect_only(&p, CHECK_MX, &MSG_CHECK_MX_STARTTLS_ABSENT, CHECK_ERROR, "DANE");
    perfect_done(&p);
}

static void hosts_that_nobody_reaches_are_an_error_when_no_other_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(session_rows); i++) {
        const struct session_row *row = &session_rows[i];
        struct perfect p;
        if (row->kind != REACH)
            continue;
        perfect_init(&p);
        p.facts.mx_count = 1;
        p.facts.port_25_seen = true;
        perfect_set_policy(&p,
                           STR("version: STSv1\nmode: enforce\nmx: mx1.example.org\nmax_age: 1\n"));
        stop_as(&p, row, 0);
        judge_mx(&p.j);
        perfect_expect_only(&p, CHECK_MX, row->def, CHECK_ERROR, row->name);
        perfect_done(&p);
    }
}

/* RFC 5321 5.1: a sender goes on to the next address. */
static void one_dead_address_is_a_warning_that_names_it(void **state)
{
    (void)state;
    struct perfect p;
    perfect_init(&p);
    p.facts.mx_count = 1;
    stop(&p, 0, 1, SMTP_CONNECT, NET_TIMEOUT);
    judge_mx(&p.j);
    const struct check_result *r = perfect_find(&p, &MSG_CHECK_MX_TIMEOUT);
    assert_non_null(r);
    assert_int_equal(r->grade, CHECK_WARNING);
    CHECK_STR(r->address, "2001:db8::25", "address");
    CHECK_STR(r->about, "mx1.example.org", "about");
    assert_true(p.j.mx[0].tls_ok);
    perfect_done(&p);
}

static void bytes_behind_starttls_are_a_warning(void **state)
{
    (void)state;
    struct perfect p;
    perfect_init(&p);
    session(&p, 0, 0)->pipelined_plaintext = true;
    judge_mx(&p.j);
    perfect_expect_only(&p, CHECK_MX, &MSG_CHECK_MX_INJECTION, CHECK_WARNING, "injection");
    perfect_done(&p);
}

/* ---- what cannot be looked at blames nobody ---- */

static void all_lost(struct perfect *p)
{
    stop_host(p, 0, SMTP_CONNECT, NET_TIMEOUT);
    stop_host(p, 1, SMTP_CONNECT, NET_UNREACHABLE);
}

static void a_blocked_port_25_is_a_note_said_once(void **state)
{
    (void)state;
    struct perfect p;
    perfect_init(&p);
    all_lost(&p);
    judge_mx(&p.j);
    perfect_expect_only(&p, CHECK_MX, &MSG_CHECK_MX_PORT_25_BLOCKED, CHECK_NOTE, "blocked");
    assert_true(p.j.port_25_blocked);
    perfect_done(&p);
}

static void other_reasons_are_no_blocked_port(void **state)
{
    (void)state;
    static const char *const names[] = {"network dead", "refused", "seen elsewhere", "probe"};
    for (size_t n = 0; n < ARRAY_LEN(names); n++) {
        struct perfect p;
        perfect_init(&p);
        all_lost(&p);
        for (size_t i = 0; n == 0 && i < PERFECT_ADDRESSES; i++) {
            p.facts.web[i].fetched.at = HTTP_CONNECT;
            p.facts.web[i].fetched.failure = NET_TIMEOUT;
        }
        if (n == 1)
            session(&p, 1, 0)->failure = NET_REFUSED;
        if (n == 2)
            p.facts.port_25_seen = true;
        if (n == 3) {
            p.facts.rua[0].probed = true;
            p.facts.rua[0].rcpt.at = SMTP_DONE;
        }
        judge_mx(&p.j);
        CHECK(!p.j.port_25_blocked, names[n]);
        CHECK(!check_results_have(&p.results, &MSG_CHECK_MX_PORT_25_BLOCKED), names[n]);
        CHECK(p.results.count[CHECK_ERROR] > 0, names[n]);
        perfect_done(&p);
    }
}

static void a_family_without_a_way_is_a_note_said_once(void **state)
{
    (void)state;
    struct perfect p;
    perfect_init(&p);
    for (size_t m = 0; m < PERFECT_MX; m++) {
        stop(&p, m, 1, SMTP_CONNECT, NET_UNREACHABLE);
        p.facts.mx[m].smtp[1].no_source = true;
    }
    judge_mx(&p.j);
    perfect_expect_only(&p, CHECK_MX, &MSG_CHECK_MX_NO_ROUTE, CHECK_NOTE, "IPv6");
    assert_true(p.j.mx[0].tls_ok);
    perfect_done(&p);
}

static void break_untried(struct perfect *p)
{
    p->facts.mx[0].smtp[0].tried = false;
}

static void break_local(struct perfect *p)
{
    stop(p, 0, 0, SMTP_CONNECT, NET_LOCAL);
}

static void break_no_address(struct perfect *p)
{
    perfect_keep_addresses(&p->facts.mx[0].where, 0);
}

static void break_many_addresses(struct perfect *p)
{
    p->facts.mx[0].where.passed_over = 3;
}

static void break_no_mx(struct perfect *p)
{
    p->facts.mx_count = 0;
    p->j.policy_valid = false;
}

static void break_other_sni(struct perfect *p)
{
    p->facts.mx[0].smtp[0].without_sni.tls.chain[0] = STR("another");
}

static void what_was_not_seen_is_a_note(void **state)
{
    (void)state;
    static const struct perfect_row rows[] = {
        {break_untried, &MSG_CHECK_MX_NOT_TRIED, CHECK_NOTE, "deadline"},
        {break_local, &MSG_CHECK_MX_LOCAL, CHECK_NOTE, "no memory"},
        {break_no_address, &MSG_CHECK_MX_NO_ADDRESS, CHECK_NOTE, "no address"},
        {break_many_addresses, &MSG_CHECK_MX_PASSED_OVER, CHECK_NOTE, "many addresses"},
        {break_no_mx, &MSG_CHECK_MX_NONE, CHECK_NOTE, "no MX"},
        {break_other_sni, &MSG_CHECK_MX_NO_SNI_OTHER, CHECK_NOTE, "another good one"},
    };
    perfect_rows(rows, ARRAY_LEN(rows), CHECK_MX, judge_mx);
}

static void a_private_address_is_named(void **state)
{
    (void)state;
    struct perfect p;
    perfect_init(&p);
    p.facts.mx[0].where.at[0].allowed = false;
    p.facts.mx[0].smtp[0].tried = false;
    judge_mx(&p.j);
    perfect_expect_only(&p, CHECK_MX, &MSG_CHECK_MX_ADDRESS_NOT_PUBLIC, CHECK_WARNING, "private");
    perfect_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_perfect_domain_has_ok_results_alone),
        cmocka_unit_test(each_step_that_fails_is_named_once),
        cmocka_unit_test(without_enforce_a_lack_of_tls_is_a_warning),
        cmocka_unit_test(usable_tlsa_records_make_a_lack_of_tls_an_error),
        cmocka_unit_test(hosts_that_nobody_reaches_are_an_error_when_no_other_answers),
        cmocka_unit_test(one_dead_address_is_a_warning_that_names_it),
        cmocka_unit_test(bytes_behind_starttls_are_a_warning),
        cmocka_unit_test(a_blocked_port_25_is_a_note_said_once),
        cmocka_unit_test(other_reasons_are_no_blocked_port),
        cmocka_unit_test(a_family_without_a_way_is_a_note_said_once),
        cmocka_unit_test(what_was_not_seen_is_a_note),
        cmocka_unit_test(a_private_address_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
