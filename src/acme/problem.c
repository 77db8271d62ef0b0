#include "acme/problem.h"

#include "acme/messages.h"
#include "acme/reading.h"

static const struct str prefix = STR_INIT("urn:ietf:params:acme:error:");

enum acme_problem acme_problem_of(struct str type)
{
    static const struct {
        struct str name;
        enum acme_problem problem;
    } names[] = {
        {STR_INIT("accountDoesNotExist"), ACME_ACCOUNT_DOES_NOT_EXIST},
        {STR_INIT("alreadyReplaced"), ACME_ALREADY_REPLACED},
        {STR_INIT("alreadyRevoked"), ACME_ALREADY_REVOKED},
        {STR_INIT("badCSR"), ACME_BAD_CSR},
        {STR_INIT("badNonce"), ACME_BAD_NONCE},
        {STR_INIT("badPublicKey"), ACME_BAD_PUBLIC_KEY},
        {STR_INIT("badRevocationReason"), ACME_BAD_REVOCATION_REASON},
        {STR_INIT("caa"), ACME_CAA},
        {STR_INIT("compound"), ACME_COMPOUND},
        {STR_INIT("connection"), ACME_CONNECTION},
        {STR_INIT("dns"), ACME_DNS},
        {STR_INIT("externalAccountRequired"), ACME_EXTERNAL_ACCOUNT_REQUIRED},
        {STR_INIT("incorrectResponse"), ACME_INCORRECT_RESPONSE},
        {STR_INIT("invalidContact"), ACME_INVALID_CONTACT},
        {STR_INIT("invalidProfile"), ACME_INVALID_PROFILE},
        {STR_INIT("malformed"), ACME_MALFORMED},
        {STR_INIT("orderNotReady"), ACME_ORDER_NOT_READY},
        {STR_INIT("rateLimited"), ACME_RATE_LIMITED},
        {STR_INIT("rejectedIdentifier"), ACME_REJECTED_IDENTIFIER},
        {STR_INIT("serverInternal"), ACME_SERVER_INTERNAL},
        {STR_INIT("tls"), ACME_TLS},
        {STR_INIT("unauthorized"), ACME_UNAUTHORIZED},
        {STR_INIT("unsupportedContact"), ACME_UNSUPPORTED_CONTACT},
        {STR_INIT("unsupportedIdentifier"), ACME_UNSUPPORTED_IDENTIFIER},
        {STR_INIT("userActionRequired"), ACME_USER_ACTION_REQUIRED},
    };
    if (str_starts(type, prefix))
        type = str_skip(type, prefix.n);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eq(type, names[i].name))
            return names[i].problem;
    }
    return ACME_OTHER_PROBLEM;
}

enum error_class acme_problem_class(enum acme_problem problem)
{
    switch (problem) {
    case ACME_ACCOUNT_DOES_NOT_EXIST:
    case ACME_ALREADY_REPLACED:
    case ACME_ALREADY_REVOKED:
    case ACME_BAD_CSR:
    case ACME_BAD_PUBLIC_KEY:
    case ACME_BAD_REVOCATION_REASON:
    case ACME_EXTERNAL_ACCOUNT_REQUIRED:
    case ACME_INVALID_CONTACT:
    case ACME_INVALID_PROFILE:
    case ACME_MALFORMED:
    case ACME_REJECTED_IDENTIFIER:
    case ACME_UNSUPPORTED_CONTACT:
    case ACME_UNSUPPORTED_IDENTIFIER:
    case ACME_USER_ACTION_REQUIRED:
        return ERROR_PERMANENT;
    case ACME_NO_PROBLEM:
    case ACME_BAD_NONCE:
    case ACME_CAA:
    case ACME_COMPOUND:
    case ACME_CONNECTION:
    case ACME_DNS:
    case ACME_INCORRECT_RESPONSE:
    case ACME_ORDER_NOT_READY:
    case ACME_RATE_LIMITED:
    case ACME_SERVER_INTERNAL:
    case ACME_TLS:
    case ACME_UNAUTHORIZED:
    case ACME_OTHER_PROBLEM:
        break;
    }
    return ERROR_TEMPORARY;
}

