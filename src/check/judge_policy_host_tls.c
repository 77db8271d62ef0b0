/* Step 3: TCP, TLS and the certificate at each address of the policy host (RFC 8461 3.3, 7). */
#include "check/judge_mx.h"
#include "check/judge_policy_host.h"
#include "check/judge_text.h"
#include "check/messages.h"

#define DAY INT64_C(86400)

bool judge_web_has_chain(const struct fact_web *web)
{
    return web->tried && (web->fetched.tls.version || web->fetched.tls.chain_count);
}

static struct str host_name(const struct judgement *j)
{
    return j->facts->policy_host.name;
}

static bool takes_connections(const struct fact_web *web)
{
    return web->tried && web->fetched.at > HTTP_CONNECT;
}

static bool any_takes_connections(const struct check_facts *f)
{
    for (size_t i = 0; i < judge_web_count(f); i++) {
        if (takes_connections(&f->web[i]))
            return true;
    }
    return false;
}

static struct msg look_untried(const struct judgement *j, size_t i, struct str at)
{
    const struct fact_web *web = &j->facts->web[i];
    if (!j->facts->policy_host.at[i].allowed)
        return msg_check_host_forbidden(host_name(j), at);
    if (web->no_source)
        return msg_check_host_no_route_here(host_name(j), at);
    if (!web->tried)
        return msg_check_host_not_tried(host_name(j), at);
    return (struct msg){0};
}

static struct msg look_connection(const struct judgement *j, size_t i, struct str at)
{
    const struct fact_web *web = &j->facts->web[i];
    struct str host = host_name(j);
    if (!j->facts->policy_host.at[i].allowed || web->no_source || !web->tried)
        return look_untried(j, i, at);
    if (web->fetched.at != HTTP_CONNECT)
        return (struct msg){0};
    switch (web->fetched.failure) {
    case NET_FORBIDDEN:
        return msg_check_host_forbidden(host, at);
    case NET_REFUSED:
        return msg_check_host_refused(host, at);
    case NET_TIMEOUT:
        return msg_check_host_connect_timeout(host, at);
    case NET_LOCAL:
        return msg_check_host_local(host, at, web->fetched.detail);
    case NET_UNREACHABLE:
    case NET_OK:
    case NET_CLOSED:
    case NET_TLS:
    case NET_PROTOCOL:
    case NET_TOO_LARGE:
    case NET_REPLY:
        break;
    }
    return msg_check_host_unreachable(host, at);
}

static bool speaks_of(struct str detail, const struct str *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_ifind(detail, words[i]) >= 0)
            return true;
    }
    return false;
}

/* OpenSSL's words for what went wrong tell the common reasons apart. */
static struct msg explain_handshake(struct str host, struct str at, struct str detail)
{
    static const struct str no_tls[] = {STR_INIT("wrong version"), STR_INIT("http request"),
                                        STR_INIT("packet length")};
    static const struct str name[] = {STR_INIT("unrecognized name"), STR_INIT("unrecognized_name")};
    if (speaks_of(detail, no_tls, ARRAY_LEN(no_tls)))
        return msg_check_host_tls_none(host, at, detail);
    if (judge_is_old_version(detail))
        return msg_check_host_tls_version(host, at, detail);
    if (speaks_of(detail, name, ARRAY_LEN(name)))
        return msg_check_host_tls_name(host, at, detail);
    return msg_check_host_tls_failed(host, at, detail);
}

static struct msg look_handshake(const struct judgement *j, size_t i, struct str at)
{
    const struct fact_web *web = &j->facts->web[i];
    struct str host = host_name(j);
    if (!web->tried || web->fetched.at != HTTP_HANDSHAKE)
        return (struct msg){0};
    if (web->fetched.failure == NET_TIMEOUT)
        return msg_check_host_tls_timeout(host, at);
    if (web->fetched.failure == NET_CLOSED)
        return msg_check_host_tls_closed(host, at);
    if (web->fetched.failure == NET_LOCAL)
        return msg_check_host_local(host, at, web->fetched.detail);
    return explain_handshake(host, at, web->fetched.detail);
}

static struct str subject_of(const struct tls_verified *v, size_t number)
{
    return number < v->certificate_count ? v->certificates[number].subject : STR("");
}

