/* Step 5: the certificate at one address of an MX host (RFC 8461 4.2), with SNI and without. */
#include "check/judge_mx.h"

#include "check/messages.h"

struct at {
    struct judgement *j;
    const struct fact_mx *mx;
    const struct tls_verified *verified;
    enum check_grade grade;
    struct str host, address;
};

static void say(const struct at *at, struct msg m)
{
    judge_add_at(at->j, at->grade, m, at->host, at->address);
}

/* Who enforces does not deliver. Where nobody is told to verify, and DANE lets senders in, which is
 * how certificates of one's own are used, there is nothing to mend. */
static enum check_grade grade_at(const struct judgement *j, const struct fact_mx *mx, size_t i)
{
    if (judge_mode_is(j, STS_MODE_ENFORCE))
        return CHECK_ERROR;
    if (judge_mode_is(j, STS_MODE_TESTING))
        return CHECK_WARNING;
    return mx_dane_matches(j->facts, mx, i) ? CHECK_NOTE : CHECK_WARNING;
}

static void judge_chain(const struct at *at)
{
    const struct tls_verified *v = at->verified;
    switch (v->chain) {
    case TLS_CHAIN_OK:
        break;
    case TLS_CHAIN_SELF_SIGNED:
        say(at, msg_check_mx_cert_self_signed(at->host));
        break;
    case TLS_CHAIN_INCOMPLETE:
        say(at, msg_check_mx_cert_incomplete(at->host, v->missing_issuer));
        break;
    case TLS_CHAIN_UNKNOWN_ISSUER:
        say(at, msg_check_mx_cert_unknown_issuer(at->host, v->missing_issuer));
        break;
    case TLS_CHAIN_WEAK:
        say(at, msg_check_mx_cert_weak(at->host, v->chain_at + 1));
        break;
    case TLS_CHAIN_ABSENT: /* handshakes with these do not come to an end */
    case TLS_CHAIN_UNREADABLE:
    case TLS_CHAIN_INVALID:
        say(at, msg_check_mx_cert_invalid(at->host, v->chain_reason));
        break;
    }
}

static void judge_name(const struct at *at)
{
    const struct tls_verified *v = at->verified;
    if (v->name == TLS_NAME_MISMATCH)
        say(at, msg_check_mx_cert_name(at->host, judge_names(at->j, v)));
    else if (v->name == TLS_NAME_NONE)
        say(at, msg_check_mx_cert_no_name(at->host, judge_names(at->j, v)));
}

static void judge_dates(const struct at *at)
{
    const struct tls_verified *v = at->verified;
    if (v->date_at >= v->certificate_count)
        return;
    const struct tls_certificate *c = &v->certificates[v->date_at];
    if (v->date == TLS_DATE_EXPIRED)
        say(at, msg_check_mx_cert_expired(at->host, c->subject, c->not_after));
    else if (v->date == TLS_DATE_NOT_YET)
        say(at, msg_check_mx_cert_not_yet(at->host, c->subject, c->not_before));
}

/* A good certificate, and whether it is so for long. */
static void judge_good(const struct at *at)
{
    if (at->verified->certificate_count == 0)
        return;
    const struct tls_certificate *leaf = &at->verified->certificates[0];
    int64_t left = leaf->not_after - at->j->facts->now;
    struct str issuer = leaf->issuer_organisation.n ? leaf->issuer_organisation : leaf->issuer;
    if (left < judge_renewal_margin(leaf))
        judge_add_at(at->j, CHECK_WARNING,
                     msg_check_mx_cert_soon(at->host, leaf->not_after, (uint64_t)left), at->host,
                     at->address);
    else
        judge_add_rule_at(at->j, msg_check_mx_cert_ok(at->host, issuer, leaf->not_after), at->host,
                          at->address);
}

static bool same_leaf(const struct tls_peer *a, const struct tls_peer *b)
{
    return a->chain_count && b->chain_count && str_eq(a->chain[0], b->chain[0]);
}

/* Some senders name no host. What is wrong with the certificate itself has been said. */
static void judge_without_sni(const struct at *at, const struct fact_smtp *smtp)
{
    const struct fact_handshake *h = &smtp->without_sni;
    struct msg m;
    if (!h->tried || (h->failure != NET_OK && h->failure != NET_TLS && h->tls.version == 0))
        return;
    if (h->tls.version == 0)
        m = msg_check_mx_no_sni_failed(at->host, h->detail);
    else if (same_leaf(&smtp->session.tls, &h->tls))
        return;
    else if (h->verified.trusted)
        m = msg_check_mx_no_sni_other(at->host, judge_names(at->j, &h->verified));
    else
        m = msg_check_mx_no_sni_bad(at->host, judge_names(at->j, &h->verified));
    judge_add_rule_at(at->j, m, at->host, at->address);
}

void judge_mx_certificate(struct judgement *j, const struct fact_mx *mx, size_t i)
{
    const struct fact_smtp *smtp = &mx->smtp[i];
    enum mx_seen seen = mx_seen_at(mx, i);
    const struct at at = {
        j, mx, &smtp->verified, grade_at(j, mx, i), mx->host, mx->where.at[i].text};
    if (seen != MX_GOOD && seen != MX_UNTRUSTED)
        return;
    if (seen == MX_GOOD) {
        judge_good(&at);
    } else {
        judge_chain(&at);
        judge_name(&at);
        judge_dates(&at);
    }
    judge_without_sni(&at, smtp);
}
