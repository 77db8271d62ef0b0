/* Step 5: the certificates of MX hosts (RFC 8461 4.2). */
#include "perfect.h"

#include "check/messages.h"

/* ---- the certificate, RFC 8461 4.2 ---- */

struct certificate_row {
    const char *name;
    enum tls_chain_fault chain;
    enum tls_name_fault leaf;
    enum tls_date_fault date;
    const struct msg_def *def;
};

static const struct certificate_row certificate_rows[] = {
    {"none", TLS_CHAIN_ABSENT, 0, 0, &MSG_CHECK_MX_CERT_INVALID},
    {"unreadable", TLS_CHAIN_UNREADABLE, 0, 0, &MSG_CHECK_MX_CERT_INVALID},
    {"self-signed", TLS_CHAIN_SELF_SIGNED, 0, 0, &MSG_CHECK_MX_CERT_SELF_SIGNED},
    {"incomplete", TLS_CHAIN_INCOMPLETE, 0, 0, &MSG_CHECK_MX_CERT_INCOMPLETE},
    {"unknown", TLS_CHAIN_UNKNOWN_ISSUER, 0, 0, &MSG_CHECK_MX_CERT_UNKNOWN_ISSUER},
    {"weak", TLS_CHAIN_WEAK, 0, 0, &MSG_CHECK_MX_CERT_WEAK},
    {"invalid", TLS_CHAIN_INVALID, 0, 0, &MSG_CHECK_MX_CERT_INVALID},
    {"other name", 0, TLS_NAME_MISMATCH, 0, &MSG_CHECK_MX_CERT_NAME},
    {"CN alone", 0, TLS_NAME_NONE, 0, &MSG_CHECK_MX_CERT_NO_NAME},
    {"expired", 0, 0, TLS_DATE_EXPIRED, &MSG_CHECK_MX_CERT_EXPIRED},
    {"not yet", 0, 0, TLS_DATE_NOT_YET, &MSG_CHECK_MX_CERT_NOT_YET},
};

static void spoil(struct tls_verified *v, const struct certificate_row *row)
{
    v->trusted = false;
    v->chain = row->chain;
    v->name = row->leaf;
    v->date = row->date;
}

static void spoil_host(struct perfect *p, const struct certificate_row *row, size_t m)
{
    for (size_t i = 0; i < PERFECT_ADDRESSES; i++) {
        spoil(&p->facts.mx[m].smtp[i].verified, row);
        spoil(&p->facts.mx[m].smtp[i].without_sni.verified, row);
    }
}

static void each_fault_of_a_certificate_is_named_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(certificate_rows); i++) {
        const struct certificate_row *row = &certificate_rows[i];
        for (int mode = STS_MODE_NONE; mode <= STS_MODE_ENFORCE; mode++) {
            struct perfect p;
            perfect_init(&p);
            p.j.policy.mode = (enum sts_mode)mode;
            spoil_host(&p, row, 0);
            /* DANE lets senders in all the same: nothing to mend where no policy says otherwise. */
            static const enum check_grade grades[] = {CHECK_NOTE, CHECK_WARNING, CHECK_ERROR};
            judge_mx(&p.j);
            perfect_expect_only(&p, CHECK_MX, row->def, grades[mode], row->name);
            CHECK(!p.j.mx[0].tls_ok, row->name);
            CHECK(check_results_have(&p.results, &MSG_CHECK_MX_ENFORCE_REFUSES), row->name);
            perfect_done(&p);
            perfect_init(&p);
            perfect_unprotect(&p);
            spoil_host(&p, row, 0);
            judge_mx(&p.j);
            perfect_expect_only(&p, CHECK_MX, row->def, CHECK_WARNING, row->name);
            perfect_done(&p);
        }
    }
}

static void independent_faults_of_a_certificate_are_all_named(void **state)
{
    (void)state;
    static const struct certificate_row all = {"all", TLS_CHAIN_INCOMPLETE, TLS_NAME_MISMATCH,
                                               TLS_DATE_EXPIRED, NULL};
    struct perfect p;
    perfect_init(&p);
    spoil_host(&p, &all, 0);
    judge_mx(&p.j);
    assert_int_equal(p.results.count[CHECK_ERROR], 3);
    assert_true(check_results_have(&p.results, &MSG_CHECK_MX_CERT_INCOMPLETE));
    assert_true(check_results_have(&p.results, &MSG_CHECK_MX_CERT_NAME));
    assert_true(check_results_have(&p.results, &MSG_CHECK_MX_CERT_EXPIRED));
    perfect_done(&p);
}

static void a_certificate_is_warned_of_before_it_expires(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t life, left;
        bool warned;
    } rows[] = {
        {"90 days, 14 left", 90 * DAY, 14 * DAY, false},
        {"90 days, a second less", 90 * DAY, 14 * DAY - 1, true},
        {"6 days, a third left", 6 * DAY, 2 * DAY, false},
        {"6 days, a second less", 6 * DAY, 2 * DAY - 1, true},
        {"42 days, 14 left", 42 * DAY, 14 * DAY, false},
        {"last second", 90 * DAY, 0, true},
    };
    for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
        struct perfect p;
        perfect_init(&p);
        for (size_t i = 0; i < PERFECT_ADDRESSES; i++) {
            struct tls_certificate *leaf = &p.facts.mx[0].smtp[i].verified.certificates[0];
            leaf->not_after = NOW + rows[r].left;
            leaf->not_before = leaf->not_after - rows[r].life;
        }
        judge_mx(&p.j);
        if (rows[r].warned)
            perfect_expect_only(&p, CHECK_MX, &MSG_CHECK_MX_CERT_SOON, CHECK_WARNING, rows[r].name);
        else
            CHECK(perfect_faults(&p, CHECK_MX, rows[r].name) == 0, rows[r].name);
        perfect_done(&p);
    }
}

/* RFC 8461 7.1: senders should send SNI, and some do not. */
static void another_certificate_without_sni_is_named(void **state)
{
    (void)state;
    struct perfect p;
    perfect_init(&p);
    struct fact_handshake *h = &p.facts.mx[0].smtp[0].without_sni;
    h->tls.chain[0] = STR("another");
    spoil(&h->verified, &certificate_rows[7]);
    judge_mx(&p.j);
    perfect_expect_only(&p, CHECK_MX, &MSG_CHECK_MX_NO_SNI_BAD, CHECK_WARNING, "bad");
    perfect_done(&p);
    perfect_init(&p);
    h = &p.facts.mx[0].smtp[0].without_sni;
    *h = (struct fact_handshake){
        .tried = true, .failure = NET_TLS, .detail = STR("unrecognized name")};
    judge_mx(&p.j);
    perfect_expect_only(&p, CHECK_MX, &MSG_CHECK_MX_NO_SNI_FAILED, CHECK_WARNING, "aborted");
    perfect_done(&p);
    perfect_init(&p);
    h = &p.facts.mx[0].smtp[0].without_sni;
    *h = (struct fact_handshake){.tried = true, .failure = NET_TIMEOUT};
    judge_mx(&p.j);
    CHECK(perfect_faults(&p, CHECK_MX, "timeout") == 0, "timeout");
    perfect_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_of_a_certificate_is_named_once),
        cmocka_unit_test(independent_faults_of_a_certificate_are_all_named),
        cmocka_unit_test(a_certificate_is_warned_of_before_it_expires),
        cmocka_unit_test(another_certificate_without_sni_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