static struct msg look_chain(const struct judgement *j, size_t i, struct str at)
{
    const struct tls_verified *v = &j->facts->web[i].verified;
    struct str host = host_name(j);
    if (!judge_web_has_chain(&j->facts->web[i]))
        return (struct msg){0};
    switch (v->chain) {
    case TLS_CHAIN_OK:
        break;
    case TLS_CHAIN_SELF_SIGNED:
        return msg_check_host_cert_self_signed(host, at, subject_of(v, 0));
    case TLS_CHAIN_INCOMPLETE:
        return msg_check_host_cert_incomplete(host, at, v->missing_issuer);
    case TLS_CHAIN_UNKNOWN_ISSUER:
        return msg_check_host_cert_unknown_issuer(host, at, v->missing_issuer);
    case TLS_CHAIN_WEAK:
        return msg_check_host_cert_weak(host, at, subject_of(v, v->chain_at));
    case TLS_CHAIN_ABSENT: /* OpenSSL ends the handshake at such a list of certificates */
    case TLS_CHAIN_UNREADABLE:
    case TLS_CHAIN_INVALID:
        return msg_check_host_cert_invalid(host, at, v->chain_reason);
    }
    return (struct msg){0};
}

/* Without a readable leaf there are neither names nor dates. */
static bool has_leaf(const struct fact_web *web)
{
    return judge_web_has_chain(web) && web->verified.certificate_count &&
           web->verified.chain != TLS_CHAIN_ABSENT && web->verified.chain != TLS_CHAIN_UNREADABLE;
}

static struct msg look_name(const struct judgement *j, size_t i, struct str at)
{
    const struct tls_verified *v = &j->facts->web[i].verified;
    if (!has_leaf(&j->facts->web[i]) || v->name == TLS_NAME_OK)
        return (struct msg){0};
    if (v->name == TLS_NAME_NONE)
        return msg_check_host_cert_no_name(host_name(j), at, v->certificates[0].common_name);
    return msg_check_host_cert_name(host_name(j), at, judge_names(j, v));
}

static struct msg look_dates(const struct judgement *j, size_t i, struct str at)
{
    const struct fact_web *web = &j->facts->web[i];
    const struct tls_verified *v = &web->verified;
    if (!has_leaf(web) || v->date_at >= v->certificate_count)
        return (struct msg){0};
    const struct tls_certificate *faulty = &v->certificates[v->date_at], *leaf = v->certificates;
    if (v->date == TLS_DATE_EXPIRED)
        return msg_check_host_cert_expired(host_name(j), at, faulty->subject, faulty->not_after);
    if (v->date == TLS_DATE_NOT_YET)
        return msg_check_host_cert_not_yet(host_name(j), at, faulty->subject, faulty->not_before);
    int64_t left = leaf->not_after - j->facts->now;
    if (v->chain == TLS_CHAIN_OK && left < judge_renewal_margin(leaf))
        return msg_check_host_cert_soon(host_name(j), at, leaf->not_after,
                                        (uint64_t)(left > 0 ? left / DAY : 0));
    return (struct msg){0};
}

static struct msg look_good(const struct judgement *j, size_t i, struct str at)
{
    const struct fact_web *web = &j->facts->web[i];
    if (!web->tried || !web->fetched.tls.version || !web->verified.trusted || !has_leaf(web))
        return (struct msg){0};
    const struct tls_certificate *leaf = web->verified.certificates;
    struct str issuer = leaf->issuer_organisation.n ? leaf->issuer_organisation : leaf->issuer;
    return msg_check_host_answers(host_name(j), at,
                                  str_from(tls_version_name(web->fetched.tls.version)), issuer,
                                  leaf->not_after);
}

/* RFC 8461 7.1: a server that has no certificate for the name ends the handshake. */
static void judge_default_certificate(struct judgement *j)
{
    const struct fact_handshake *unknown = &j->facts->unknown_sni;
    if (unknown->tried && unknown->failure == NET_OK && unknown->tls.chain_count)
        judge_web_add_rule(
            j, msg_check_host_default_cert(host_name(j), judge_names(j, &unknown->verified)),
            STR(""));
}

void judge_web_tls(struct judgement *j)
{
    judge_web_each(j, look_connection, any_takes_connections(j->facts));
    judge_web_each(j, look_handshake, false);
    judge_web_each(j, look_chain, false);
    judge_web_each(j, look_name, false);
    judge_web_each(j, look_dates, false);
    judge_web_each(j, look_good, false);
    judge_default_certificate(j);
}
