/* Step 8: what senders do with mail for the domain, and whether enforce is safe. */
#include "check/judge_mx.h"
#include "check/judge_next.h"
#include "check/judge_text.h"
#include "check/messages.h"

/* Senders find the policy, can read it, and it has this mode. */
static bool in_force(const struct judgement *j, enum sts_mode mode)
{
    return j->sts_txt_usable && j->policy_served && judge_mode_is(j, mode);
}

/* Nothing answers at the host. */
static enum check_delivery without_answer(const struct judgement *j, const struct fact_mx *mx)
{
    struct mx_sum sum = mx_sum_up(mx);
    bool unseen = j->port_25_blocked || sum.count[MX_UNSEEN] || judge_dns_fails(&mx->where.a) ||
                  judge_dns_fails(&mx->where.aaaa);
    return unseen ? CHECK_UNKNOWN : CHECK_UNREACHABLE;
}

/* What senders do at an MX host. A failing DANE beats a passing MTA-STS (RFC 8461 2), and senders
 * that know MTA-STS alone beat a matching DANE. Without a policy, enforce means one that names
 * every host. */
static enum check_delivery delivery(const struct judgement *j, size_t m, bool enforce)
{
    const struct check_mx_verdict *v = &j->mx[m];
    const struct fact_mx *mx = &j->facts->mx[m];
    struct mx_sum sum = mx_sum_up(mx);
    bool listed = v->pattern || !j->policy_valid;
    if (v->dane_fails || (enforce && !listed))
        return CHECK_REFUSES;
    if (!sum.answered)
        return without_answer(j, mx);
    if (enforce)
        return sum.tls_ok ? CHECK_DELIVERS : CHECK_REFUSES;
    if (v->dane_ok)
        return CHECK_DELIVERS;
    return sum.count[MX_NO_TLS] ? CHECK_DELIVERS_PLAIN : CHECK_DELIVERS_UNCHECKED;
}

static struct msg refusal(const struct judgement *j, const struct check_mx_verdict *v)
{
    if (v->dane_fails)
        return msg_check_verdict_refuses_dane(v->host);
    if (!v->pattern && j->policy_valid)
        return msg_check_verdict_refuses_unlisted(v->host);
    return msg_check_verdict_refuses_tls(v->host);
}

static struct msg sentence(const struct judgement *j, const struct check_mx_verdict *v)
{
    switch (v->today) {
    case CHECK_DELIVERS:
        return in_force(j, STS_MODE_ENFORCE) ? msg_check_verdict_delivers(v->host)
                                             : msg_check_verdict_delivers_dane(v->host);
    case CHECK_DELIVERS_UNCHECKED:
        return msg_check_verdict_unchecked(v->host);
    case CHECK_DELIVERS_PLAIN:
        return msg_check_verdict_plain(v->host);
    case CHECK_REFUSES:
        return refusal(j, v);
    case CHECK_UNREACHABLE:
        return msg_check_verdict_unreachable(v->host);
    case CHECK_UNKNOWN:
        break;
    }
    return msg_check_verdict_unknown(v->host);
}

static void judge_hosts(struct judgement *j)
{
    for (size_t m = 0; m < j->facts->mx_count; m++) {
        struct check_mx_verdict *v = &j->mx[m];
        v->today = delivery(j, m, in_force(j, STS_MODE_ENFORCE));
        v->enforce = delivery(j, m, true);
        check_add(j->results, sentence(j, v), v->host, STR(""));
    }
}

/* The hosts that under enforce are like this. */
static size_t hosts_that(const struct judgement *j, enum check_delivery what, struct buf *list)
{
    size_t n = 0;
    for (size_t m = 0; m < j->facts->mx_count; m++) {
        if (j->mx[m].enforce != what)
            continue;
        judge_list_add(list, j->mx[m].host);
        n++;
    }
    return n;
}

/* Where one host refuses, mail is lost; one that nobody reaches gets none, enforce or not. */
static enum check_enforce judge_safety(struct judgement *j, struct msg *m)
{
    struct buf list CLEANUP(buf_done);
    struct str domain = j->facts->domain;
    buf_init(&list, JUDGE_LIST_MAX);
    if (hosts_that(j, CHECK_REFUSES, &list)) {
        *m = msg_check_verdict_enforce_unsafe(judge_list_text(j, &list));
        return CHECK_ENFORCE_UNSAFE;
    }
    if (hosts_that(j, CHECK_UNKNOWN, &list) || !hosts_that(j, CHECK_DELIVERS, &list)) {
        hosts_that(j, CHECK_UNREACHABLE, &list);
        *m = msg_check_verdict_enforce_unknown(judge_list_text(j, &list));
        return CHECK_ENFORCE_UNKNOWN;
    }
    if (judge_mode_is(j, STS_MODE_ENFORCE)) {
        *m = msg_check_verdict_enforced(domain);
        return CHECK_ENFORCE_ALREADY;
    }
    *m = msg_check_verdict_enforce_safe(domain);
    return CHECK_ENFORCE_SAFE;
}

static enum check_enforce judge_enforce(struct judgement *j, bool known_hosts)
{
    struct str domain = j->facts->domain;
    enum check_enforce enforce = CHECK_ENFORCE_NOTHING;
    struct msg m;
    if (j->facts->null_mx) {
        m = msg_check_verdict_no_mail(domain);
    } else if (judge_dns_silent(&j->facts->sts_txt)) {
        m = msg_check_verdict_policy_unknown(domain);
        enforce = CHECK_ENFORCE_UNKNOWN;
    } else if (!j->policy_valid || !j->sts_txt_usable) {
        m = msg_check_verdict_no_policy(domain);
    } else if (judge_mode_is(j, STS_MODE_NONE)) {
        m = msg_check_verdict_mode_none(domain);
    } else if (!known_hosts) {
        m = msg_check_verdict_no_host(domain);
        enforce = CHECK_ENFORCE_UNKNOWN;
    } else {
        enforce = judge_safety(j, &m);
    }
    check_add(j->results, m, STR(""), STR(""));
    return enforce;
}

void judge_verdict(struct judgement *j, struct check_verdict *verdict)
{
    bool known_hosts = j->mx && j->facts->mx_count && !j->facts->null_mx;
    *verdict = (struct check_verdict){.mx = j->mx};
    if (known_hosts) {
        judge_hosts(j);
        verdict->mx_count = j->facts->mx_count;
    }
    verdict->enforce = judge_enforce(j, known_hosts);
    judge_next(j, verdict);
}
