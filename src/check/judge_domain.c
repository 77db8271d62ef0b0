/* Step 1: the domain, its MX records and the addresses that they lead to. */
#include "check/judge_text.h"
#include "check/messages.h"

static void add(struct judgement *j, struct msg m)
{
    check_add(j->results, m, STR(""), STR(""));
}

/* "mx1.example.org (10), mx2.example.org (20)". */
static struct str list_of_records(struct judgement *j)
{
    const struct dns_records *records = &j->facts->mx_records.answer.records;
    struct buf list CLEANUP(buf_done);
    buf_init(&list, JUDGE_LIST_MAX);
    for (size_t i = 0; i < records->count; i++) {
        struct buf item CLEANUP(buf_done);
        buf_init(&item, JUDGE_LIST_MAX);
        buf_str(&item, records->at[i].text);
        buf_printf(&item, " (%u)", records->at[i].preference);
        judge_list_add(&list, buf_view(&item));
    }
    return judge_list_text(j, &list);
}

static struct str list_of_hosts(struct judgement *j)
{
    struct buf list CLEANUP(buf_done);
    buf_init(&list, JUDGE_LIST_MAX);
    for (size_t i = 0; i < j->facts->mx_count; i++)
        judge_list_add(&list, j->facts->mx[i].host);
    return judge_list_text(j, &list);
}

static void judge_dnssec(struct judgement *j)
{
    struct str domain = j->facts->domain;
    if (j->facts->mx_records.answer.secure)
        add(j, msg_check_domain_signed(domain));
    else
        add(j, msg_check_domain_unsigned(domain));
}

/* What is wrong with the answer as a whole; false: there is nothing more to be said of MX hosts. */
static bool judge_answer(struct judgement *j)
{
    const struct check_facts *f = j->facts;
    const struct fact_dns *mx = &f->mx_records;
    if (mx->timed_out)
        add(j, msg_check_domain_dns_timeout(f->domain));
    else if (mx->answer.status == DNS_FAILED)
        add(j, msg_check_domain_dns_failed(f->domain));
    else if (mx->answer.status == DNS_BOGUS)
        add(j, msg_check_domain_bogus(f->domain, mx->answer.why));
    else if (mx->answer.status == DNS_NO_NAME)
        add(j, msg_check_domain_absent(f->domain));
    else
        return true;
    return false;
}

static bool null_mx_among(const struct dns_records *records)
{
    for (size_t i = 0; i < records->count; i++) {
        if (str_eq(records->at[i].text, STR(".")))
            return true;
    }
    return false;
}

/* The domain itself stands in for the MX host that it does not name (RFC 5321 5.1). */
static bool implicit_has_address(const struct check_facts *f)
{
    for (size_t i = 0; i < f->mx_count; i++) {
        const struct fact_host *where = &f->mx[i].where;
        if (where->count || judge_dns_fails(&where->a) || judge_dns_fails(&where->aaaa))
            return true;
    }
    return false;
}

static void judge_records(struct judgement *j)
{
    const struct check_facts *f = j->facts;
    const struct dns_records *records = &f->mx_records.answer.records;
    if (records->count > 1 && null_mx_among(records))
        add(j, msg_check_domain_null_mx_mixed(f->domain, list_of_records(j)));
    else if (f->null_mx)
        add(j, msg_check_domain_null_mx(f->domain));
    else if (f->mx_implicit && !implicit_has_address(f))
        add(j, msg_check_domain_no_mail(f->domain));
    else if (f->mx_implicit)
        add(j, msg_check_domain_mx_implicit(f->domain));
    else if (records->count)
        add(j, msg_check_domain_mx(list_of_records(j)));
}

/* Whether mail finds an address without this host. */
static bool others_have_addresses(const struct check_facts *f, const struct fact_mx *except)
{
    for (size_t i = 0; i < f->mx_count; i++) {
        if (&f->mx[i] != except && f->mx[i].where.count)
            return true;
    }
    return false;
}

static void judge_addresses(struct judgement *j, const struct fact_mx *mx)
{
    static const struct judge_lookup_messages messages = {
        .bogus = msg_check_domain_mx_host_bogus,
        .failed = msg_check_domain_mx_host_failed,
        .timeout = msg_check_domain_mx_host_timeout,
    };
    struct buf list CLEANUP(buf_done);
    buf_init(&list, JUDGE_LIST_MAX);
    bool others = others_have_addresses(j->facts, mx);
    bool fails = judge_lookups(j, &mx->where, &messages, others || mx->where.count);
    for (size_t i = 0; i < mx->where.count; i++)
        judge_list_add(&list, mx->where.at[i].text);
    if (mx->where.count)
        check_add(j->results, msg_check_domain_mx_addresses(mx->host, judge_list_text(j, &list)),
                  mx->host, STR(""));
    else if (!fails && mx->where.a.asked)
        check_add_as(j->results, others ? CHECK_WARNING : CHECK_ERROR,
                     msg_check_domain_mx_no_address(mx->host), mx->host, STR(""));
}

static void judge_host(struct judgement *j, const struct fact_mx *mx)
{
    struct str domain = j->facts->domain;
    struct msg m = {0};
    /* Named already, by the list that it stands in. */
    if (str_eq(mx->host, STR(".")))
        return;
    if (mx->is_address)
        m = msg_check_domain_mx_address(domain, mx->preference, mx->host);
    else if (!mx->is_name)
        m = msg_check_domain_mx_name(domain, mx->preference, mx->host);
    if (m.def) {
        check_add(j->results, m, mx->host, STR(""));
        return;
    }
    if (mx->cname.n && !j->facts->mx_implicit)
        check_add(j->results,
                  msg_check_domain_mx_alias(domain, mx->preference, mx->host, mx->cname), mx->host,
                  STR(""));
    judge_addresses(j, mx);
}

void judge_domain(struct judgement *j)
{
    const struct check_facts *f = j->facts;
    if (f->unicode.n)
        add(j, msg_check_domain_international(f->unicode, f->domain));
    if (f->mx_given) {
        add(j, msg_check_domain_mx_given(list_of_hosts(j)));
    } else {
        if (!judge_answer(j))
            return;
        judge_dnssec(j);
        judge_records(j);
    }
    if (f->mx_implicit && !implicit_has_address(f))
        return;
    for (size_t i = 0; i < f->mx_count; i++)
        judge_host(j, &f->mx[i]);
}
