#include "mtasts/policy.h"

#define WILDCARD STR("*.")

enum domain_fault sts_mx_pattern_check(struct str pattern)
{
    return domain_check(str_starts(pattern, WILDCARD) ? str_skip(pattern, 2) : pattern);
}

bool sts_mx_pattern_from_user(struct str typed, struct buf *out)
{
    struct buf name CLEANUP(buf_done);
    buf_init(&name, DOMAIN_NAME_MAX);
    typed = str_trim(typed);
    bool wildcard = str_starts(typed, WILDCARD);
    if (!domain_to_ascii(str_skip(typed, wildcard ? 2 : 0), &name) || name.failed ||
        domain_check(buf_view(&name)) != DOMAIN_OK)
        return false;
    if (wildcard)
        buf_str(out, WILDCARD);
    buf_str(out, buf_view(&name));
    return true;
}

static bool is_ascii(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    }
    return true;
}

/* The A-label form of a name: itself without its trailing dot when it is ASCII, else converted into
 * scratch. Empty when it cannot be one. */
static struct str to_a_labels(struct str name, struct buf *scratch)
{
    if (is_ascii(name))
        return str_ends(name, STR(".")) ? str_head(name, name.n - 1) : name;
    return domain_to_ascii(name, scratch) && !scratch->failed ? buf_view(scratch) : STR("");
}

bool sts_mx_matches(struct str pattern, struct str mx_host)
{
    struct buf pattern_scratch CLEANUP(buf_done), host_scratch CLEANUP(buf_done);
    struct str first;
    buf_init(&pattern_scratch, DOMAIN_NAME_MAX);
    buf_init(&host_scratch, DOMAIN_NAME_MAX);
    bool wildcard = str_starts(pattern, WILDCARD);
    struct str name = to_a_labels(str_skip(pattern, wildcard ? 2 : 0), &pattern_scratch);
    struct str host = to_a_labels(mx_host, &host_scratch);
    if (domain_check(name) != DOMAIN_OK || domain_check_dns(host) != DOMAIN_OK)
        return false;
    if (wildcard && !str_cut(host, '.', &first, &host))
        return false;
    return str_ieq(name, host);
}

const struct str *sts_policy_find_mx(const struct sts_policy *policy, struct str mx_host)
{
    for (size_t i = 0; i < policy->mx_count; i++) {
        if (sts_mx_matches(policy->mx[i], mx_host))
            return &policy->mx[i];
    }
    return NULL;
}
