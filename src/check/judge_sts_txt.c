/* Step 2: the `_mta-sts` record (RFC 8461 3.1). */
#include "check/judge_text.h"
#include "check/judge_sts_txt.h"
#include "check/messages.h"
#include "mtasts/messages.h"

#define TTL_MAX 86400U
#define TTL_MIN 60U

static void add(struct judgement *j, struct msg m)
{
    check_add(j->results, m, j->facts->sts_txt.name, STR(""));
}

/* Neither by this record nor by another does the DNS of the domain answer; step 1 has said so. */
static bool cannot_be_judged(const struct check_facts *f)
{
    bool no_domain = f->mx_records.asked && f->mx_records.answer.status == DNS_NO_NAME;
    return !f->sts_txt.asked || no_domain || judge_fails_with_domain(f, &f->sts_txt);
}

static void judge_failure(struct judgement *j)
{
    const struct fact_dns *dns = &j->facts->sts_txt;
    if (dns->timed_out)
        add(j, msg_check_record_dns_timeout(dns->name));
    else if (dns->answer.status == DNS_BOGUS)
        add(j, msg_check_record_bogus(dns->name, dns->answer.why));
    else
        add(j, msg_check_record_dns_failed(dns->name));
}

/* The first of the records that begins as one of MTA-STS does; empty without. */
static struct str attempt_among(const struct fact_dns *dns)
{
    for (size_t i = 0; judge_found(dns) && i < dns->answer.records.count; i++) {
        struct str text = dns->answer.records.at[i].text;
        if (str_istarts(text, STR("v=STSv1")))
            return text;
    }
    return STR("");
}

static void judge_absence(struct judgement *j)
{
    const struct check_facts *f = j->facts;
    const struct fact_dns *dns = &f->sts_txt;
    struct str apex = attempt_among(&f->apex_txt);
    if (judge_last_alias(dns).n)
        add(j, msg_check_record_alias_dangling(dns->name, judge_last_alias(dns)));
    else if (apex.n)
        add(j, msg_check_record_at_apex(f->domain, dns->name, apex));
    else if (f->earlier.known && f->earlier.enforce_until > f->now)
        add(j, msg_check_record_removed(dns->name, f->earlier.enforce_until, judge_fresh_id(j)));
    else if (f->null_mx)
        add(j, msg_check_record_unneeded(dns->name));
    else
        add(j, msg_check_record_absent(dns->name, judge_fresh_id(j)));
}

static bool any_speaks_of_sts(const struct fact_dns *dns)
{
    for (size_t i = 0; i < dns->answer.records.count; i++) {
        if (str_ifind(dns->answer.records.at[i].text, STR("STSv1")) >= 0)
            return true;
    }
    return false;
}

/* What stands there is no record of MTA-STS: why, in one way alone. */
static void judge_unusable(struct judgement *j, const struct findings *findings)
{
    const struct check_facts *f = j->facts;
    struct str name = f->sts_txt.name, apex = attempt_among(&f->apex_txt);
    struct msg meaning = msg_check_record_means_none();
    bool meant = any_speaks_of_sts(&f->sts_txt);
    if (!meant && apex.n)
        add(j, msg_check_record_at_apex(f->domain, name, apex));
    else if (!meant && judge_from_wildcard(f, &f->sts_txt))
        add(j, msg_check_record_wildcard(name, judge_record_list(j, &j->facts->sts_txt),
                                         judge_fresh_id(j)));
    else
        check_add_findings(j->results, CHECK_STS_TXT, findings, name, "RFC 8461 3.1", &meaning);
}

/* Senders pass over a record of another kind, and some readers refuse the good one for it. */
static void grade_strangers(struct findings *findings)
{
    for (struct finding *f = findings->first; f; f = f->next) {
        if (f->msg.def == &MSG_STS_TXT_UNRELATED)
            f->severity = SEVERITY_WARNING;
    }
}

/* As the zone has it, where one of its servers told; else what a cache left of it. */
static uint32_t ttl_of_record(const struct check_facts *f)
{
    uint32_t ttl = 0;
    for (size_t i = 0; i < f->nameserver_count; i++) {
        const struct fact_nameserver *server = &f->nameservers[i];
        if (server->authoritative && server->txt_count && server->ttl > ttl)
            ttl = server->ttl;
    }
    return ttl ? ttl : f->sts_txt.answer.records.ttl;
}

