/* What was found at the addresses of MX hosts, in a word each. */
#include "check/judge_mx.h"

/* The server has no EHLO (RFC 5321 4.1.1.1); other refusals are of us. */
static bool knows_no_ehlo(unsigned code)
{
    return code == 500 || code == 501 || code == 502 || code == 504;
}

static enum mx_seen seen_before_starttls(const struct smtp_session *s)
{
    switch (s->failure) {
    case NET_REPLY:
        return s->at == SMTP_EHLO && knows_no_ehlo(s->code) ? MX_NO_TLS : MX_UNSEEN;
    case NET_TIMEOUT:
        return s->at == SMTP_CONNECT ? MX_DEAD : MX_UNSEEN;
    case NET_LOCAL:
        return MX_UNSEEN;
    case NET_OK:
    case NET_FORBIDDEN:
    case NET_REFUSED:
    case NET_UNREACHABLE:
    case NET_CLOSED:
    case NET_TLS:
    case NET_PROTOCOL:
    case NET_TOO_LARGE:
        break;
    }
    return MX_DEAD;
}

enum mx_seen mx_seen_at(const struct fact_mx *mx, size_t i)
{
    const struct fact_smtp *smtp = &mx->smtp[i];
    const struct smtp_session *s = &smtp->session;
    if (!mx->where.at[i].allowed)
        return MX_DEAD;
    if (!smtp->tried || smtp->no_source || s->failure == NET_LOCAL)
        return MX_UNSEEN;
    if (s->at < SMTP_STARTTLS)
        return seen_before_starttls(s);
    if (s->at <= SMTP_HANDSHAKE)
        return MX_NO_TLS;
    return smtp->verified.trusted ? MX_GOOD : MX_UNTRUSTED;
}

struct mx_sum mx_sum_up(const struct fact_mx *mx)
{
    struct mx_sum sum = {0};
    for (size_t i = 0; i < mx->where.count; i++)
        sum.count[mx_seen_at(mx, i)]++;
    sum.answered = sum.count[MX_GOOD] + sum.count[MX_UNTRUSTED] + sum.count[MX_NO_TLS];
    sum.tls_ok = sum.answered && sum.answered == sum.count[MX_GOOD];
    return sum;
}

/* Somebody is there who speaks SMTP, or may, given more time than we have. */
static bool answers(const struct fact_smtp *smtp)
{
    const struct smtp_session *s = &smtp->session;
    if (!smtp->tried || smtp->no_source)
        return false;
    return s->at > SMTP_EHLO || s->failure == NET_REPLY ||
           (s->failure == NET_TIMEOUT && s->at > SMTP_CONNECT);
}

bool mx_any_answers(const struct check_facts *facts)
{
    for (size_t m = 0; m < facts->mx_count; m++) {
        const struct fact_mx *mx = &facts->mx[m];
        for (size_t i = 0; i < mx->where.count; i++) {
            if (answers(&mx->smtp[i]))
                return true;
        }
    }
    return false;
}

/* The connection itself did not come about, and nobody said no. */
static bool lost(enum net_failure failure)
{
    return failure == NET_TIMEOUT || failure == NET_UNREACHABLE;
}

/* Whether all that was tried by HTTPS was lost too: the network is down, not one port of it. */
static bool web_is_dead(const struct check_facts *facts)
{
    size_t tried = 0;
    for (size_t i = 0; i < facts->policy_host.count; i++) {
        const struct fact_web *web = &facts->web[i];
        if (!web->tried)
            continue;
        tried++;
        if (web->fetched.at > HTTP_CONNECT || !lost(web->fetched.failure))
            return false;
    }
    for (size_t i = 0; i < facts->rua_count; i++) {
        const struct fact_web *web = &facts->rua[i].web;
        if (web->tried && (web->fetched.at > HTTP_CONNECT || !lost(web->fetched.failure)))
            return false;
    }
    return tried > 0;
}

/* Some other host answered on port 25. */
static bool port_25_works(const struct check_facts *facts)
{
    for (size_t i = 0; i < facts->rua_count; i++) {
        const struct fact_rua *rua = &facts->rua[i];
        if (rua->probed && rua->rua.scheme == RPT_RUA_MAILTO && rua->rcpt.at > SMTP_CONNECT)
            return true;
    }
    return facts->port_25_seen;
}

bool mx_port_25_blocked(const struct check_facts *facts)
{
    size_t tried = 0;
    for (size_t m = 0; m < facts->mx_count; m++) {
        const struct fact_mx *mx = &facts->mx[m];
        for (size_t i = 0; i < mx->where.count; i++) {
            const struct fact_smtp *smtp = &mx->smtp[i];
            if (!smtp->tried || smtp->no_source)
                continue;
            if (smtp->session.at != SMTP_CONNECT || !lost(smtp->session.failure))
                return false;
            tried++;
        }
    }
    return tried && !port_25_works(facts) && !web_is_dead(facts);
}
