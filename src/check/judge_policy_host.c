/* Step 3: the policy host, its name and its addresses (RFC 8461 3.3). */
#include "check/judge_policy_host.h"

#include "check/judge_text.h"
#include "check/messages.h"
#include "check/suffix.h"

size_t judge_web_count(const struct check_facts *facts)
{
    size_t count = facts->web ? facts->policy_host.count : 0;
    return count > CHECK_ADDRESSES_MAX ? CHECK_ADDRESSES_MAX : count;
}

void judge_web_add(struct judgement *j, enum check_grade grade, struct msg m, struct str address)
{
    const struct check_facts *f = j->facts;
    if (grade == CHECK_ERROR && judge_nothing(&f->sts_txt) && !f->earlier.known)
        grade = CHECK_WARNING;
    check_add_as(j->results, grade, m, f->policy_host.name, address);
}

void judge_web_add_rule(struct judgement *j, struct msg m, struct str address)
{
    judge_web_add(j, check_rule_grade(m.def), m, address);
}

struct str judge_web_list(const struct judgement *j,
                          bool (*is_so)(const struct fact_web *web, const void *user),
                          const void *user)
{
    struct buf list CLEANUP(buf_done);
    buf_init(&list, JUDGE_LIST_MAX);
    for (size_t i = 0; i < judge_web_count(j->facts); i++) {
        if (is_so(&j->facts->web[i], user))
            judge_list_add(&list, j->facts->policy_host.at[i].text);
    }
    return judge_list_text(j, &list);
}

/* Adds messages[at] for all the addresses that have it, and takes it from them. */
static void say_once(struct judgement *j, web_look *look, struct msg *messages, size_t at,
                     size_t count, bool spared)
{
    struct buf list CLEANUP(buf_done);
    buf_init(&list, JUDGE_LIST_MAX);
    const struct msg first = messages[at];
    size_t addresses = 0;
    for (size_t i = at; i < count; i++) {
        if (!messages[i].def || !msg_eq(&messages[i], &first))
            continue;
        judge_list_add(&list, j->facts->policy_host.at[i].text);
        messages[i].def = NULL;
        addresses++;
    }
    struct str text = judge_list_text(j, &list);
    struct msg m = look(j, at, text);
    enum check_grade grade = check_rule_grade(m.def);
    if (grade == CHECK_ERROR && spared)
        grade = CHECK_WARNING;
    judge_web_add(j, grade, m, addresses == 1 ? text : STR(""));
}

void judge_web_each(struct judgement *j, web_look *look, bool spared)
{
    struct msg messages[CHECK_ADDRESSES_MAX] = {0};
    size_t count = judge_web_count(j->facts);
    for (size_t i = 0; i < count; i++)
        messages[i] = look(j, i, STR(""));
    for (size_t i = 0; i < count; i++) {
        if (messages[i].def)
            say_once(j, look, messages, i, count, spared);
    }
}

static const struct fact_dns *alias_of(const struct fact_host *host)
{
    return judge_last_alias(&host->a).n ? &host->a : &host->aaaa;
}

/* RFC 8461 8.2 delegates both names, since policy and id change together. */
static void judge_delegation(struct judgement *j)
{
    const struct check_facts *f = j->facts;
    const struct fact_dns *dns = alias_of(&f->policy_host);
    struct str target = judge_last_alias(dns), record = judge_last_alias(&f->sts_txt);
    if (!target.n)
        return;
    judge_web_add_rule(j, msg_check_host_alias(f->policy_host.name, judge_alias_chain(j, dns)),
                       STR(""));
    if (!j->sts_txt_usable)
        return;
    if (!record.n)
        judge_web_add_rule(
            j, msg_check_host_delegated_alone(f->policy_host.name, target, f->sts_txt.name),
            STR(""));
    else if (!suffix_same_owner(target, record))
        judge_web_add_rule(j, msg_check_host_delegated_apart(f->policy_host.name, target, record),
                           STR(""));
}

static void judge_no_address(struct judgement *j)
{
    const struct check_facts *f = j->facts;
    struct str host = f->policy_host.name, target = judge_last_alias(alias_of(&f->policy_host));
    if (target.n)
        judge_web_add_rule(j, msg_check_host_alias_dangling(host, target), STR(""));
    else if (judge_nothing(&f->sts_txt) && !f->earlier.known)
        judge_web_add_rule(j, msg_check_host_none(host), STR(""));
    else
        judge_web_add_rule(j, msg_check_host_absent(host), STR(""));
}

/* Where the DNS of the whole domain fails, step 1 has said so. */
static bool cannot_be_judged(const struct check_facts *f)
{
    const struct fact_host *host = &f->policy_host;
    bool no_domain = f->mx_records.asked && f->mx_records.answer.status == DNS_NO_NAME;
    return no_domain || (!host->a.asked && !host->aaaa.asked) ||
           (judge_fails_with_domain(f, &host->a) && judge_fails_with_domain(f, &host->aaaa));
}

void judge_policy_host(struct judgement *j)
{
    static const struct judge_lookup_messages messages = {
        .bogus = msg_check_host_bogus,
        .failed = msg_check_host_dns_failed,
        .timeout = msg_check_host_dns_timeout,
    };
    const struct check_facts *f = j->facts;
    const struct fact_host *host = &f->policy_host;
    if (host->count == 0 && cannot_be_judged(f)) {
        judge_web_add_rule(j, msg_check_host_not_judged(host->name), STR(""));
        return;
    }
    bool fails = judge_lookups(j, host, &messages, host->count);
    if (host->count == 0) {
        if (!fails)
            judge_no_address(j);
        return;
    }
    judge_delegation(j);
    if (host->passed_over)
        judge_web_add_rule(j, msg_check_host_passed_over(host->name, host->passed_over), STR(""));
    judge_web_tls(j);
    judge_web_caa(j);
    judge_web_http(j);
}
