/* Step 6: DANE (RFC 7672): each fault is named, and a failing DANE beats a passing MTA-STS. */
#include "perfect.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "check/judge_mx.h"
#include "check/messages.h"

static void judge_both(struct judgement *j)
{
    judge_mx(j);
    judge_dane(j);
}

static struct fact_mx *first(struct perfect *p)
{
    return &p->facts.mx[0];
}

static struct dns_record *record(struct perfect *p, size_t i)
{
    return &first(p)->tlsa.answer.records.at[i];
}

/* What the comparison at both addresses of the first host gave. */
static void compared(struct perfect *p, enum tls_dane_status status)
{
    static bool matches[] = {false, false};
    for (size_t i = 0; i < PERFECT_ADDRESSES; i++) {
        first(p)->smtp[i].dane.status = status;
        if (status != TLS_DANE_MATCH)
            first(p)->smtp[i].dane.matches = matches;
    }
}

static void keep_one_record(struct perfect *p)
{
    first(p)->tlsa.answer.records.count = 1;
    for (size_t i = 0; i < PERFECT_ADDRESSES; i++)
        first(p)->smtp[i].dane.count = 1;
}

static void a_perfect_domain_matches_and_is_ready_for_its_next_key(void **state)
{
    (void)state;
    struct perfect p;
    perfect_init(&p);
    judge_both(&p.j);
    assert_int_equal(p.results.step[CHECK_DANE].worst, CHECK_OK);
    assert_true(check_results_have(&p.results, &MSG_CHECK_DANE_MATCH));
    assert_true(check_results_have(&p.results, &MSG_CHECK_DANE_NEXT_KEY));
    assert_true(p.j.mx[0].dane_ok);
    assert_false(p.j.mx[0].dane_fails);
    perfect_done(&p);
}

/* ---- no usable answer ---- */

static void break_bogus(struct perfect *p)
{
    perfect_no_answer(&first(p)->tlsa, DNS_BOGUS);
}

static void break_servfail(struct perfect *p)
{
    perfect_no_answer(&first(p)->tlsa, DNS_FAILED);
}

static void break_timeout(struct perfect *p)
{
    perfect_no_answer(&first(p)->tlsa, DNS_FAILED);
    first(p)->tlsa.timed_out = true;
}

static void break_no_name(struct perfect *p)
{
    perfect_no_answer(&first(p)->tlsa, DNS_NO_NAME);
}

static void break_no_data(struct perfect *p)
{
    perfect_no_answer(&first(p)->tlsa, DNS_NO_DATA);
}

static void break_unsigned(struct perfect *p)
{
    first(p)->tlsa = (struct fact_dns){0};
    first(p)->where.a.answer.secure = false;
    first(p)->where.aaaa.answer.secure = false;
}

static void break_unasked(struct perfect *p)
{
    first(p)->tlsa = (struct fact_dns){0};
}

static void break_no_address(struct perfect *p)
{
    first(p)->tlsa = (struct fact_dns){0};
    perfect_keep_addresses(&first(p)->where, 0);
}

static void break_no_mx(struct perfect *p)
{
    p->facts.mx_count = 0;
}

static void break_insecure(struct perfect *p)
{
    first(p)->tlsa.answer.secure = false;
}

static void break_mx_insecure(struct perfect *p)
{
    p->facts.mx_count = 1;
    p->facts.mx_records.answer.secure = false;
}

/* ---- records ---- */

static void break_usage_0(struct perfect *p)
{
    record(p, 1)->usage = 0;
}

static void break_usage_1(struct perfect *p)
{
    record(p, 1)->usage = 1;
}

static void break_usage_4(struct perfect *p)
{
    record(p, 1)->usage = 4;
}

static void break_selector(struct perfect *p)
{
    record(p, 1)->selector = 2;
}

static void break_matching(struct perfect *p)
{
    record(p, 1)->matching = 3;
}

static void break_length(struct perfect *p)
{
    record(p, 1)->text = STR("too short");
}

static void break_length_512(struct perfect *p)
{
    record(p, 1)->matching = 2;
}

/* ---- the comparison ---- */

static void break_mismatch(struct perfect *p)
{
    compared(p, TLS_DANE_MISMATCH);
}

