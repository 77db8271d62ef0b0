#include "check.h"

#include "tlsrpt/diagnose.h"
#include "tlsrpt/messages.h"

struct example {
    enum rpt_result result;
    const char *word, *mx, *reason;
    const char *policy, *served; /* lines; NULL: none */
    const struct msg_def *code;
    const char *fix; /* something that the English remedy must hold, or NULL */
};

#define ENFORCE(mx) "version: STSv1\nmode: enforce\n" mx "max_age: 604800\n"

static const struct example examples[] = {
    /* The MX host against the policy of the report. */
    {RPT_VALIDATION_FAILURE, "", "icewolf-li.h-v1.mx.microsoft", "",
     ENFORCE("mx: *.mx.microsoft\n"), NULL, &MSG_EXPLAIN_MX_WILDCARD_ONE_LABEL,
     "\nmx: *.h-v1.mx.microsoft"},
    {RPT_VALIDATION_FAILURE, "", "mx.a.example", "", ENFORCE("mx: *.mx.a.example\n"), NULL,
     &MSG_EXPLAIN_MX_WILDCARD_NOT_BASE, "\nmx: mx.a.example"},
    {RPT_VALIDATION_FAILURE, "", "mx.a.example", "", ENFORCE("mx: a.example\n"), NULL,
     &MSG_EXPLAIN_MX_PARENT_LISTED, "\nmx: mx.a.example"},
    {RPT_VALIDATION_FAILURE, "", "mx.domain.example.", "",
     ENFORCE("mx: other.example\nmx: mx.domian.example\n"), NULL, &MSG_EXPLAIN_MX_MISSPELT,
     "\"mx: mx.domian.example\""},
    {RPT_VALIDATION_FAILURE, "", "mx.domain.example", "", ENFORCE("mx: *.domian.example\n"), NULL,
     &MSG_EXPLAIN_MX_MISSPELT, "\nmx: *.domain.example"},
    {RPT_VALIDATION_FAILURE, "", "mx9.a.example", "", ENFORCE("mx: mx1.a.example\n"), NULL,
     &MSG_EXPLAIN_MX_NOT_LISTED, "\nmx: mx9.a.example"},
    {RPT_VALIDATION_FAILURE, "", "MX.A.example.", "", ENFORCE("mx:*.a.example\n"), NULL,
     &MSG_EXPLAIN_VALIDATION_LISTED, "openssl s_client -starttls smtp -connect MX.A.example:25"},
    {RPT_VALIDATION_FAILURE, "", "", "", ENFORCE("mx: mx.a.example\n"), NULL,
     &MSG_EXPLAIN_VALIDATION_FAILURE, "-connect MX:25"},
    {RPT_VALIDATION_FAILURE, "", "mx.a.example", "", NULL, NULL, &MSG_EXPLAIN_VALIDATION_FAILURE,
     NULL},
    {RPT_CERTIFICATE_HOST_MISMATCH, "", "mx9.a.example", "", ENFORCE("mx: mx1.a.example\n"), NULL,
     &MSG_EXPLAIN_MX_NOT_LISTED, NULL},
    {RPT_CERTIFICATE_HOST_MISMATCH, "", "mx1.a.example", "", ENFORCE("mx: mx1.a.example\n"), NULL,
     &MSG_EXPLAIN_CERTIFICATE_HOST_MISMATCH, NULL},
    {RPT_CERTIFICATE_EXPIRED, "", "mx9.a.example", "", ENFORCE("mx: mx1.a.example\n"), NULL,
     &MSG_EXPLAIN_CERTIFICATE_EXPIRED, "-connect mx9.a.example:25"},
    /* Names that would be dangerous in a shell never get into a line to type. */
    {RPT_VALIDATION_FAILURE, "", "$(reboot)", "", ENFORCE("mx: mx.a.example\n"), NULL,
     &MSG_EXPLAIN_VALIDATION_FAILURE, "-connect MX:25"},
    {RPT_CERTIFICATE_EXPIRED, "", "a;reboot", "", NULL, NULL, &MSG_EXPLAIN_CERTIFICATE_EXPIRED,
     "-connect MX:25"},
    /* The policy that is served now. */
    {RPT_VALIDATION_FAILURE, "", "new.a.example", "", ENFORCE("mx: old.a.example\n"),
     ENFORCE("mx: new.a.example\n"), &MSG_EXPLAIN_MX_OUTDATED, "_mta-sts.a.example"},
    {RPT_VALIDATION_FAILURE, "", "mx.a.example", "", ENFORCE("mx: mx.a.example\n"),
     "mode: testing\nmx: mx.a.example\nmax_age: 604800\n", &MSG_EXPLAIN_POLICY_OUTDATED, NULL},
    {RPT_VALIDATION_FAILURE, "", "mx.a.example", "", ENFORCE("mx: mx.a.example\n"),
     ENFORCE("mx: mx.a.example\n"), &MSG_EXPLAIN_VALIDATION_LISTED, NULL},
    {RPT_VALIDATION_FAILURE, "", "no.a.example", "", ENFORCE("mx: old.a.example\n"),
     ENFORCE("mx: new.a.example\n"), &MSG_EXPLAIN_MX_NOT_LISTED, NULL},
    /* Reasons. */
    {RPT_VALIDATION_FAILURE, "", "", "MX_HOSTS_MISMATCH", ENFORCE("mx: mx.a.example\n"), NULL,
     &MSG_EXPLAIN_MX_MISMATCH, "dig +short MX a.example"},
    {RPT_VALIDATION_FAILURE, "", "mx.b.example", "MX_HOSTS_MISMATCH", ENFORCE("mx: mx.a.example\n"),
     NULL, &MSG_EXPLAIN_MX_MISSPELT, NULL},
    {RPT_VALIDATION_FAILURE, "", "mx.a.example", "MX not authorized by policy.",
     ENFORCE("mx: mx.a.example\n"), NULL, &MSG_EXPLAIN_MX_LISTED_YET, NULL},
    {RPT_VALIDATION_FAILURE, "", "mx.a.example", "unable_to_get_local_issuer_certificate",
     ENFORCE("mx: mx.a.example\n"), NULL, &MSG_EXPLAIN_CERTIFICATE_NOT_TRUSTED, "full chain"},
    {RPT_VALIDATION_FAILURE, "", "mx.a.example", "SSL certificate subject does not match host",
     NULL, NULL, &MSG_EXPLAIN_CERTIFICATE_HOST_MISMATCH, NULL},
    {RPT_VALIDATION_FAILURE, "", "mx.a.example", "certificate has expired", NULL, NULL,
     &MSG_EXPLAIN_CERTIFICATE_EXPIRED, NULL},
    {RPT_VALIDATION_FAILURE, "", "mx.a.example", "No matching certificates found.", NULL, NULL,
     &MSG_EXPLAIN_TLSA_INVALID, NULL},
    {RPT_VALIDATION_FAILURE, "", "mx.a.example", "i/o timeout", NULL, NULL, &MSG_EXPLAIN_TIMEOUT,
     NULL},
    {RPT_VALIDATION_FAILURE, "", "mx.a.example", "connection reset by peer", NULL, NULL,
     &MSG_EXPLAIN_CONNECTION, NULL},
    {RPT_VALIDATION_FAILURE, "", "mx.a.example", "no shared cipher", NULL, NULL,
     &MSG_EXPLAIN_HANDSHAKE, NULL},
    /* The policy's web server. */
    {RPT_STS_POLICY_FETCH_ERROR, "", "", "", NULL, NULL, &MSG_EXPLAIN_FETCH_ERROR,
     "curl -v --max-redirs 0 https://mta-sts.a.example/.well-known/mta-sts.txt"},
    {RPT_STS_POLICY_FETCH_ERROR, "", "", "bad https response code: 404", NULL, NULL,
     &MSG_EXPLAIN_FETCH_NOT_FOUND, NULL},
    {RPT_STS_POLICY_FETCH_ERROR, "", "", "bad https response code: 301", NULL, NULL,
     &MSG_EXPLAIN_FETCH_REDIRECT, NULL},
    {RPT_STS_POLICY_FETCH_ERROR, "", "", "bad https response code: 403", NULL, NULL,
     &MSG_EXPLAIN_FETCH_FORBIDDEN, NULL},
    {RPT_STS_POLICY_FETCH_ERROR, "", "", "bad https response code: 500", NULL, NULL,
     &MSG_EXPLAIN_FETCH_SERVER_ERROR, NULL},
    {RPT_STS_POLICY_FETCH_ERROR, "", "", "bad https response code: 204", NULL, NULL,
     &MSG_EXPLAIN_FETCH_STATUS, NULL},
    {RPT_STS_POLICY_FETCH_ERROR, "", "", "context deadline exceeded", NULL, NULL,
     &MSG_EXPLAIN_FETCH_TIMEOUT, NULL},
    {RPT_STS_POLICY_FETCH_ERROR, "", "", "no such host", NULL, NULL, &MSG_EXPLAIN_FETCH_DNS, NULL},
    {RPT_STS_POLICY_FETCH_ERROR, "", "", "connection refused", NULL, NULL,
     &MSG_EXPLAIN_FETCH_CONNECTION, NULL},
    {RPT_STS_POLICY_FETCH_ERROR, "", "", "too many redirects", NULL, NULL,
     &MSG_EXPLAIN_FETCH_REDIRECT, NULL},
    {RPT_STS_POLICY_FETCH_ERROR, "", "", "x509: certificate has expired", NULL, NULL,
     &MSG_EXPLAIN_WEBPKI_EXPIRED, NULL},
    {RPT_STS_POLICY_INVALID, "", "", "", NULL, NULL, &MSG_EXPLAIN_POLICY_INVALID,
     "sealpost policy lint -"},
    {RPT_STS_WEBPKI_INVALID, "", "", "", NULL, NULL, &MSG_EXPLAIN_WEBPKI_INVALID, NULL},
    {RPT_STS_WEBPKI_INVALID, "", "", "hostname mismatch", NULL, NULL, &MSG_EXPLAIN_WEBPKI_NAME,
     NULL},
    /* RFC 8460 section 4.3: the others. */
    {RPT_STARTTLS_NOT_SUPPORTED, "", "mx.a.example", "", NULL, NULL,
     &MSG_EXPLAIN_STARTTLS_NOT_SUPPORTED,
     "openssl s_client -starttls smtp -connect mx.a.example:25 -servername mx.a.example"},
    {RPT_CERTIFICATE_NOT_TRUSTED, "", "mx.a.example", "", NULL, NULL,
     &MSG_EXPLAIN_CERTIFICATE_NOT_TRUSTED, NULL},
    {RPT_TLSA_INVALID, "", "mx.a.example", "", NULL, NULL, &MSG_EXPLAIN_TLSA_INVALID,
     "dig +dnssec TLSA _25._tcp.mx.a.example"},
    {RPT_DNSSEC_INVALID, "", "mx.a.example", "", NULL, NULL, &MSG_EXPLAIN_DNSSEC_INVALID, "delv"},
    {RPT_DANE_REQUIRED, "", "mx.a.example", "", NULL, NULL, &MSG_EXPLAIN_DANE_REQUIRED, NULL},
    {RPT_RESULT_UNKNOWN, "negotiation-failure", "mx.a.example", "", NULL, NULL,
     &MSG_EXPLAIN_UNKNOWN_RESULT, NULL},
    {RPT_RESULT_UNKNOWN, "", "", "", NULL, NULL, &MSG_EXPLAIN_NO_RESULT, NULL},
    {RPT_RESULT_UNKNOWN, "Testing", "mx9.a.example", "", ENFORCE("mx: mx1.a.example\n"), NULL,
     &MSG_EXPLAIN_MX_NOT_LISTED, NULL},
    {RPT_RESULT_UNKNOWN, "other", "", "certificate expired", NULL, NULL,
     &MSG_EXPLAIN_CERTIFICATE_EXPIRED, NULL},
};