static void judge_usable(struct judgement *j, const struct findings *findings)
{
    const struct check_facts *f = j->facts;
    const struct fact_dns *dns = &f->sts_txt;
    struct str record = attempt_among(dns), apex = attempt_among(&f->apex_txt);
    uint32_t ttl = ttl_of_record(f);
    add(j, msg_check_record_found(dns->name, record, ttl));
    check_add_findings(j->results, CHECK_STS_TXT, findings, dns->name, "RFC 8461 3.1", NULL);
    if (ttl > TTL_MAX)
        add(j, msg_check_record_ttl_long(dns->name, record, ttl));
    else if (ttl < TTL_MIN)
        add(j, msg_check_record_ttl_short(dns->name, record, ttl));
    if (f->mx_records.answer.secure && !dns->answer.secure)
        add(j, msg_check_record_unsigned(dns->name));
    if (judge_from_wildcard(f, &f->sts_txt))
        add(j, msg_check_record_wildcard_valid(dns->name, f->domain, record));
    if (apex.n)
        check_add_as(j->results, CHECK_NOTE, msg_check_record_at_apex(f->domain, dns->name, apex),
                     f->domain, STR(""));
}

static void judge_alias(struct judgement *j)
{
    const struct fact_dns *dns = &j->facts->sts_txt;
    struct str chain = judge_alias_chain(j, dns);
    if (dns->answer.records.cname_count > 1)
        add(j, msg_check_record_alias_chain(dns->name, chain, judge_last_alias(dns)));
    else if (judge_last_alias(dns).n)
        add(j, msg_check_record_alias(dns->name, chain));
}

/* RFC 8461 8.2 delegates both names, since policy and id change together. */
static void judge_delegation(struct judgement *j)
{
    const struct check_facts *f = j->facts;
    const struct fact_host *host = &f->policy_host;
    struct str target = judge_last_alias(&f->sts_txt);
    if (target.n && host->count && !judge_last_alias(&host->a).n &&
        !judge_last_alias(&host->aaaa).n)
        add(j, msg_check_record_delegated_alone(f->sts_txt.name, target, host->name));
}

static bool takes_mail(const struct fact_dns *mx)
{
    return judge_found(mx) && !str_eq(mx->answer.records.at[0].text, STR("."));
}

/* RFC 8461 3.4: a policy holds for its own domain alone. */
static void judge_subdomains(struct judgement *j)
{
    const struct check_facts *f = j->facts;
    struct buf list CLEANUP(buf_done);
    struct str first = STR("");
    buf_init(&list, JUDGE_LIST_MAX);
    for (size_t i = 0; i < CHECK_SUBDOMAINS; i++) {
        const struct fact_dns *mx = &f->subdomain_mx[i], *sts = &f->subdomain_sts[i];
        if (!takes_mail(mx) || !sts->asked || judge_dns_fails(sts) || attempt_among(sts).n)
            continue;
        if (!first.n)
            first = mx->name;
        judge_list_add(&list, mx->name);
    }
    if (first.n)
        add(j, msg_check_record_subdomains(judge_list_text(j, &list), first, judge_fresh_id(j)));
}

static void judge_records(struct judgement *j)
{
    const struct fact_dns *dns = &j->facts->sts_txt;
    struct findings findings;
    struct sts_txt txt;
    struct str *records = judge_txt_records(j->arena, dns);
    findings_init(&findings, j->arena);
    if (!records)
        return;
    judge_alias(j);
    if (sts_txt_parse(&txt, records, dns->answer.records.count, &findings) < 0) {
        judge_unusable(j, &findings);
        return;
    }
    j->sts_txt_usable = true;
    j->sts_id = txt.id;
    grade_strangers(&findings);
    judge_usable(j, &findings);
    judge_delegation(j);
    judge_subdomains(j);
}

void judge_sts_txt(struct judgement *j)
{
    const struct fact_dns *dns = &j->facts->sts_txt;
    j->sts_txt_usable = false;
    j->sts_id = STR("");
    if (cannot_be_judged(j->facts)) {
        add(j, msg_check_record_not_judged(dns->name));
        return;
    }
    if (judge_dns_fails(dns)) {
        judge_failure(j);
        return;
    }
    if (judge_found(dns))
        judge_records(j);
    else
        judge_absence(j);
    judge_sts_servers(j);
}