static void break_name(struct perfect *p)
{
    compared(p, TLS_DANE_NAME);
}

static void break_date(struct perfect *p)
{
    compared(p, TLS_DANE_DATE);
}

static void break_not_seen(struct perfect *p)
{
    for (size_t i = 0; i < PERFECT_ADDRESSES; i++) {
        first(p)->smtp[i].session =
            (struct smtp_session){.at = SMTP_CONNECT, .failure = NET_REFUSED};
        first(p)->smtp[i].dane = (struct tls_dane){0};
    }
}

static void break_next_key(struct perfect *p)
{
    keep_one_record(p);
}

static void break_whole_certificate(struct perfect *p)
{
    keep_one_record(p);
    record(p, 0)->selector = 0;
}

static void each_fault_is_named_once(void **state)
{
    (void)state;
    static const struct perfect_row rows[] = {
        {break_bogus, &MSG_CHECK_DANE_BOGUS, CHECK_ERROR, "bogus"},
        {break_servfail, &MSG_CHECK_DANE_FAILED, CHECK_ERROR, "SERVFAIL"},
        {break_timeout, &MSG_CHECK_DANE_TIMEOUT, CHECK_ERROR, "timeout"},
        {break_no_name, &MSG_CHECK_DANE_NONE, CHECK_NOTE, "no name"},
        {break_no_data, &MSG_CHECK_DANE_NONE, CHECK_NOTE, "no data"},
        {break_unsigned, &MSG_CHECK_DANE_UNSIGNED, CHECK_NOTE, "unsigned"},
        {break_unasked, &MSG_CHECK_DANE_UNASKED, CHECK_NOTE, "signed, not asked"},
        {break_no_address, &MSG_CHECK_DANE_UNASKED, CHECK_NOTE, "no address"},
        {break_no_mx, &MSG_CHECK_DANE_NO_HOST, CHECK_NOTE, "no MX"},
        {break_insecure, &MSG_CHECK_DANE_INSECURE, CHECK_NOTE, "insecure"},
        {break_mx_insecure, &MSG_CHECK_DANE_MX_INSECURE, CHECK_NOTE, "MX insecure"},
        {break_usage_0, &MSG_CHECK_DANE_USAGE, CHECK_WARNING, "usage 0"},
        {break_usage_1, &MSG_CHECK_DANE_USAGE, CHECK_WARNING, "usage 1"},
        {break_usage_4, &MSG_CHECK_DANE_RECORD, CHECK_WARNING, "usage 4"},
        {break_selector, &MSG_CHECK_DANE_RECORD, CHECK_WARNING, "selector 2"},
        {break_matching, &MSG_CHECK_DANE_RECORD, CHECK_WARNING, "matching 3"},
        {break_length, &MSG_CHECK_DANE_RECORD, CHECK_WARNING, "length"},
        {break_length_512, &MSG_CHECK_DANE_RECORD, CHECK_WARNING, "length of SHA-512"},
        {break_mismatch, &MSG_CHECK_DANE_MISMATCH, CHECK_ERROR, "mismatch"},
        {break_name, &MSG_CHECK_DANE_NAME, CHECK_ERROR, "name"},
        {break_date, &MSG_CHECK_DANE_DATE, CHECK_ERROR, "date"},
        {break_not_seen, &MSG_CHECK_DANE_UNSEEN, CHECK_NOTE, "nobody answers"},
        {break_next_key, &MSG_CHECK_DANE_SINGLE_KEY, CHECK_NOTE, "one key"},
        {break_whole_certificate, &MSG_CHECK_DANE_WHOLE_CERTIFICATE, CHECK_NOTE, "3 0 1"},
    };
    perfect_rows(rows, ARRAY_LEN(rows), CHECK_DANE, judge_both);
}

