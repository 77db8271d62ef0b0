#include "tlsrpt/policy_seen.h"

#include "base/domain.h"

/* Policies with more patterns are compared by their number only. */
#define SAME_PATTERNS_MAX 1000

static enum rpt_mode parse_mode(struct str word)
{
    if (str_ieq(word, STR("enforce")))
        return RPT_MODE_ENFORCE;
    if (str_ieq(word, STR("testing")))
        return RPT_MODE_TESTING;
    return str_ieq(word, STR("none")) ? RPT_MODE_NONE : RPT_MODE_UNKNOWN;
}

/* patterns has room for one more. The first of duplicate keys wins, as RFC 8461 3.2 has it. */
static void read_line(struct rpt_seen *seen, struct str line)
{
    struct str key, value;
    if (!str_cut(line, ':', &key, &value))
        return;
    key = str_trim(key);
    value = str_trim(value);
    if (str_ieq(key, STR("mx")) && value.n) {
        seen->patterns[seen->pattern_count++] = value;
    } else if (str_ieq(key, STR("mode")) && seen->mode == RPT_MODE_UNKNOWN) {
        seen->mode = parse_mode(value);
    } else if (str_ieq(key, STR("max_age")) && !seen->has_max_age) {
        seen->has_max_age = str_to_u64(value, &seen->max_age);
    }
}

int rpt_seen_read(struct rpt_seen *seen, const struct rpt_policy *policy, struct arena *arena,
                  struct error *err)
{
    struct rpt_seen new = {.mode = RPT_MODE_UNKNOWN};
    if (policy->type == RPT_POLICY_STS || policy->type == RPT_POLICY_UNKNOWN) {
        new.patterns = arena_array(arena, policy->policy_strings.count, sizeof *new.patterns);
        if (!new.patterns)
            return error_set_memory(err);
        for (size_t i = 0; i < policy->policy_strings.count; i++)
            read_line(&new, policy->policy_strings.at[i]);
        if (new.pattern_count == 0) {
            new.patterns = policy->mx_hosts.at;
            new.pattern_count = policy->mx_hosts.count;
        }
    }
    *seen = new;
    return 0;
}

int rpt_seen_read_text(struct rpt_seen *seen, struct str text, struct arena *arena,
                       struct error *err)
{
    struct rpt_seen new = {.mode = RPT_MODE_UNKNOWN};
    size_t lines = 1;
    for (size_t i = 0; i < text.n; i++)
        lines += text.p[i] == '\n';
    new.patterns = arena_array(arena, lines, sizeof *new.patterns);
    if (!new.patterns)
        return error_set_memory(err);
    bool more = true;
    while (more) {
        struct str line;
        more = str_cut(text, '\n', &line, &text);
        read_line(&new, line);
    }
    *seen = new;
    return 0;
}

static bool has_pattern(const struct rpt_seen *seen, struct str pattern)
{
    for (size_t i = 0; i < seen->pattern_count; i++) {
        if (domain_eq(seen->patterns[i], pattern))
            return true;
    }
    return false;
}

bool rpt_seen_same(const struct rpt_seen *a, const struct rpt_seen *b)
{
    if (a->mode != b->mode || a->has_max_age != b->has_max_age || a->max_age != b->max_age ||
        a->pattern_count != b->pattern_count)
        return false;
    if (a->pattern_count > SAME_PATTERNS_MAX)
        return true;
    for (size_t i = 0; i < a->pattern_count; i++) {
        if (!has_pattern(b, a->patterns[i]) || !has_pattern(a, b->patterns[i]))
            return false;
    }
    return true;
}

struct str rpt_mode_name(enum rpt_mode mode)
{
    static const struct str names[] = {STR_INIT(""), STR_INIT("none"), STR_INIT("testing"),
                                       STR_INIT("enforce")};
    return names[mode];
}