bool acme_problem_read(const json_t *json, struct arena *arena, struct acme_problem_text *out)
{
    struct str type = acme_json_text(json, "type");
    const json_t *first = json_array_get(json_object_get(json, "subproblems"), 0);
    if (acme_problem_of(type) == ACME_COMPOUND && acme_json_text(first, "type").n) {
        json = first;
        type = acme_json_text(json, "type");
    }
    if (!type.n || str_eq(type, STR("about:blank")))
        return false;
    out->problem = acme_problem_of(type);
    type = str_starts(type, prefix) ? str_skip(type, prefix.n) : type;
    struct str detail = acme_json_text(json, "detail");
    out->type = arena_str(arena, str_head(type, ACME_PROBLEM_TYPE_MAX));
    out->detail = arena_str(arena, str_head(detail, ACME_PROBLEM_DETAIL_MAX));
    out->instance = acme_json_url(json, "instance", arena);
    return true;
}

int64_t acme_retry_at(const struct api_response *response, int64_t now)
{
    struct str value = api_header_get(response, STR("retry-after"));
    int64_t most, at;
    uint64_t seconds;
    if (__builtin_add_overflow(now, ACME_RETRY_AFTER_MAX, &most))
        most = INT64_MAX;
    if (str_to_u64(value, &seconds))
        at = seconds < ACME_RETRY_AFTER_MAX ? now + (int64_t)seconds : most;
    else if (!api_date_read(value, &at))
        return 0;
    return at < now ? now : at > most ? most : at;
}

/* Where a person reads on: RFC 8555 6.6 and 7.3.3; empty: the CA does not say. */
static struct str place_to_read(const struct api_response *response, struct str instance)
{
    size_t at = 0, within = 0;
    struct str url;
    if (instance.n)
        return instance;
    return acme_link_next(response, STR("help"), &at, &within, &url) ? url : STR("");
}

static struct msg refusal_message(struct str ca, const struct acme_problem_text *p,
                                  struct str read_on)
{
    if (p->problem == ACME_RATE_LIMITED)
        return msg_acme_limited(ca, p->detail);
    if (p->problem == ACME_USER_ACTION_REQUIRED)
        return msg_acme_user_action(ca, p->detail, read_on.n ? read_on : ca);
    if (read_on.n)
        return msg_acme_refused_help(ca, p->type, p->detail, read_on);
    return msg_acme_refused(ca, p->type, p->detail);
}

/* Of an answer without a problem document only the status speaks. */
static int set_status(unsigned status, struct str url, struct error *err)
{
    bool passes = status >= 500 || status == 408 || status == 429;
    return error_set(err, passes ? ERROR_TEMPORARY : ERROR_PERMANENT,
                     msg_acme_status(acme_url_host(url), status));
}

int acme_problem_answer(const struct api_response *response, struct str url, int64_t now,
                        struct arena *arena, struct acme_refusal *refusal, struct error *err)
{
    json_t *json CLEANUP(acme_json_freep) = acme_json_read(response->body);
    struct acme_problem_text p = {ACME_NO_PROBLEM};
    bool told = acme_problem_read(json, arena, &p);
    if (arena->failed)
        return error_set_memory(err);
    /* 429 means the same without words. */
    if (!told && response->status == 429)
        p.problem = ACME_RATE_LIMITED;
    if (refusal)
        *refusal = (struct acme_refusal){p.problem, response->status, acme_retry_at(response, now)};
    if (!told)
        return set_status(response->status, url, err);
    return error_set(err, acme_problem_class(p.problem),
                     refusal_message(acme_url_host(url), &p, place_to_read(response, p.instance)));
}
