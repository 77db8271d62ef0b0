/* Step 5: each MX host, as a sender meets it. */
#include "check/judge_mx.h"

#include "check/judge_text.h"
#include "check/messages.h"

/* "192.0.2.1, 2001:db8::1, ..." */
#define ADDRESSES_TEXT_MAX 512

#define DAY          INT64_C(86400)
#define RENEWAL_DAYS 14

bool judge_mode_is(const struct judgement *j, enum sts_mode mode)
{
    return j->policy_valid && j->policy.mode == mode;
}

static struct check_result *said_of_host(struct judgement *j, enum check_grade grade,
                                         const struct msg *m, struct str host)
{
    const struct check_rule *rule = check_rule_find(m->def);
    struct check_result *r = rule ? j->results->step[rule->step].first : NULL;
    for (; r; r = r->next) {
        if (msg_eq(&r->msg, m) && r->grade == grade && str_eq(r->about, host) && r->address.n)
            return r;
    }
    return NULL;
}

void judge_add_at(struct judgement *j, enum check_grade grade, struct msg m, struct str host,
                  struct str address)
{
    struct buf both CLEANUP(buf_done);
    buf_init(&both, ADDRESSES_TEXT_MAX);
    struct check_result *r = said_of_host(j, grade, &m, host);
    if (!r) {
        check_add_as(j->results, grade, m, host, address);
        return;
    }
    buf_str(&both, r->address);
    buf_cstr(&both, ", ");
    buf_str(&both, address);
    if (!both.failed)
        r->address = arena_str(j->arena, buf_view(&both));
}

void judge_add_rule_at(struct judgement *j, struct msg m, struct str host, struct str address)
{
    judge_add_at(j, check_rule_grade(m.def), m, host, address);
}

struct str judge_names(const struct judgement *j, const struct tls_verified *verified)
{
    struct buf out CLEANUP(buf_done);
    buf_init(&out, JUDGE_LIST_MAX);
    if (verified->certificate_count == 0)
        return STR("");
    const struct tls_certificate *leaf = &verified->certificates[0];
    if (leaf->name_count == 0)
        return leaf->common_name;
    for (size_t i = 0; i < leaf->name_count; i++)
        judge_list_add(&out, leaf->names[i]);
    return judge_list_text(j, &out);
}

int64_t judge_renewal_margin(const struct tls_certificate *certificate)
{
    int64_t third = (certificate->not_after - certificate->not_before) / 3;
    return third < RENEWAL_DAYS * DAY ? third : RENEWAL_DAYS * DAY;
}

/* Families that this machine cannot reach, each once. */
static void say_no_route(struct judgement *j)
{
    bool v4 = false, v6 = false;
    for (size_t m = 0; m < j->facts->mx_count; m++) {
        const struct fact_mx *mx = &j->facts->mx[m];
        for (size_t i = 0; i < mx->where.count; i++) {
            if (!mx->smtp[i].no_source)
                continue;
            v4 |= mx->where.at[i].address.family == AF_INET;
            v6 |= mx->where.at[i].address.family == AF_INET6;
        }
    }
    if (v4)
        check_add(j->results, msg_check_mx_no_route(STR("IPv4")), STR(""), STR(""));
    if (v6)
        check_add(j->results, msg_check_mx_no_route(STR("IPv6")), STR(""), STR(""));
}

static void say_blocked(struct judgement *j)
{
    size_t tried = 0;
    for (size_t m = 0; m < j->facts->mx_count; m++) {
        for (size_t i = 0; i < j->facts->mx[m].where.count; i++)
            tried += j->facts->mx[m].smtp[i].tried && !j->facts->mx[m].smtp[i].no_source;
    }
    check_add(j->results, msg_check_mx_port_25_blocked(tried, j->facts->domain), STR(""), STR(""));
}

/* What a sender that enforces does, as far as MTA-STS goes; without a policy, were there one that
 * names the host. */
static void judge_enforce(struct judgement *j, const struct fact_mx *mx,
                          const struct check_mx_verdict *verdict)
{
    bool listed = !j->policy_valid || verdict->pattern;
    struct mx_sum sum = mx_sum_up(mx);
    if (!listed || (sum.answered && !sum.tls_ok))
        check_add(j->results, msg_check_mx_enforce_refuses(mx->host), mx->host, STR(""));
    else if (sum.tls_ok)
        check_add(j->results, msg_check_mx_enforce_delivers(mx->host), mx->host, STR(""));
}

static void judge_host(struct judgement *j, size_t m)
{
    const struct fact_mx *mx = &j->facts->mx[m];
    if (mx->where.count == 0) {
        check_add(j->results, msg_check_mx_no_address(mx->host), mx->host, STR(""));
        return;
    }
    for (size_t i = 0; i < mx->where.count; i++) {
        judge_mx_session(j, mx, i);
        judge_mx_certificate(j, mx, i);
    }
    if (mx->where.passed_over)
        check_add(j->results, msg_check_mx_passed_over(mx->host, mx->where.passed_over), mx->host,
                  STR(""));
    judge_enforce(j, mx, &j->mx[m]);
}

/* The list that the verdict is made of. */
static bool begin_verdicts(struct judgement *j)
{
    if (!j->mx)
        j->mx = arena_array(j->arena, j->facts->mx_count, sizeof *j->mx);
    for (size_t m = 0; j->mx && m < j->facts->mx_count; m++) {
        j->mx[m].host = j->facts->mx[m].host;
        j->mx[m].preference = j->facts->mx[m].preference;
        j->mx[m].tls_ok = mx_sum_up(&j->facts->mx[m]).tls_ok;
    }
    return j->mx != NULL;
}

void judge_mx(struct judgement *j)
{
    if (!begin_verdicts(j))
        return;
    j->port_25_blocked = mx_port_25_blocked(j->facts);
    judge_mx_policy(j);
    if (j->facts->mx_count == 0 || j->facts->null_mx)
        check_add(j->results, msg_check_mx_none(), STR(""), STR(""));
    if (j->facts->mx_passed_over)
        check_add(j->results, msg_check_mx_more_hosts(j->facts->mx_passed_over), STR(""), STR(""));
    say_no_route(j);
    if (j->port_25_blocked)
        say_blocked(j);
    for (size_t m = 0; m < j->facts->mx_count; m++)
        judge_host(j, m);
}
