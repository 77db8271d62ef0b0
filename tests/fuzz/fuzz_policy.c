/* The policy parser: what is valid is printed and read back as an equal policy without a fault; the
 * lint and the matcher take whatever the parser lets through, and the raw bytes too. */
#include <stdint.h>

#include "mtasts/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ARENA_MAX ((size_t)64 * 1024 * 1024)

static void check_round_trip(const struct sts_policy *policy, struct arena *arena)
{
    struct buf text CLEANUP(buf_done);
    struct findings findings;
    struct sts_policy again;
    buf_init(&text, 4 * STS_POLICY_TEXT_MAX);
    findings_init(&findings, arena);
    sts_policy_print(policy, &text);
    /* The printed form has blanks and CRs that the text could do without. */
    if (text.n > STS_POLICY_TEXT_MAX)
        return;
    if (sts_policy_parse(&again, buf_view(&text), &findings) < 0 ||
        !sts_policy_equal(policy, &again))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size}, first, rest;
    struct arena arena;
    struct findings findings;
    struct sts_policy policy;
    str_cut(text, '\n', &first, &rest);
    const struct str hosts[] = {first, STR("mx.example.org"), rest};
    arena_init(&arena, ARENA_MAX);
    findings_init(&findings, &arena);
    int result = sts_policy_parse(&policy, text, &findings);
    if ((result == 0) != (findings.errors == 0))
        abort();
    if (result == 0) {
        const struct sts_lint_context context = {hosts, ARRAY_LEN(hosts)};
        sts_policy_lint(&policy, text, &context, &findings);
        if (findings.errors)
            abort();
        check_round_trip(&policy, &arena);
    }
    if (sts_mx_matches(first, rest) && sts_mx_matches(rest, first) && !domain_eq(first, rest) &&
        domain_check(first) == DOMAIN_OK && domain_check(rest) == DOMAIN_OK)
        abort();
    (void)sts_media_type_ok(first);
    arena_done(&arena);
    return 0;
}
