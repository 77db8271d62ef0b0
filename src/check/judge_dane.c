/* Step 6: DANE for SMTP (RFC 7672) at each MX host. */
#include "check/judge_mx.h"

#include "check/judge_text.h"
#include "check/messages.h"

struct dane {
    struct judgement *j;
    const struct fact_mx *mx;
    struct check_mx_verdict *verdict;
    struct str host;
    struct str name; /* where the TLSA records stand */
    bool *matched;   /* for each record: at some address */
    size_t compared; /* addresses where chain and records met */
    size_t let_in;   /* of these, where a record matched */
    size_t without;  /* addresses that answer and have no TLS */
    bool heeded;     /* senders heed a failure: the MX records are secure too */
};

static void say(const struct dane *d, struct msg m)
{
    check_add(d->j->results, m, d->host, STR(""));
}

/* A failing DANE is an error where the MX records are secure too; otherwise few senders look. */
static enum check_grade grade_of_failure(const struct dane *d)
{
    return d->heeded ? CHECK_ERROR : CHECK_WARNING;
}

static void say_failure(const struct dane *d, struct msg m)
{
    check_add_as(d->j->results, grade_of_failure(d), m, d->host, STR(""));
}

static bool usage_is_pkix(const struct dns_record *r)
{
    return r->usage < 2;
}

/* Names the records that SMTP cannot use; gives how many it can. */
static size_t judge_records(const struct dane *d)
{
    const struct dns_records *records = &d->mx->tlsa.answer.records;
    size_t usable = 0;
    for (size_t i = 0; i < records->count; i++) {
        const struct dns_record *r = &records->at[i];
        if (mx_tlsa_usable(r))
            usable++;
        else if (usage_is_pkix(r))
            say(d, msg_check_dane_usage(d->name, judge_tlsa_text(d->j, r)));
        else
            say(d, msg_check_dane_record(d->name, judge_tlsa_text(d->j, r)));
    }
    return usable;
}

/* Why nothing lets senders in at an address. */
static struct msg mismatch(const struct dane *d, const struct fact_smtp *smtp)
{
    struct str wanted = judge_tlsa_wanted(d->j, &smtp->session.tls);
    if (smtp->dane.status == TLS_DANE_NAME)
        return msg_check_dane_name(d->host, judge_names(d->j, &smtp->verified), d->name, wanted);
    if (smtp->dane.status == TLS_DANE_DATE)
        return msg_check_dane_date(d->host, d->name, wanted);
    return msg_check_dane_mismatch(d->host, d->name, wanted);
}

static void compare_at(struct dane *d, size_t i)
{
    const struct fact_smtp *smtp = &d->mx->smtp[i];
    const struct dns_records *records = &d->mx->tlsa.answer.records;
    enum mx_seen seen = mx_seen_at(d->mx, i);
    struct str address = d->mx->where.at[i].text;
    if (seen == MX_NO_TLS)
        d->without++;
    if ((seen != MX_GOOD && seen != MX_UNTRUSTED) || smtp->dane.count == 0)
        return;
    d->compared++;
    if (smtp->dane.status != TLS_DANE_MATCH) {
        judge_add_at(d->j, grade_of_failure(d), mismatch(d, smtp), d->host, address);
        return;
    }
    d->let_in++;
    for (size_t r = 0; d->matched && r < records->count && r < smtp->dane.count; r++)
        d->matched[r] |= smtp->dane.matches[r];
    if (smtp->dane.matched < records->count)
        judge_add_rule_at(
            d->j,
            msg_check_dane_match(d->host, judge_tlsa_text(d->j, &records->at[smtp->dane.matched])),
            d->host, address);
}

/* The first address whose chain can be seen. */
static const struct tls_peer *some_peer(const struct fact_mx *mx)
{
    for (size_t i = 0; i < mx->where.count; i++) {
        if (mx->smtp[i].session.tls.chain_count)
            return &mx->smtp[i].session.tls;
    }
    return NULL;
}

/* Whether the next key can come without mail being refused (RFC 7671 8.1). An issuer's record
 * (usage 2) lets any key of that issuer in. */