static struct msg diagnose(const struct example *e, enum rpt_policy_type type, size_t budget,
                           struct arena *arena)
{
    struct rpt_seen seen = {.mode = RPT_MODE_UNKNOWN}, served;
    if (e->policy)
        assert_int_equal(rpt_seen_read_text(&seen, str_from(e->policy), arena, NULL), 0);
    if (e->served)
        assert_int_equal(rpt_seen_read_text(&served, str_from(e->served), arena, NULL), 0);
    struct rpt_case c = {.result = e->result,
                         .result_text = str_from(e->word),
                         .mx = str_from(e->mx),
                         .reason = str_from(e->reason),
                         .policy_type = type,
                         .domain = STR("a.example"),
                         .seen = &seen,
                         .served = e->served ? &served : NULL,
                         .comparisons = &budget};
    return rpt_diagnose(&c, arena);
}

/* RFC 8460 section 4.3 and RFC 8461 section 4.1. */
static void each_failure_gets_its_diagnosis(void **state)
{
    struct arena a;
    struct buf fix CLEANUP(buf_done);
    (void)state;
    arena_init(&a, 1 << 20);
    buf_init(&fix, 65536);
    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        const struct example *e = &examples[i];
        struct msg m = diagnose(e, RPT_POLICY_STS, RPT_COMPARISONS_MAX, &a);
        CHECK_STR(str_from(m.def->id), e->code->id, e->mx);
        CHECK(msg_has(&m, MSG_TEXT) && msg_has(&m, MSG_CAUSE) && msg_has(&m, MSG_FIX), m.def->id);
        buf_reset(&fix);
        msg_render(LANG_EN, MSG_FIX, &m, &fix);
        CHECK(!e->fix || str_find(buf_view(&fix), str_from(e->fix)) >= 0, m.def->id);
    }
    arena_done(&a);
}

