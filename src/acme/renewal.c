#include "acme/renewal.h"

#define RETRY_FIRST_S      60
#define RETRY_MOST_S       86400
#define RETRY_VALIDATION_S 3600
#define LOOK_AGAIN_MOST_S  3600
#define OUTAGE_MOST_S      3600

/* Of a non-negative length the part that spread is of 2^32; never more than the length. */
static int64_t share(int64_t length, uint32_t spread)
{
    uint64_t whole = (uint64_t)length >> 32, rest = (uint64_t)length & UINT32_MAX;
    return (int64_t)(whole * spread + ((rest * spread) >> 32));
}

static int64_t later(int64_t now, int64_t seconds)
{
    int64_t at;
    return __builtin_add_overflow(now, seconds, &at) ? INT64_MAX : at;
}

/* One that had passed when the certificate was made is not about it. */
static bool moment_in(const struct acme_window *window, int64_t not_before, uint32_t spread,
                      int64_t *out)
{
    int64_t length;
    if (!window || window->end <= not_before ||
        __builtin_sub_overflow(window->end, window->start, &length) || length <= 0)
        return false;
    *out = window->start + share(length, spread);
    return true;
}

int64_t acme_renew_at(int64_t not_before, int64_t not_after, const struct acme_window *window,
                      uint32_t spread)
{
    int64_t life, chosen;
    if (__builtin_sub_overflow(not_after, not_before, &life) || life <= 0)
        return not_before < not_after ? not_before : not_after;
    if (moment_in(window, not_before, spread, &chosen) && chosen <= not_after - life / 10)
        return chosen;
    int64_t left = life <= ACME_SHORT_LIFE_S ? life / 2 : life / 3;
    return not_after - left - share(left / 10, spread);
}

/* How long to wait at least. */
static int64_t least_delay(const struct acme_refusal *refusal)
{
    switch (refusal ? refusal->problem : ACME_NO_PROBLEM) {
    /* What stays as it is until a person does something. */
    case ACME_BAD_CSR:
    case ACME_BAD_PUBLIC_KEY:
    case ACME_EXTERNAL_ACCOUNT_REQUIRED:
    case ACME_INVALID_CONTACT:
    case ACME_INVALID_PROFILE:
    case ACME_MALFORMED:
    case ACME_REJECTED_IDENTIFIER:
    case ACME_UNSUPPORTED_CONTACT:
    case ACME_UNSUPPORTED_IDENTIFIER:
    case ACME_USER_ACTION_REQUIRED:
        return RETRY_MOST_S;
    /* What a CA counts: validations that failed, and more than it allows. */
    case ACME_CAA:
    case ACME_COMPOUND:
    case ACME_CONNECTION:
    case ACME_DNS:
    case ACME_INCORRECT_RESPONSE:
    case ACME_TLS:
    case ACME_UNAUTHORIZED:
        return RETRY_VALIDATION_S;
    case ACME_RATE_LIMITED:
        return refusal->retry_at ? 0 : RETRY_VALIDATION_S;
    case ACME_NO_PROBLEM:
    case ACME_ACCOUNT_DOES_NOT_EXIST:
    case ACME_ALREADY_REPLACED:
    case ACME_ALREADY_REVOKED:
    case ACME_BAD_NONCE:
    case ACME_BAD_REVOCATION_REASON:
    case ACME_ORDER_NOT_READY:
    case ACME_SERVER_INTERNAL:
    case ACME_OTHER_PROBLEM:
        return 0;
    }
    return 0;
}

static int64_t doubled(unsigned failures, int64_t most)
{
    int64_t delay = RETRY_FIRST_S;
    for (unsigned i = 1; i < failures && delay < most; i++)
        delay *= 2;
    return delay < most ? delay : most;
}

/* Whether it is the CA that failed: it gave no answer, or said that its servers are at fault. */
static bool is_outage(const struct acme_refusal *refusal)
{
    return !refusal || refusal->status >= 500 ||
           (refusal->status == 0 && refusal->problem == ACME_NO_PROBLEM);
}

int64_t acme_outage_until(const struct acme_refusal *refusal, uint64_t failures, int64_t now)
{
    unsigned times = failures < UINT16_MAX ? (unsigned)failures : UINT16_MAX;
    int64_t until = later(now, doubled(times, OUTAGE_MOST_S));
    return refusal && refusal->retry_at > until ? refusal->retry_at : until;
}

bool acme_is_blocked(int64_t until, int64_t now)
{
    return until > now && until - now <= ACME_RETRY_AFTER_MAX;
}

int64_t acme_retry_time(const struct acme_refusal *refusal, unsigned failures, int64_t now,
                        uint32_t spread)
{
    int64_t most = is_outage(refusal) ? OUTAGE_MOST_S : RETRY_MOST_S;
    int64_t delay = doubled(failures, most), least = least_delay(refusal);
    delay = delay < least ? least : delay;
    int64_t extra = share(delay / 10, spread);
    int64_t at = later(now, delay + extra);
    /* Moved too, or all names that one limit stopped would come back in the same second. */
    if (refusal && refusal->retry_at > later(now, delay))
        at = later(refusal->retry_at, extra);
    return at;
}

int64_t acme_look_again(unsigned failures, int64_t now, uint32_t spread)
{
    int64_t delay = doubled(failures, LOOK_AGAIN_MOST_S);
    return later(now, delay + share(delay / 10, spread));
}

/* What flows in during so many seconds, at most what there is room for. */
static int64_t inflow(const struct acme_bucket *b, int64_t elapsed, int64_t room)
{
    int64_t product;
    if (elapsed >= b->period || __builtin_mul_overflow(elapsed, b->size, &product) ||
        __builtin_mul_overflow(product, 1000, &product))
        return room;
    return product / b->period < room ? product / b->period : room;
}

/* How many seconds it takes until so much has flowed in; rounded up. */
static int64_t seconds_for(const struct acme_bucket *b, int64_t amount)
{
    int64_t rate, product;
    if (__builtin_mul_overflow(b->size, 1000, &rate) ||
        __builtin_mul_overflow(amount, b->period, &product))
        return b->period;
    return product / rate + (product % rate != 0);
}

int64_t acme_bucket_take(struct acme_bucket *b, int64_t now)
{
    int64_t most, elapsed;
    if (b->size <= 0 || b->period <= 0)
        return 0;
    if (__builtin_mul_overflow(b->size, 1000, &most))
        most = INT64_MAX;
    b->level_ms = b->level_ms < 0 ? 0 : b->level_ms < most ? b->level_ms : most;
    if (now < b->at)
        b->at = now;
    if (__builtin_sub_overflow(now, b->at, &elapsed))
        elapsed = INT64_MAX;
    int64_t level = b->level_ms + inflow(b, elapsed, most - b->level_ms);
    /* Not written back: what there is of a thousandth would be lost each time that one asks. */
    if (level < 1000)
        return later(b->at, seconds_for(b, 1000 - b->level_ms));
    b->level_ms = level - 1000;
    b->at = now;
    return 0;
}