static void judge_next_key(const struct dane *d)
{
    const struct dns_records *records = &d->mx->tlsa.answer.records;
    const struct tls_peer *peer = some_peer(d->mx);
    size_t keys = 0, certificates = 0, others = 0, issuers = 0;
    for (size_t i = 0; d->matched && i < records->count; i++) {
        const struct dns_record *r = &records->at[i];
        if (!mx_tlsa_usable(r))
            continue;
        if (r->usage == 2)
            issuers++;
        else if (!d->matched[i])
            others++;
        else if (r->selector == 1)
            keys++;
        else
            certificates++;
    }
    if (keys + certificates && others)
        say(d, msg_check_dane_next_key(d->host));
    else if (issuers)
        return;
    else if (keys)
        say(d, msg_check_dane_single_key(d->host, d->name));
    else if (certificates && peer)
        say(d, msg_check_dane_whole_certificate(d->host, d->name, judge_tlsa_wanted(d->j, peer)));
}

/* What a sender that heeds them makes of usable records. */
static void judge_usable(struct dane *d)
{
    struct check_mx_verdict *v = d->verdict;
    bool listed = d->j->policy_valid && v->pattern;
    d->matched = arena_array(d->j->arena, d->mx->tlsa.answer.records.count, sizeof *d->matched);
    for (size_t i = 0; i < d->mx->where.count; i++)
        compare_at(d, i);
    bool fails = d->without || d->let_in < d->compared;
    if (d->heeded) {
        v->dane_fails = fails;
        v->dane_ok = d->compared && !fails;
    }
    if (d->without)
        say(d, msg_check_dane_no_tls(d->host));
    else if (d->compared == 0)
        say(d, msg_check_dane_unseen(d->host));
    if (v->dane_fails && v->tls_ok && listed)
        say(d, msg_check_dane_beats_sts(d->host));
    if (d->compared && !fails)
        judge_next_key(d);
}

static void judge_found_records(struct dane *d)
{
    if (!d->mx->tlsa.answer.secure) {
        say(d, msg_check_dane_insecure(d->name));
        return;
    }
    size_t usable = judge_records(d);
    if (!d->heeded)
        say(d, msg_check_dane_mx_insecure(d->host, d->j->facts->domain));
    if (usable)
        judge_usable(d);
    else
        say(d, msg_check_dane_none_usable(d->host));
}

static void judge_answer(struct dane *d)
{
    const struct fact_dns *tlsa = &d->mx->tlsa;
    d->verdict->dane_fails =
        d->heeded && !tlsa->timed_out &&
        (tlsa->answer.status == DNS_BOGUS || tlsa->answer.status == DNS_FAILED);
    if (tlsa->timed_out)
        say_failure(d, msg_check_dane_timeout(d->name));
    else if (tlsa->answer.status == DNS_BOGUS)
        say_failure(d, msg_check_dane_bogus(d->name, tlsa->answer.why));
    else if (tlsa->answer.status == DNS_FAILED)
        say_failure(d, msg_check_dane_failed(d->name));
    else if (tlsa->answer.status == DNS_FOUND)
        judge_found_records(d);
    else
        say(d, msg_check_dane_none(d->name));
}

/* Only below signed addresses TLSA records count, so only there they are asked for. */
static void judge_unasked(const struct dane *d)
{
    const struct fact_host *where = &d->mx->where;
    if (where->count && !where->a.answer.secure && !where->aaaa.answer.secure)
        say(d, msg_check_dane_unsigned(d->host));
    else
        say(d, msg_check_dane_unasked(d->host));
}

static struct str tlsa_name(struct judgement *j, const struct fact_mx *mx)
{
    struct buf name CLEANUP(buf_done);
    buf_init(&name, DOMAIN_NAME_MAX + 10);
    if (mx->tlsa.name.n)
        return mx->tlsa.name;
    buf_cstr(&name, "_25._tcp.");
    buf_str(&name, mx->tlsa_base.n ? mx->tlsa_base : mx->host);
    return arena_str(j->arena, buf_view(&name));
}

void judge_dane(struct judgement *j)
{
    if (!j->mx || j->facts->mx_count == 0) {
        check_add(j->results, msg_check_dane_no_host(), STR(""), STR(""));
        return;
    }
    for (size_t m = 0; m < j->facts->mx_count; m++) {
        const struct fact_mx *mx = &j->facts->mx[m];
        struct dane d = {.j = j,
                         .mx = mx,
                         .verdict = &j->mx[m],
                         .host = mx->host,
                         .name = tlsa_name(j, mx),
                         .heeded = mx_records_secure(j->facts)};
        if (mx->tlsa.asked)
            judge_answer(&d);
        else
            judge_unasked(&d);
    }
}