/* RFC 7672 2.2 and RFC 8461 2 */
static void a_failing_dane_beats_a_passing_sts(void **state)
{
    (void)state;
    static void (*const breaks[])(struct perfect *) = {break_mismatch, break_name, break_date};
    for (size_t i = 0; i < ARRAY_LEN(breaks); i++) {
        struct perfect p;
        perfect_init(&p);
        breaks[i](&p);
        judge_both(&p.j);
        const struct check_result *r = perfect_find(&p, &MSG_CHECK_DANE_BEATS_STS);
        assert_non_null(r);
        assert_int_equal(r->grade, CHECK_NOTE);
        assert_true(p.j.mx[0].dane_fails);
        assert_false(p.j.mx[0].dane_ok);
        assert_true(p.j.mx[1].dane_ok);
        perfect_done(&p);
        perfect_init(&p);
        p.j.policy_valid = false;
        breaks[i](&p);
        judge_both(&p.j);
        assert_null(perfect_find(&p, &MSG_CHECK_DANE_BEATS_STS));
        perfect_done(&p);
    }
}

/* RFC 7672 2.2.1: where the MX records are not secure few senders go by the host's TLSA records. */
static void behind_insecure_mx_records_a_mismatch_is_a_warning(void **state)
{
    (void)state;
    struct perfect p;
    perfect_init(&p);
    break_mx_insecure(&p);
    break_mismatch(&p);
    judge_both(&p.j);
    perfect_expect_only(&p, CHECK_DANE, &MSG_CHECK_DANE_MISMATCH, CHECK_WARNING, "insecure MX");
    assert_false(p.j.mx[0].dane_fails);
    perfect_done(&p);
    perfect_init(&p);
    break_mx_insecure(&p);
    p.facts.mx_given = true;
    break_mismatch(&p);
    judge_both(&p.j);
    perfect_expect_only(&p, CHECK_DANE, &MSG_CHECK_DANE_MISMATCH, CHECK_ERROR, "--mx");
    perfect_done(&p);
}

/* RFC 7672 2.2: with usable records a sender insists on TLS. */
static void usable_records_without_tls_fail(void **state)
{
    (void)state;
    struct perfect p;
    perfect_init(&p);
    for (size_t i = 0; i < PERFECT_ADDRESSES; i++) {
        first(&p)->smtp[i].session =
            (struct smtp_session){.at = SMTP_STARTTLS, .failure = NET_REPLY};
        first(&p)->smtp[i].dane = (struct tls_dane){0};
    }
    judge_both(&p.j);
    perfect_expect_only(&p, CHECK_DANE, &MSG_CHECK_DANE_NO_TLS, CHECK_NOTE, "no TLS");
    assert_true(p.j.mx[0].dane_fails);
    perfect_done(&p);
}

/* RFC 7672 2.2: with unusable records alone, TLS is mandatory, and the certificate is not. */
static void unusable_records_alone_neither_pass_nor_fail(void **state)
{
    (void)state;
    struct perfect p;
    perfect_init(&p);
    record(&p, 0)->usage = record(&p, 1)->usage = 1;
    compared(&p, TLS_DANE_NONE_USABLE);
    judge_both(&p.j);
    assert_true(check_results_have(&p.results, &MSG_CHECK_DANE_NONE_USABLE));
    assert_int_equal(p.results.count[CHECK_ERROR], 0);
    assert_int_equal(perfect_faults(&p, CHECK_DANE, "two records"), 2);
    assert_false(p.j.mx[0].dane_ok || p.j.mx[0].dane_fails);
    perfect_done(&p);
}

static void one_address_that_does_not_match_is_named(void **state)
{
    (void)state;
    struct perfect p;
    perfect_init(&p);
    first(&p)->smtp[1].dane.status = TLS_DANE_MISMATCH;
    judge_both(&p.j);
    perfect_expect_only(&p, CHECK_DANE, &MSG_CHECK_DANE_MISMATCH, CHECK_ERROR, "IPv6");
    CHECK_STR(perfect_find(&p, &MSG_CHECK_DANE_MISMATCH)->address, "2001:db8::25", "address");
    assert_true(p.j.mx[0].dane_fails);
    perfect_done(&p);
}

/* RFC 7671 8.1: an issuer's record lets the next key in. */
static void an_issuers_record_needs_no_second_key(void **state)
{
    (void)state;
    struct perfect p;
    perfect_init(&p);
    record(&p, 1)->usage = 2;
    judge_both(&p.j);
    assert_int_equal(p.results.step[CHECK_DANE].worst, CHECK_OK);
    perfect_done(&p);
    perfect_init(&p);
    keep_one_record(&p);
    record(&p, 0)->usage = 2;
    judge_both(&p.j);
    assert_int_equal(p.results.step[CHECK_DANE].worst, CHECK_OK);
    perfect_done(&p);
}

