#include "mtasts/policy.h"

static const char *const mode_names[] = {
    [STS_MODE_NONE] = "none", [STS_MODE_TESTING] = "testing", [STS_MODE_ENFORCE] = "enforce"};

const char *sts_mode_name(enum sts_mode mode)
{
    return mode_names[mode];
}

bool sts_mode_parse(struct str name, enum sts_mode *out)
{
    for (size_t i = 0; i < ARRAY_LEN(mode_names); i++) {
        if (str_eq(name, str_from(mode_names[i]))) {
            *out = (enum sts_mode)i;
            return true;
        }
    }
    return false;
}

void sts_policy_print(const struct sts_policy *policy, struct buf *out)
{
    buf_printf(out, "version: STSv1\r\nmode: %s\r\n", sts_mode_name(policy->mode));
    for (size_t i = 0; i < policy->mx_count; i++) {
        buf_cstr(out, "mx: ");
        buf_str(out, policy->mx[i]);
        buf_cstr(out, "\r\n");
    }
    buf_printf(out, "max_age: %u\r\n", (unsigned)policy->max_age);
}

/* Whether every pattern of a is one of b's. */
static bool patterns_within(const struct sts_policy *a, const struct sts_policy *b)
{
    for (size_t i = 0; i < a->mx_count; i++) {
        if (i < b->mx_count && domain_eq(a->mx[i], b->mx[i]))
            continue;
        size_t j = 0;
        while (j < b->mx_count && !domain_eq(a->mx[i], b->mx[j]))
            j++;
        if (j == b->mx_count)
            return false;
    }
    return true;
}

bool sts_policy_equal(const struct sts_policy *a, const struct sts_policy *b)
{
    return a->mode == b->mode && a->max_age == b->max_age && patterns_within(a, b) &&
           patterns_within(b, a);
}
