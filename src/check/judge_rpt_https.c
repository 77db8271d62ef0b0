/* Step 7: where reports go by HTTPS. Senders may ignore a bad certificate there (RFC 8460 3), and
 * not all do. */
#include "check/judge_mx.h"
#include "check/judge_rpt.h"
#include "check/judge_text.h"
#include "check/messages.h"

static void add(struct judgement *j, const struct fact_rua *rua, struct msg m)
{
    check_add(j->results, m, rua->rua.uri, STR(""));
}

/* The host has no address that could be tried: why. */
static struct msg without_address(const struct fact_rua *rua)
{
    const struct fact_host *where = &rua->where;
    if (where->count)
        return msg_check_rpt_https_not_public(rua->rua.uri, rua->domain);
    if (judge_dns_fails(&where->a) || judge_dns_fails(&where->aaaa))
        return msg_check_rpt_https_dns(rua->rua.uri, rua->domain);
    if (!where->a.asked && !where->aaaa.asked)
        return msg_check_rpt_not_tried(rua->rua.uri);
    return msg_check_rpt_https_no_address(rua->rua.uri, rua->domain);
}

static bool some_address_allowed(const struct fact_host *where)
{
    for (size_t i = 0; i < where->count; i++) {
        if (where->at[i].allowed)
            return true;
    }
    return false;
}

static void judge_bad_certificate(struct judgement *j, const struct fact_rua *rua)
{
    const struct tls_verified *v = &rua->web.verified;
    struct str uri = rua->rua.uri;
    if (v->chain != TLS_CHAIN_OK)
        add(j, rua, msg_check_rpt_https_chain(uri, rua->domain));
    if (v->name != TLS_NAME_OK)
        add(j, rua, msg_check_rpt_https_name(uri, rua->domain, judge_names(j, v)));
    if (v->date != TLS_DATE_OK && v->date_at < v->certificate_count) {
        const struct tls_certificate *c = &v->certificates[v->date_at];
        add(j, rua, msg_check_rpt_https_date(uri, rua->domain, c->not_before, c->not_after));
    }
}

static void judge_certificate(struct judgement *j, const struct fact_rua *rua)
{
    const struct tls_verified *v = &rua->web.verified;
    if (!v->trusted) {
        judge_bad_certificate(j, rua);
        return;
    }
    if (v->certificate_count == 0)
        return;
    const struct tls_certificate *leaf = &v->certificates[0];
    struct str version = str_from(tls_version_name(rua->web.fetched.tls.version));
    if (leaf->not_after - j->facts->now < judge_renewal_margin(leaf))
        add(j, rua, msg_check_rpt_https_soon(rua->rua.uri, rua->domain, leaf->not_after));
    else
        add(j, rua, msg_check_rpt_https(rua->rua.uri, version, leaf->not_after));
}

static void judge_post(struct judgement *j, const struct fact_rua *rua)
{
    if (rua->post_status == 0)
        add(j, rua, msg_check_rpt_post_unseen(rua->rua.uri));
    else if (rua->post_status >= 200 && rua->post_status < 300)
        add(j, rua, msg_check_rpt_post(rua->rua.uri, rua->post_status));
    else
        add(j, rua, msg_check_rpt_post_refused(rua->rua.uri, rua->post_status));
}

/* It was tried and no TLS came about. */
static struct msg without_tls(const struct fact_rua *rua)
{
    const struct http_fetched *f = &rua->web.fetched;
    struct str reason = f->detail.n ? f->detail : str_from(net_failure_name(f->failure));
    if (f->failure == NET_FORBIDDEN)
        return msg_check_rpt_https_not_public(rua->rua.uri, rua->domain);
    if (f->at == HTTP_CONNECT)
        return msg_check_rpt_https_unreachable(rua->rua.uri, reason);
    return msg_check_rpt_https_tls(rua->rua.uri, reason);
}

void judge_rpt_https(struct judgement *j, const struct fact_rua *rua)
{
    const struct fact_web *web = &rua->web;
    if (!some_address_allowed(&rua->where)) {
        add(j, rua, without_address(rua));
    } else if (!web->tried || web->no_source || web->fetched.failure == NET_LOCAL) {
        add(j, rua, msg_check_rpt_not_tried(rua->rua.uri));
    } else if (web->fetched.tls.version == 0) {
        add(j, rua, without_tls(rua));
    } else {
        judge_certificate(j, rua);
        if (rua->probed)
            judge_post(j, rua);
    }
}
