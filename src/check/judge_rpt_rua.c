/* Step 7: where reports go by mail, and whether they arrive. */
#include "check/judge_mx.h"
#include "check/judge_rpt.h"
#include "check/judge_text.h"
#include "check/messages.h"

static void add(struct judgement *j, const struct fact_rua *rua, struct msg m)
{
    check_add(j->results, m, rua->rua.uri, STR(""));
}

/* RFC 7505 3: it must not stand beside others; senders that find it there disagree. */
static bool is_null_mx(const struct fact_dns *mx)
{
    for (size_t i = 0; judge_found(mx) && i < mx->answer.records.count; i++) {
        if (str_eq(mx->answer.records.at[i].text, STR(".")))
            return true;
    }
    return false;
}

static bool mail_hosts_fail(const struct fact_rua *rua)
{
    const struct fact_host *mail = &rua->mail;
    return !is_null_mx(&rua->mx) && mail->count == 0 && mail->a.asked &&
           (judge_dns_fails(&mail->a) || judge_dns_fails(&mail->aaaa));
}

static bool no_mail_host_has_an_address(const struct fact_rua *rua)
{
    return rua->mail.count == 0 && rua->mail.a.asked && !mail_hosts_fail(rua);
}

/* No MX record, and no address in its place. */
static struct msg without_mail(const struct fact_rua *rua)
{
    if (rua->mx.answer.status == DNS_NO_NAME)
        return msg_check_rpt_mailto_no_domain(rua->rua.target, rua->domain);
    if (judge_dns_fails(&rua->where.a) || judge_dns_fails(&rua->where.aaaa))
        return msg_check_rpt_mailto_dns(rua->rua.target, rua->domain);
    return msg_check_rpt_mailto_no_mail(rua->rua.target, rua->domain);
}

/* Where mail for the address goes: the MX host, or else the domain's own address (RFC 5321 5.1);
 * empty when nowhere. */
static struct str mail_host(const struct fact_rua *rua)
{
    if (judge_found(&rua->mx) && (is_null_mx(&rua->mx) || no_mail_host_has_an_address(rua)))
        return STR("");
    if (judge_found(&rua->mx))
        return rua->mail.count ? rua->mail.name : rua->mx.answer.records.at[0].text;
    return rua->where.count && judge_nothing(&rua->mx) ? rua->domain : STR("");
}

/* Gives whether mail gets there. */
static bool judge_domain_of(struct judgement *j, const struct fact_rua *rua)
{
    struct str host = mail_host(rua);
    struct msg m;
    if (!rua->mx.asked)
        m = msg_check_rpt_not_tried(rua->rua.uri);
    else if (judge_dns_fails(&rua->mx) || mail_hosts_fail(rua))
        m = msg_check_rpt_mailto_dns(rua->rua.target, rua->domain);
    else if (is_null_mx(&rua->mx))
        m = msg_check_rpt_mailto_null_mx(rua->rua.target, rua->domain);
    else if (no_mail_host_has_an_address(rua))
        m = msg_check_rpt_mailto_no_address(rua->rua.target, rua->domain,
                                            rua->mx.answer.records.at[0].text);
    else if (host.n)
        m = msg_check_rpt_mailto(rua->rua.target, host);
    else
        m = without_mail(rua);
    add(j, rua, m);
    return host.n > 0;
}

/* What the mail server said to RCPT. */
static void judge_mailbox(struct judgement *j, const struct fact_rua *rua)
{
    const struct smtp_session *s = &rua->rcpt;
    struct str address = rua->rua.target;
    bool replied = s->at == SMTP_RCPT && s->failure == NET_REPLY;
    if (s->at == SMTP_DONE)
        add(j, rua, msg_check_rpt_mailbox(address));
    else if (replied && s->code >= 500)
        add(j, rua, msg_check_rpt_mailbox_refused(address, s->code, s->reply));
    else if (replied)
        add(j, rua, msg_check_rpt_mailbox_deferred(address, s->code, s->reply));
    else
        add(j, rua,
            msg_check_rpt_mailbox_unseen(address, s->failure == NET_REPLY
                                                      ? s->reply
                                                      : str_from(net_failure_name(s->failure))));
}

/* Reports to this URI pass the same MX hosts as the mail that they are about, held to the same
 * policy: a policy is the recipient domain's. */
static bool is_behind_policy(const struct judgement *j, const struct fact_rua *rua)
{
    return rua->rua.scheme == RPT_RUA_MAILTO && judge_mode_is(j, STS_MODE_ENFORCE) &&
           domain_eq(rua->domain, j->facts->domain);
}

static void judge_independence(struct judgement *j)
{
    const struct check_facts *f = j->facts;
    for (size_t i = 0; i < f->rua_count; i++) {
        if (!is_behind_policy(j, &f->rua[i]))
            return;
    }
    if (f->rua_count)
        add(j, &f->rua[0], msg_check_rpt_behind_policy(f->rua[0].rua.target));
}

static void judge_mailto(struct judgement *j, const struct fact_rua *rua)
{
    if (judge_domain_of(j, rua) && rua->probed)
        judge_mailbox(j, rua);
}

void judge_rpt_rua(struct judgement *j)
{
    const struct check_facts *f = j->facts;
    for (size_t i = 0; i < f->rua_count; i++) {
        if (f->rua[i].rua.scheme == RPT_RUA_MAILTO)
            judge_mailto(j, &f->rua[i]);
        else
            judge_rpt_https(j, &f->rua[i]);
    }
    if (f->rpt_valid && f->rpt.rua_count > f->rua_count)
        check_add(j->results, msg_check_rpt_more(f->rpt.rua_count - f->rua_count), f->rpt_txt.name,
                  STR(""));
    judge_independence(j);
}