/* Gives the DER form of a certificate that it makes, and its key's. */
static void make_certificate(struct perfect *p, struct str *der, struct str *key)
{
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    unsigned char *bytes = NULL;
    assert_non_null(pkey);
    assert_non_null(x);
    assert_int_equal(X509_set_pubkey(x, pkey), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), 0);
    X509_gmtime_adj(X509_getm_notAfter(x), 1000);
    assert_true(X509_sign(x, pkey, EVP_sha256()) > 0);
    int n = i2d_X509(x, &bytes);
    assert_true(n > 0);
    *der = arena_str(&p->arena, (struct str){(const char *)bytes, (size_t)n});
    OPENSSL_free(bytes);
    bytes = NULL;
    n = i2d_PUBKEY(pkey, &bytes);
    assert_true(n > 0);
    *key = arena_str(&p->arena, (struct str){(const char *)bytes, (size_t)n});
    OPENSSL_free(bytes);
    X509_free(x);
    EVP_PKEY_free(pkey);
}

/* RFC 7672 3.1.1: the record to publish is 3 1 1 of the key that the server shows. */
static void the_fix_of_a_mismatch_is_the_record_that_would_match(void **state)
{
    (void)state;
    struct perfect p;
    struct str der, key;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    struct buf wanted CLEANUP(buf_done), fix CLEANUP(buf_done);
    buf_init(&wanted, 1024);
    buf_init(&fix, 1024);
    perfect_init(&p);
    make_certificate(&p, &der, &key);
    break_mismatch(&p);
    for (size_t i = 0; i < PERFECT_ADDRESSES; i++)
        first(&p)->smtp[i].session.tls.chain[0] = der;
    judge_both(&p.j);
    assert_int_equal(EVP_Digest(key.p, key.n, digest, &n, EVP_sha256(), NULL), 1);
    buf_cstr(&wanted, "_25._tcp.mx1.example.org. IN TLSA 3 1 1 ");
    for (unsigned i = 0; i < n; i++)
        buf_printf(&wanted, "%02x", digest[i]);
    const struct check_result *r = perfect_find(&p, &MSG_CHECK_DANE_MISMATCH);
    assert_non_null(r);
    assert_true(msg_render(LANG_EN, MSG_FIX, &r->msg, &fix));
    assert_true(str_ends(buf_view(&fix), buf_view(&wanted)));
    perfect_done(&p);
}

static void a_record_as_text_is_hexadecimal_and_cut(void **state)
{
    (void)state;
    struct perfect p;
    char data[65];
    perfect_init(&p);
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (char)(0xa0 + i % 16);
    struct dns_record r = {.text = {data, 2}, .usage = 3, .selector = 1, .matching = 255};
    CHECK_STR(judge_tlsa_text(&p.j, &r), "3 1 255 a0a1", "short");
    r.text.n = 0;
    CHECK_STR(judge_tlsa_text(&p.j, &r), "3 1 255 ", "empty");
    r.text.n = 64;
    assert_false(str_ends(judge_tlsa_text(&p.j, &r), STR("...")));
    r.text.n = 65;
    assert_true(str_ends(judge_tlsa_text(&p.j, &r), STR("af...")));
    perfect_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_perfect_domain_matches_and_is_ready_for_its_next_key),
        cmocka_unit_test(each_fault_is_named_once),
        cmocka_unit_test(a_failing_dane_beats_a_passing_sts),
        cmocka_unit_test(behind_insecure_mx_records_a_mismatch_is_a_warning),
        cmocka_unit_test(usable_records_without_tls_fail),
        cmocka_unit_test(unusable_records_alone_neither_pass_nor_fail),
        cmocka_unit_test(one_address_that_does_not_match_is_named),
        cmocka_unit_test(an_issuers_record_needs_no_second_key),
        cmocka_unit_test(the_fix_of_a_mismatch_is_the_record_that_would_match),
        cmocka_unit_test(a_record_as_text_is_hexadecimal_and_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
