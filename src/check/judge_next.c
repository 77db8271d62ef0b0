#include "check/judge_next.h"

#include "check/judge_mx.h"
#include "check/messages.h"

static bool is_there(const struct check_verdict *verdict, size_t n, const struct check_result *r)
{
    for (size_t i = 0; i < n; i++) {
        if (verdict->next[i]->msg.def == r->msg.def)
            return true;
    }
    return false;
}

/* What is a warning as long as the policy is not enforced, and then keeps mail out. */
static const struct msg_def *const fails_in_enforce[] = {
    &MSG_CHECK_MX_NO_ESMTP,          &MSG_CHECK_MX_STARTTLS_ABSENT,
    &MSG_CHECK_MX_STARTTLS_REFUSED,  &MSG_CHECK_MX_STARTTLS_FAILED,
    &MSG_CHECK_MX_TLS_OLD,           &MSG_CHECK_MX_HANDSHAKE,
    &MSG_CHECK_MX_UNLISTED,          &MSG_CHECK_MX_UNLISTED_DEEP,
    &MSG_CHECK_MX_IMPLICIT_UNLISTED, &MSG_CHECK_MX_CERT_SELF_SIGNED,
    &MSG_CHECK_MX_CERT_INCOMPLETE,   &MSG_CHECK_MX_CERT_UNKNOWN_ISSUER,
    &MSG_CHECK_MX_CERT_WEAK,         &MSG_CHECK_MX_CERT_INVALID,
    &MSG_CHECK_MX_CERT_NAME,         &MSG_CHECK_MX_CERT_NO_NAME,
    &MSG_CHECK_MX_CERT_EXPIRED,      &MSG_CHECK_MX_CERT_NOT_YET,
};

/* What a fault does to mail, the gravest first. */
enum effect { STOPS_MAIL, UNPROTECTED, FAILS_IN_ENFORCE, OTHER_ERROR, WARNS, NONE };

static enum effect effect_of_error(enum check_step step)
{
    switch (step) {
    case CHECK_DOMAIN:
    case CHECK_MX:
    case CHECK_DANE:
        return STOPS_MAIL;
    case CHECK_STS_TXT:
    case CHECK_POLICY_HOST:
    case CHECK_POLICY:
        return UNPROTECTED;
    case CHECK_RPT_TXT:
    case CHECK_VERDICT:
    case CHECK_STEP_COUNT:
        break;
    }
    return OTHER_ERROR;
}

static enum effect effect_of(const struct check_result *r)
{
    if (r->grade == CHECK_ERROR)
        return effect_of_error(r->step);
    if (r->grade != CHECK_WARNING)
        return NONE;
    for (size_t i = 0; i < ARRAY_LEN(fails_in_enforce); i++) {
        if (r->msg.def == fails_in_enforce[i])
            return FAILS_IN_ENFORCE;
    }
    return WARNS;
}

/* Appends what has this effect; gives how many steps there are now. */
static size_t take(const struct check_results *results, enum effect effect,
                   struct check_verdict *verdict, size_t n)
{
    for (unsigned step = 0; step < CHECK_STEP_COUNT; step++) {
        for (const struct check_result *r = results->step[step].first; r; r = r->next) {
            if (n == CHECK_NEXT_STEPS)
                return n;
            if (effect_of(r) == effect && msg_has(&r->msg, MSG_FIX) && !is_there(verdict, n, r))
                verdict->next[n++] = r;
        }
    }
    return n;
}

void judge_next(struct judgement *j, struct check_verdict *verdict)
{
    size_t n = 0;
    for (int effect = STOPS_MAIL; effect < NONE; effect++)
        n = take(j->results, (enum effect)effect, verdict, n);
    if (verdict->enforce != CHECK_ENFORCE_SAFE || j->results->count[CHECK_ERROR])
        return;
    const struct check_result *enforce =
        check_add(j->results, msg_check_verdict_next_enforce(j->facts->domain), STR(""), STR(""));
    if (n < CHECK_NEXT_STEPS)
        verdict->next[n] = enforce;
}
