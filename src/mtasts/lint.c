#include "mtasts/messages.h"
#include "mtasts/parse.h"
#include "mtasts/policy.h"

/* Below a day some large senders do not send reports for the policy. */
#define MAX_AGE_REPORTS 86400U
/* Below two weeks an enforced policy is forgotten by senders that seldom write to the domain. */
#define MAX_AGE_ENFORCE 1209600U

struct lint {
    const struct sts_policy *policy;
    const struct sts_lint_context *context;
    struct findings *findings;
    uint32_t mode_line, max_age_line;
    uint32_t *mx_lines;  /* of each pattern; NULL when the text is not known */
    bool *named_in_full; /* of each MX host: a pattern without a wildcard matches it */
};

/* The field's name in a line of a text that is known to be a policy. */
static struct str line_key(struct str line)
{
    struct str key, rest;
    str_cut(line, ':', &key, &rest);
    return key;
}

/* Finds the lines that the fields stand in. */
static void find_lines(struct lint *l, struct str text)
{
    size_t mx = 0;
    uint32_t number = 0;
    if (text.n == 0)
        return;
    l->mx_lines = arena_array(l->findings->arena, l->policy->mx_count, sizeof *l->mx_lines);
    while (text.n) {
        struct str line;
        str_cut(text, '\n', &line, &text);
        struct str key = line_key(line);
        number++;
        if (str_eq(key, STR("mode")) && !l->mode_line)
            l->mode_line = number;
        else if (str_eq(key, STR("max_age")) && !l->max_age_line)
            l->max_age_line = number;
        else if (str_eq(key, STR("mx")) && l->mx_lines && mx < l->policy->mx_count)
            l->mx_lines[mx++] = number;
    }
}

static void add(struct lint *l, enum severity severity, struct msg m, uint64_t line)
{
    finding_add(l->findings, severity, m, line, 0);
}

static void lint_mode(struct lint *l)
{
    switch (l->policy->mode) {
    case STS_MODE_TESTING:
        add(l, SEVERITY_NOTE, msg_policy_mode_testing(), l->mode_line);
        break;
    case STS_MODE_NONE:
        add(l, SEVERITY_NOTE, msg_policy_mode_none(), l->mode_line);
        if (l->policy->mx_count == 0)
            add(l, SEVERITY_WARNING, msg_policy_none_without_mx(), l->mode_line);
        break;
    case STS_MODE_ENFORCE:
        break;
    }
}

/* A policy of mode none is being withdrawn: there a short life is right (RFC 8461 8.3). */
static void lint_max_age(struct lint *l)
{
    uint32_t max_age = l->policy->max_age;
    if (l->policy->mode == STS_MODE_NONE)
        return;
    if (max_age < MAX_AGE_REPORTS)
        add(l, SEVERITY_WARNING, msg_policy_max_age_under_day(max_age), l->max_age_line);
    else if (max_age < MAX_AGE_ENFORCE && l->policy->mode == STS_MODE_ENFORCE)
        add(l, SEVERITY_WARNING, msg_policy_max_age_short(max_age), l->max_age_line);
}

static bool is_wildcard(struct str pattern)
{
    return str_starts(pattern, STR("*."));
}

/* "co.uk", "com.au" and their like: a generic second level below a country. */
static bool is_registry_suffix(struct str name)
{
    static const struct str second[] = {
        STR_INIT("ac"),  STR_INIT("co"), STR_INIT("com"), STR_INIT("edu"), STR_INIT("gob"),
        STR_INIT("gov"), STR_INIT("ne"), STR_INIT("net"), STR_INIT("or"),  STR_INIT("org")};
    struct str first, rest;
    if (!str_cut(name, '.', &first, &rest) || rest.n != 2)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(second); i++) {
        if (str_ieq(first, second[i]))
            return true;
    }
    return false;
}

static void lint_breadth(struct lint *l, struct str pattern, uint64_t line)
{
    struct str name = str_skip(pattern, is_wildcard(pattern) ? 2 : 0);
    bool single = str_chr(name, '.') < 0;
    if (is_wildcard(pattern) && (single || is_registry_suffix(name)))
        add(l, SEVERITY_WARNING, msg_policy_mx_too_broad(pattern, name), line);
    else if (single)
        add(l, SEVERITY_WARNING, msg_policy_mx_single_label(pattern), line);
}

