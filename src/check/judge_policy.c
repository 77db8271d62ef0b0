/* Step 4: the policy that the host serves (RFC 8461 3.2), and what has changed since last time. */
#include "check/judge_text.h"
#include "check/messages.h"
#include "check/remember.h"
#include "check/suffix.h"
#include "mtasts/messages.h"

#define TESTING_MAX ((int64_t)30 * 86400) /* all senders have reported in a month */

static struct check_result *add(struct judgement *j, struct msg m)
{
    return check_add(j->results, m, j->facts->policy_host.name, STR(""));
}

static bool had_policy(const struct check_facts *f)
{
    return f->earlier.known && (f->earlier.body_hash.n || f->earlier.enforce_until > f->now);
}

/* RFC 8461 8.3: a policy is taken back by one of mode none, never by silence. */
static void judge_unserved(struct judgement *j)
{
    const struct check_facts *f = j->facts;
    struct str host = f->policy_host.name;
    if (!had_policy(f))
        add(j, msg_check_policy_unavailable(host));
    else if (f->earlier.enforce_until > f->now)
        add(j, msg_check_policy_gone_enforced(host, f->earlier.at, f->earlier.enforce_until));
    else
        add(j, msg_check_policy_gone(host, f->earlier.at));
}

static void judge_valid(struct judgement *j)
{
    struct buf list CLEANUP(buf_done);
    buf_init(&list, JUDGE_LIST_MAX);
    for (size_t i = 0; i < j->policy.mx_count; i++)
        judge_list_add(&list, j->policy.mx[i]);
    add(j, msg_check_policy_valid(str_from(sts_mode_name(j->policy.mode)), j->policy.max_age,
                                  judge_list_text(j, &list)));
}

/* The lint knows the suffixes that have no list. */
static bool lint_has_said(const struct findings *findings, struct str pattern)
{
    for (const struct finding *f = findings->first; f; f = f->next) {
        if (f->msg.def == &MSG_POLICY_MX_TOO_BROAD && str_eq(f->msg.args[0].str, pattern))
            return true;
    }
    return false;
}

static void judge_breadth(struct judgement *j, const struct findings *findings)
{
    for (size_t i = 0; i < j->policy.mx_count; i++) {
        struct str pattern = j->policy.mx[i], name = str_skip(pattern, 2);
        if (str_starts(pattern, STR("*.")) && suffix_is_public(name) &&
            !lint_has_said(findings, pattern))
            add(j, msg_check_policy_public_suffix(pattern, name));
    }
}

/* RFC 8461 3.1: "the id MUST change when the policy does"; 8.1: the policy first. */
static void judge_change(struct judgement *j)
{
    const struct check_facts *f = j->facts;
    const struct fact_earlier *then = &f->earlier;
    if (!then->known || !then->body_hash.n || !then->id.n || !j->sts_txt_usable)
        return;
    bool same_id = str_eq(then->id, j->sts_id);
    bool same_body = str_eq(then->body_hash, check_body_hash(j->policy_text, j->arena));
    if (same_id && same_body)
        add(j, msg_check_policy_same(j->sts_id, then->at));
    else if (same_id)
        add(j,
            msg_check_policy_id_unchanged(j->sts_id, then->at, f->sts_txt.name, judge_fresh_id(j)));
    else if (same_body)
        add(j, msg_check_policy_body_unchanged(then->id, j->sts_id, then->at));
    else
        add(j, msg_check_policy_changed(then->id, j->sts_id, then->at));
}

/* RFC 8461 5: testing is for finding out; it protects nothing, for however long. */
static void judge_testing(struct judgement *j)
{
    const struct fact_earlier *then = &j->facts->earlier;
    int64_t lasts = j->facts->now - then->testing_since;
    if (j->policy.mode == STS_MODE_TESTING && then->known && then->testing_since &&
        lasts > TESTING_MAX)
        add(j, msg_check_policy_testing_long(lasts, then->testing_since, j->facts->domain));
}

static void judge_retiring(struct judgement *j)
{
    const struct fact_earlier *then = &j->facts->earlier;
    if (j->policy.mode == STS_MODE_NONE && then->known && then->enforce_until > j->facts->now)
        add(j, msg_check_policy_retiring(then->enforce_until));
}

/* The MX hosts are compared with the patterns in step 5. */
static void judge_text(struct judgement *j)
{
    struct findings findings;
    struct msg meaning = msg_check_policy_means_none();
    findings_init(&findings, j->arena);
    bool valid = sts_policy_parse(&j->policy, j->policy_text, &findings) == 0;
    if (valid) {
        sts_policy_lint(&j->policy, j->policy_text, NULL, &findings);
        judge_valid(j);
    }
    findings_sort(&findings);
    check_add_findings(j->results, CHECK_POLICY, &findings, j->facts->policy_host.name,
                       "RFC 8461 3.2", &meaning);
    if (valid) {
        judge_breadth(j, &findings);
        judge_retiring(j);
        judge_testing(j);
    }
    judge_change(j);
    j->policy_valid = valid && j->policy_served;
}

void judge_policy(struct judgement *j)
{
    const struct fact_web *usable = judge_served(j->facts, true);
    const struct fact_web *any = usable ? usable : judge_served(j->facts, false);
    j->policy_served = usable != NULL;
    j->policy_valid = false;
    j->policy = (struct sts_policy){0};
    j->policy_text = any ? any->fetched.body : STR("");
    if (!any) {
        judge_unserved(j);
        return;
    }
    if (!usable)
        add(j, msg_check_policy_unseen(j->facts->policy_host.name));
    judge_text(j);
}
