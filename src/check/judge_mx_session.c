/* Step 5: the conversation with one address of an MX host, up to the end of the TLS handshake. */
#include "check/judge_mx.h"

#include "check/judge_text.h"
#include "check/messages.h"

struct at {
    struct judgement *j;
    const struct fact_mx *mx;
    size_t i;
    const struct smtp_session *session;
    struct str host, address;
};

static void say(const struct at *at, enum check_grade grade, struct msg m)
{
    judge_add_at(at->j, grade, m, at->host, at->address);
}

/* Mail goes elsewhere as long as some MX answers. */
static void say_unreachable(const struct at *at, struct msg m)
{
    say(at, mx_any_answers(at->j->facts) ? CHECK_WARNING : CHECK_ERROR, m);
}

/* No TLS: graver where senders are told to insist on it. */
static void say_no_tls(const struct at *at, struct msg m)
{
    bool insist =
        judge_mode_is(at->j, STS_MODE_ENFORCE) || mx_dane_demands_tls(at->j->facts, at->mx);
    say(at, insist ? CHECK_ERROR : CHECK_WARNING, m);
}

static struct str failure_of(const struct smtp_session *s)
{
    return s->detail.n ? s->detail : str_from(net_failure_name(s->failure));
}

static struct str step_of(const struct smtp_session *s)
{
    return s->at == SMTP_EHLO ? STR("EHLO") : STR("banner");
}

static void judge_connect(const struct at *at)
{
    const struct smtp_session *s = at->session;
    if (at->j->port_25_blocked)
        return;
    if (s->failure == NET_REFUSED)
        say_unreachable(at, msg_check_mx_refused(at->host));
    else if (s->failure == NET_TIMEOUT)
        say_unreachable(at, msg_check_mx_timeout(at->host));
    else if (s->failure == NET_CLOSED)
        say_unreachable(at, msg_check_mx_closed(at->host, step_of(s)));
    else
        say_unreachable(at, msg_check_mx_unreachable(at->host));
}

/* Banner and EHLO. */
static void judge_greeting(const struct at *at)
{
    const struct smtp_session *s = at->session;
    if (s->failure == NET_REPLY && mx_seen_at(at->mx, at->i) == MX_NO_TLS)
        say_no_tls(at, msg_check_mx_no_esmtp(at->host, s->code, s->reply));
    else if (s->failure == NET_REPLY)
        say(at, CHECK_WARNING, msg_check_mx_turned_away(at->host, s->code, s->reply));
    else if (s->failure == NET_TIMEOUT && s->at == SMTP_BANNER)
        say(at, CHECK_WARNING, msg_check_mx_banner_late(at->host));
    else if (s->failure == NET_TIMEOUT)
        say(at, CHECK_WARNING, msg_check_mx_slow(at->host, step_of(s)));
    else if (s->failure == NET_CLOSED)
        say_unreachable(at, msg_check_mx_closed(at->host, step_of(s)));
    else
        say_unreachable(at, msg_check_mx_not_smtp(at->host, failure_of(s)));
}

static void judge_starttls(const struct at *at)
{
    const struct smtp_session *s = at->session;
    if (!s->starttls_offered)
        say_no_tls(at, msg_check_mx_starttls_absent(at->host));
    else if (s->failure == NET_REPLY)
        say_no_tls(at, msg_check_mx_starttls_refused(at->host, s->code, s->reply));
    else
        say_no_tls(at, msg_check_mx_starttls_failed(at->host, failure_of(s)));
}

static void judge_handshake(const struct at *at)
{
    const struct smtp_session *s = at->session;
    if (s->failure == NET_TLS && judge_is_old_version(s->detail))
        say_no_tls(at, msg_check_mx_tls_old(at->host, s->detail));
    else
        say_no_tls(at, msg_check_mx_handshake(at->host, failure_of(s)));
}

/* The handshake is done. */
static void judge_encrypted(const struct at *at)
{
    const struct smtp_session *s = at->session;
    if (s->at == SMTP_EHLO_TLS && s->failure != NET_OK)
        say(at, CHECK_WARNING,
            msg_check_mx_after_tls(at->host, s->failure == NET_REPLY ? s->reply : failure_of(s)));
    else
        judge_add_rule_at(at->j,
                          msg_check_mx_session_ok(at->host,
                                                  str_from(tls_version_name(s->tls.version)),
                                                  s->tls.cipher, s->banner),
                          at->host, at->address);
}

static void judge_steps(const struct at *at)
{
    const struct smtp_session *s = at->session;
    if (s->at == SMTP_CONNECT)
        judge_connect(at);
    else if (s->at < SMTP_STARTTLS)
        judge_greeting(at);
    else if (s->at == SMTP_STARTTLS)
        judge_starttls(at);
    else if (s->at == SMTP_HANDSHAKE)
        judge_handshake(at);
    else
        judge_encrypted(at);
    if (s->pipelined_plaintext)
        say(at, CHECK_WARNING, msg_check_mx_injection(at->host));
}

void judge_mx_session(struct judgement *j, const struct fact_mx *mx, size_t i)
{
    const struct fact_smtp *smtp = &mx->smtp[i];
    const struct at at = {j, mx, i, &smtp->session, mx->host, mx->where.at[i].text};
    if (smtp->no_source)
        return;
    if (!mx->where.at[i].allowed || smtp->session.failure == NET_FORBIDDEN)
        say_unreachable(&at, msg_check_mx_address_not_public(mx->host));
    else if (!smtp->tried)
        say(&at, CHECK_NOTE, msg_check_mx_not_tried(mx->host));
    else if (smtp->session.failure == NET_LOCAL)
        say(&at, CHECK_NOTE, msg_check_mx_local(mx->host, smtp->session.detail));
    else
        judge_steps(&at);
}
