#include "check/judge_text.h"

#include "base/timefmt.h"

#define MORE STR(", ...")
/* A name of an answer has 255 bytes, each of them escaped as \ddd at worst; an arrow before it. */
#define CHAIN_MAX ((size_t)(DNS_CNAMES_MAX + 2) * (4 * 255 + 4))

void judge_list_add(struct buf *list, struct str item)
{
    if (str_ends(buf_view(list), MORE))
        return;
    if (list->n + item.n + 2 * MORE.n > list->max) {
        buf_str(list, MORE);
        return;
    }
    if (list->n)
        buf_cstr(list, ", ");
    buf_str(list, item);
}

struct str judge_list_text(const struct judgement *j, const struct buf *list)
{
    if (list->failed)
        j->arena->failed = true;
    return arena_str(j->arena, buf_view(list));
}

struct str judge_last_alias(const struct fact_dns *dns)
{
    const struct dns_records *records = &dns->answer.records;
    return records->cname_count ? records->cnames[records->cname_count - 1] : STR("");
}

struct str judge_alias_chain(const struct judgement *j, const struct fact_dns *dns)
{
    struct buf chain CLEANUP(buf_done);
    buf_init(&chain, CHAIN_MAX);
    buf_str(&chain, dns->name);
    for (size_t i = 0; i < dns->answer.records.cname_count; i++) {
        buf_cstr(&chain, " -> ");
        buf_str(&chain, dns->answer.records.cnames[i]);
    }
    return judge_list_text(j, &chain);
}

struct str judge_fresh_id(const struct judgement *j)
{
    struct buf id CLEANUP(buf_done);
    buf_init(&id, STS_ID_MAX);
    time_print_compact(&id, j->facts->now);
    return judge_list_text(j, &id);
}

struct str *judge_txt_records(struct arena *arena, const struct fact_dns *dns)
{
    const struct dns_records *records = &dns->answer.records;
    struct str *texts = arena_array(arena, records->count, sizeof *texts);
    for (size_t i = 0; texts && i < records->count; i++)
        texts[i] = records->at[i].text;
    return texts;
}

bool judge_found(const struct fact_dns *dns)
{
    return dns->asked && dns->answer.status == DNS_FOUND && dns->answer.records.count;
}

bool judge_nothing(const struct fact_dns *dns)
{
    return dns->asked && !judge_dns_fails(dns) && !judge_found(dns);
}

bool judge_dns_fails(const struct fact_dns *dns)
{
    return dns->asked &&
           (dns->timed_out || dns->answer.status == DNS_BOGUS || dns->answer.status == DNS_FAILED);
}

bool judge_dns_silent(const struct fact_dns *dns)
{
    return judge_dns_fails(dns) && dns->answer.status != DNS_BOGUS;
}

bool judge_fails_with_domain(const struct check_facts *facts, const struct fact_dns *dns)
{
    return judge_dns_fails(dns) && judge_dns_fails(&facts->mx_records);
}

enum lookup_fault { LOOKUP_FINE, LOOKUP_BOGUS, LOOKUP_TIMEOUT, LOOKUP_FAILED };

static enum lookup_fault fault_of(const struct fact_dns *dns)
{
    if (!judge_dns_fails(dns))
        return LOOKUP_FINE;
    if (dns->timed_out)
        return LOOKUP_TIMEOUT;
    return dns->answer.status == DNS_BOGUS ? LOOKUP_BOGUS : LOOKUP_FAILED;
}

static void say_lookup(struct judgement *j, const struct fact_host *host, enum lookup_fault fault,
                       struct str types, const struct judge_lookup_messages *messages,
                       bool can_do_without)
{
    const struct fact_dns *dns = fault_of(&host->a) == fault ? &host->a : &host->aaaa;
    struct msg m = fault == LOOKUP_BOGUS     ? messages->bogus(host->name, types, dns->answer.why)
                   : fault == LOOKUP_TIMEOUT ? messages->timeout(host->name, types)
                                             : messages->failed(host->name, types);
    if (can_do_without)
        check_add_as(j->results, CHECK_WARNING, m, host->name, STR(""));
    else
        check_add(j->results, m, host->name, STR(""));
}

bool judge_lookups(struct judgement *j, const struct fact_host *host,
                   const struct judge_lookup_messages *messages, bool can_do_without)
{
    enum lookup_fault a = fault_of(&host->a), aaaa = fault_of(&host->aaaa);
    if (a == aaaa && a != LOOKUP_FINE) {
        say_lookup(j, host, a, STR("A, AAAA"), messages, can_do_without);
        return true;
    }
    if (a != LOOKUP_FINE)
        say_lookup(j, host, a, STR("A"), messages, can_do_without);
    if (aaaa != LOOKUP_FINE)
        say_lookup(j, host, aaaa, STR("AAAA"), messages, can_do_without);
    return a != LOOKUP_FINE || aaaa != LOOKUP_FINE;
}

const struct fact_web *judge_served(const struct check_facts *facts, bool usable)
{
    for (size_t i = 0; facts->web && i < facts->policy_host.count; i++) {
        const struct fact_web *web = &facts->web[i];
        if (!web->tried || web->fetched.at != HTTP_COMPLETE || web->fetched.failure != NET_OK ||
            web->fetched.status != 200 || web->fetched.body.n > STS_POLICY_TEXT_MAX)
            continue;
        if (!usable || web->verified.trusted)
            return web;
    }
    return NULL;
}

static bool stands_among(struct str text, const struct dns_records *records)
{
    for (size_t i = 0; i < records->count; i++) {
        if (str_eq(records->at[i].text, text))
            return true;
    }
    return false;
}

bool judge_from_wildcard(const struct check_facts *facts, const struct fact_dns *dns)
{
    const struct dns_records *here = &dns->answer.records;
    const struct dns_records *there = &facts->wildcard_txt.answer.records;
    if (!judge_found(&facts->wildcard_txt) || here->count != there->count)
        return false;
    for (size_t i = 0; i < here->count; i++) {
        if (!stands_among(here->at[i].text, there))
            return false;
    }
    return true;
}

struct str judge_record_list(const struct judgement *j, const struct fact_dns *dns)
{
    const struct dns_records *records = &dns->answer.records;
    struct buf list CLEANUP(buf_done);
    buf_init(&list, JUDGE_LIST_MAX);
    for (size_t i = 0; i < records->count; i++)
        judge_list_add(&list, records->at[i].text);
    return judge_list_text(j, &list);
}

bool judge_is_old_version(struct str detail)
{
    static const struct str words[] = {STR_INIT("protocol version"),
                                       STR_INIT("unsupported protocol"), STR_INIT("version too"),
                                       STR_INIT("no protocols")};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (str_ifind(detail, words[i]) >= 0)
            return true;
    }
    return false;
}
