/* Step 7: the _smtp._tls record (RFC 8460 3). Its URIs: judge_rpt_rua.c. */
#include "check/judge_rpt.h"

#include "check/judge_text.h"
#include "check/messages.h"

static void add(struct judgement *j, struct msg m)
{
    check_add(j->results, m, j->facts->rpt_txt.name, STR(""));
}

/* The first record that is meant for TLS reports, wherever it stands. */
static struct str attempt_among(const struct fact_dns *dns)
{
    for (size_t i = 0; i < dns->answer.records.count; i++) {
        struct str text = dns->answer.records.at[i].text;
        if (str_ifind(text, STR("TLSRPTv1")) >= 0)
            return text;
    }
    return STR("");
}

static bool is_alias(const struct fact_dns *dns)
{
    return dns->answer.records.cname_count > 0;
}

/* Without a policy, reports are all that would tell of faults; beside one the domain is protected,
 * and nobody tells when it fails. */
static void say_absent(struct judgement *j)
{
    const struct check_facts *f = j->facts;
    check_add_as(j->results, j->policy_valid ? CHECK_WARNING : CHECK_ERROR,
                 msg_check_rpt_absent(f->rpt_txt.name, f->domain), f->rpt_txt.name, STR(""));
}

static void judge_absence(struct judgement *j)
{
    const struct check_facts *f = j->facts;
    const struct fact_dns *dns = &f->rpt_txt;
    struct str apex = attempt_among(&f->apex_txt);
    if (f->mx_records.asked && f->mx_records.answer.status == DNS_NO_NAME)
        add(j, msg_check_rpt_not_judged(dns->name));
    else if (is_alias(dns))
        add(j, msg_check_rpt_alias_dangling(dns->name, judge_alias_chain(j, dns), f->domain));
    else if (apex.n)
        add(j, msg_check_rpt_at_apex(f->domain, dns->name, apex));
    else if (f->null_mx)
        add(j, msg_check_rpt_unneeded(dns->name));
    else
        say_absent(j);
}

/* What stands there is no record for reports: why, in one way alone. */
static void judge_unusable(struct judgement *j, const struct findings *findings)
{
    const struct check_facts *f = j->facts;
    struct str name = f->rpt_txt.name, apex = attempt_among(&f->apex_txt);
    struct msg meaning = msg_check_rpt_means_none();
    bool meant = attempt_among(&f->rpt_txt).n > 0;
    if (!meant && apex.n)
        add(j, msg_check_rpt_at_apex(f->domain, name, apex));
    else if (!meant && judge_from_wildcard(f, &f->rpt_txt))
        add(j, msg_check_rpt_wildcard(name, judge_record_list(j, &j->facts->rpt_txt), f->domain));
    else
        check_add_findings(j->results, CHECK_RPT_TXT, findings, name, "RFC 8460 3", &meaning);
}

static void judge_records(struct judgement *j)
{
    const struct fact_dns *dns = &j->facts->rpt_txt;
    struct str *records = judge_txt_records(j->arena, dns);
    struct findings findings;
    struct rpt_txt rpt;
    findings_init(&findings, j->arena);
    if (!records)
        return;
    if (is_alias(dns))
        add(j, msg_check_rpt_alias(dns->name, judge_alias_chain(j, dns)));
    if (rpt_txt_parse(&rpt, records, dns->answer.records.count, &findings) < 0) {
        judge_unusable(j, &findings);
        return;
    }
    add(j, msg_check_rpt_found(dns->name, attempt_among(dns)));
    check_add_findings(j->results, CHECK_RPT_TXT, &findings, dns->name, "RFC 8460 3", NULL);
    judge_rpt_rua(j);
}

void judge_rpt_txt(struct judgement *j)
{
    const struct check_facts *f = j->facts;
    const struct fact_dns *dns = &f->rpt_txt;
    if (!dns->asked || judge_fails_with_domain(f, dns))
        add(j, msg_check_rpt_not_judged(dns->name));
    else if (dns->timed_out)
        add(j, msg_check_rpt_dns_timeout(dns->name));
    else if (dns->answer.status == DNS_BOGUS)
        add(j, msg_check_rpt_bogus(dns->name, dns->answer.why));
    else if (dns->answer.status == DNS_FAILED)
        add(j, msg_check_rpt_dns_failed(dns->name));
    else if (judge_found(dns))
        judge_records(j);
    else
        judge_absence(j);
}