/* Notes which of the hosts a pattern without a wildcard matches. */
static void find_named_in_full(struct lint *l)
{
    const struct sts_lint_context *context = l->context;
    l->named_in_full =
        arena_array(l->findings->arena, context->mx_host_count, sizeof *l->named_in_full);
    for (size_t i = 0; l->named_in_full && i < context->mx_host_count; i++) {
        for (size_t j = 0; j < l->policy->mx_count && !l->named_in_full[i]; j++)
            l->named_in_full[i] = !is_wildcard(l->policy->mx[j]) &&
                                  sts_mx_matches(l->policy->mx[j], context->mx_hosts[i]);
    }
}

/* A pattern against the MX hosts: a wildcard that none of them needs lets strangers in. */
static void lint_use(struct lint *l, struct str pattern, uint64_t line)
{
    bool matches = false;
    for (size_t i = 0; i < l->context->mx_host_count; i++) {
        if (!sts_mx_matches(pattern, l->context->mx_hosts[i]))
            continue;
        if (!is_wildcard(pattern) || !l->named_in_full || !l->named_in_full[i])
            return;
        matches = true;
    }
    if (matches)
        add(l, SEVERITY_WARNING, msg_policy_wildcard_unneeded(pattern), line);
    else if (is_wildcard(pattern))
        add(l, SEVERITY_WARNING, msg_policy_wildcard_unused(pattern), line);
    else
        add(l, SEVERITY_NOTE, msg_policy_mx_unused(pattern), line);
}

/* A wildcard whose name the host lies below, but more than one label deep. */
static const struct str *shallow_wildcard(const struct sts_policy *policy, struct str host)
{
    for (size_t i = 0; i < policy->mx_count; i++) {
        if (is_wildcard(policy->mx[i]) && domain_is_below(host, str_skip(policy->mx[i], 2)))
            return &policy->mx[i];
    }
    return NULL;
}

static void lint_host(struct lint *l, struct str host)
{
    struct buf name CLEANUP(buf_done);
    buf_init(&name, DOMAIN_NAME_MAX);
    if (sts_policy_find_mx(l->policy, host))
        return;
    if (!sts_mx_pattern_from_user(host, &name) || is_wildcard(host)) {
        add(l, SEVERITY_WARNING, msg_policy_mx_host_bad(host), 0);
        return;
    }
    const struct str *shallow = shallow_wildcard(l->policy, buf_view(&name));
    bool enforce = l->policy->mode == STS_MODE_ENFORCE;
    if (shallow && enforce)
        add(l, SEVERITY_WARNING, msg_policy_mx_host_deep(buf_view(&name), *shallow), 0);
    else if (shallow)
        add(l, SEVERITY_WARNING, msg_policy_mx_host_deep_testing(buf_view(&name), *shallow), 0);
    else if (enforce)
        add(l, SEVERITY_WARNING, msg_policy_mx_host_missing(buf_view(&name)), 0);
    else
        add(l, SEVERITY_WARNING, msg_policy_mx_host_missing_testing(buf_view(&name)), 0);
}

static void lint_mx(struct lint *l)
{
    bool compare = l->context && l->context->mx_hosts && l->policy->mode != STS_MODE_NONE;
    if (compare)
        find_named_in_full(l);
    for (size_t i = 0; i < l->policy->mx_count; i++) {
        uint64_t line = l->mx_lines ? l->mx_lines[i] : 0;
        lint_breadth(l, l->policy->mx[i], line);
        if (compare && l->context->mx_host_count)
            lint_use(l, l->policy->mx[i], line);
    }
    for (size_t i = 0; compare && i < l->context->mx_host_count; i++)
        lint_host(l, l->context->mx_hosts[i]);
}

void sts_policy_lint(const struct sts_policy *policy, struct str text,
                     const struct sts_lint_context *context, struct findings *findings)
{
    struct lint l = {.policy = policy, .context = context, .findings = findings};
    find_lines(&l, text);
    lint_mode(&l);
    lint_max_age(&l);
    lint_mx(&l);
}
