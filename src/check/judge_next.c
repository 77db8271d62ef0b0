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

/* Appends what has this grade; gives how many steps there are now. */
static size_t take(const struct check_results *results, enum check_grade grade,
                   struct check_verdict *verdict, size_t n)
{
    for (unsigned step = 0; step < CHECK_STEP_COUNT; step++) {
        for (const struct check_result *r = results->step[step].first; r; r = r->next) {
            if (n == CHECK_NEXT_STEPS)
                return n;
            if (r->grade == grade && msg_has(&r->msg, MSG_FIX) && !is_there(verdict, n, r))
                verdict->next[n++] = r;
        }
    }
    return n;
}

void judge_next(struct judgement *j, struct check_verdict *verdict)
{
    size_t n = take(j->results, CHECK_ERROR, verdict, 0);
    n = take(j->results, CHECK_WARNING, verdict, n);
    if (verdict->enforce != CHECK_ENFORCE_SAFE || j->results->count[CHECK_ERROR])
        return;
    const struct check_result *enforce =
        check_add(j->results, msg_check_verdict_next_enforce(j->facts->domain), STR(""), STR(""));
    if (n < CHECK_NEXT_STEPS)
        verdict->next[n] = enforce;
}
