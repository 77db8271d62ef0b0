/* Step 5: the MX hosts against the policy's patterns (RFC 8461 4.1). */
#include "check/judge_mx.h"

#include "check/messages.h"
#include "mtasts/messages.h"

static enum check_grade grade_of_mode(const struct judgement *j)
{
    return judge_mode_is(j, STS_MODE_ENFORCE) ? CHECK_ERROR : CHECK_WARNING;
}

/* A wildcard whose name the host lies below, but more than one label deep. */
static const struct str *shallow_wildcard(const struct sts_policy *policy, struct str host)
{
    for (size_t i = 0; i < policy->mx_count; i++) {
        struct str pattern = policy->mx[i];
        if (str_starts(pattern, STR("*.")) && domain_is_below(host, str_skip(pattern, 2)))
            return &policy->mx[i];
    }
    return NULL;
}

static void say_unlisted(struct judgement *j, const struct fact_mx *mx)
{
    const struct str *wildcard = shallow_wildcard(&j->policy, mx->host);
    struct msg m;
    /* A domain that has no address either takes no mail, which step 1 says. */
    if (j->facts->mx_implicit && !mx->where.count)
        return;
    if (j->facts->mx_implicit)
        m = msg_check_mx_implicit_unlisted(j->facts->domain);
    else if (wildcard)
        m = msg_check_mx_unlisted_deep(mx->host, mx->preference, *wildcard);
    else
        m = msg_check_mx_unlisted(mx->host, mx->preference);
    check_add_as(j->results, grade_of_mode(j), m, mx->host, STR(""));
}

/* What is no host name is named in step 1, and no policy can list it. */
static void judge_listed(struct judgement *j, const struct fact_mx *mx,
                         struct check_mx_verdict *verdict)
{
    verdict->pattern = mx->is_name ? sts_policy_find_mx(&j->policy, mx->host) : NULL;
    if (judge_mode_is(j, STS_MODE_NONE))
        return;
    if (verdict->pattern)
        check_add(j->results, msg_check_mx_listed(mx->host, *verdict->pattern), mx->host, STR(""));
    else if (mx->is_name)
        say_unlisted(j, mx);
}

static bool is_about_use(const struct msg_def *def)
{
    return def == &MSG_POLICY_MX_UNUSED || def == &MSG_POLICY_WILDCARD_UNUSED ||
           def == &MSG_POLICY_WILDCARD_UNNEEDED;
}

/* The policy's lint knows which patterns no MX host needs. */
static void judge_patterns(struct judgement *j)
{
    const struct check_facts *facts = j->facts;
    struct findings all, use;
    struct str *hosts = arena_array(j->arena, facts->mx_count, sizeof *hosts);
    struct sts_lint_context context = {.mx_hosts = hosts};
    if (!hosts)
        return;
    for (size_t m = 0; m < facts->mx_count; m++) {
        if (facts->mx[m].is_name)
            hosts[context.mx_host_count++] = facts->mx[m].host;
    }
    findings_init(&all, j->arena);
    findings_init(&use, j->arena);
    sts_policy_lint(&j->policy, j->policy_text, &context, &all);
    for (const struct finding *f = all.first; f; f = f->next) {
        if (is_about_use(f->msg.def))
            finding_add(&use, f->severity, f->msg, f->line, f->column);
    }
    check_add_findings(j->results, CHECK_MX, &use, facts->policy_host.name, "RFC 8461 4.1", NULL);
}

void judge_mx_policy(struct judgement *j)
{
    const struct check_facts *facts = j->facts;
    if (!j->policy_valid)
        return;
    if (facts->null_mx) {
        if (!judge_mode_is(j, STS_MODE_NONE))
            check_add(j->results,
                      msg_check_mx_null_with_policy(facts->domain,
                                                    str_from(sts_mode_name(j->policy.mode))),
                      STR(""), STR(""));
        return;
    }
    for (size_t m = 0; m < facts->mx_count; m++)
        judge_listed(j, &facts->mx[m], &j->mx[m]);
    if (facts->mx_count && !facts->mx_given && !facts->mx_passed_over)
        judge_patterns(j);
}
