/* What of a check the store keeps for the next one. */
#include "check/remember.h"

#include <openssl/evp.h>

#include "check/judge_text.h"

struct str check_body_hash(struct str body, struct arena *arena)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (!EVP_Digest(body.n ? body.p : "", body.n, digest, &n, EVP_sha256(), NULL))
        return STR("");
    char *hex = arena_alloc(arena, (size_t)n * 2);
    if (!hex)
        return STR("");
    for (unsigned i = 0; i < n; i++) {
        hex[(size_t)i * 2] = digits[digest[i] >> 4];
        hex[(size_t)i * 2 + 1] = digits[digest[i] & 15];
    }
    return (struct str){hex, (size_t)n * 2};
}

static struct str id_of(const struct check_facts *facts, struct arena *arena)
{
    struct findings findings;
    struct sts_txt txt;
    findings_init(&findings, arena);
    if (!judge_found(&facts->sts_txt))
        return STR("");
    struct str *records = judge_txt_records(arena, &facts->sts_txt);
    if (!records ||
        sts_txt_parse(&txt, records, facts->sts_txt.answer.records.count, &findings) < 0)
        return STR("");
    return arena_str(arena, txt.id);
}

static void keep(const struct fact_earlier *earlier, struct arena *arena, struct fact_earlier *out)
{
    *out = *earlier;
    out->id = arena_str(arena, earlier->id);
    out->body_hash = arena_str(arena, earlier->body_hash);
}

/* Until when senders may hold what was seen in enforce (RFC 8461 8.3): the longest counts. Without
 * a record nobody fetches a policy anew (3.1), but who holds one may fetch it again (10.2). */
static int64_t enforce_until(const struct check_facts *facts, const struct sts_policy *policy,
                             bool has_record)
{
    int64_t before = facts->earlier.known ? facts->earlier.enforce_until : 0;
    int64_t until = before > facts->now ? before : 0;
    if (policy->mode != STS_MODE_ENFORCE || (!has_record && until == 0))
        return until;
    int64_t anew = facts->now + policy->max_age;
    return anew > until ? anew : until;
}

/* What was not served for a while has not left testing by that. */
static int64_t testing_since(const struct check_facts *facts, const struct sts_policy *policy)
{
    const struct fact_earlier *then = &facts->earlier;
    if (policy->mode != STS_MODE_TESTING)
        return 0;
    return then->known && then->testing_since ? then->testing_since : facts->now;
}

void check_remember(const struct check_facts *facts, struct arena *arena, struct fact_earlier *out)
{
    const struct fact_web *web = judge_served(facts, true);
    struct findings findings;
    struct sts_policy policy = {0};
    findings_init(&findings, arena);
    struct str id = id_of(facts, arena);
    bool valid = web && sts_policy_parse(&policy, web->fetched.body, &findings) == 0;
    if (!valid && facts->earlier.known) {
        keep(&facts->earlier, arena, out);
        return;
    }
    *out = (struct fact_earlier){.known = true, .at = facts->now, .id = id};
    if (!valid)
        return;
    out->body_hash = check_body_hash(web->fetched.body, arena);
    out->mode = policy.mode;
    out->max_age = policy.max_age;
    out->enforce_until = enforce_until(facts, &policy, id.n > 0);
    out->testing_since = testing_since(facts, &policy);
}