static void a_tlsa_row_is_not_held_against_mx_patterns(void **state)
{
    struct example e = {.result = RPT_VALIDATION_FAILURE,
                        .word = "",
                        .mx = "mx9.a.example",
                        .reason = "",
                        .policy = ENFORCE("mx: mx1.a.example\n")};
    struct arena a;
    (void)state;
    arena_init(&a, 1 << 20);
    struct msg m = diagnose(&e, RPT_POLICY_TLSA, RPT_COMPARISONS_MAX, &a);
    CHECK_STR(str_from(m.def->id), MSG_EXPLAIN_VALIDATION_DANE.id, "tlsa");
    arena_done(&a);
}

/* Never "not listed" when not all patterns were looked at. */
static void comparisons_that_run_out_accuse_nobody(void **state)
{
    struct example e = {.result = RPT_VALIDATION_FAILURE,
                        .word = "",
                        .mx = "mx3.a.example",
                        .reason = "",
                        .policy = ENFORCE("mx: mx1.a.example\nmx: mx2.a.example\n")};
    struct arena a;
    (void)state;
    arena_init(&a, 1 << 20);
    struct msg m = diagnose(&e, RPT_POLICY_STS, 1, &a);
    CHECK_STR(str_from(m.def->id), MSG_EXPLAIN_VALIDATION_FAILURE.id, "one of two");
    m = diagnose(&e, RPT_POLICY_STS, 2, &a);
    CHECK_STR(str_from(m.def->id), MSG_EXPLAIN_MX_NOT_LISTED.id, "two of two");
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_failure_gets_its_diagnosis),
        cmocka_unit_test(a_tlsa_row_is_not_held_against_mx_patterns),
        cmocka_unit_test(comparisons_that_run_out_accuse_nobody),
    };
    return cmocka_run_group_tests_name("tlsrpt diagnose", tests, NULL, NULL);
}
