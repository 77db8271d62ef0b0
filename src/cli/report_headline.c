#include "base/timefmt.h"
#include "cli/messages.h"
#include "cli/report_view.h"

#define DAY 86400

struct sums {
    uint64_t sessions, lost, flowed;
    bool unknown;    /* some group's mail may be lost or not */
    bool only_fetch; /* every such group is about fetching the policy */
};

bool report_has_failures(const struct report_view *v)
{
    return v->totals.failed > 0 || v->failures->count > 0;
}

uint64_t report_deviations(const struct report_view *v)
{
    return (uint64_t)v->report->warnings.errors + v->report->warnings.warnings;
}

static bool is_fetch(enum rpt_result result)
{
    return result == RPT_STS_POLICY_FETCH_ERROR || result == RPT_STS_POLICY_INVALID ||
           result == RPT_STS_WEBPKI_INVALID;
}

static uint64_t add(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static struct sums sum_up(const struct rpt_failures *failures)
{
    struct sums s = {.only_fetch = true};
    for (size_t i = 0; i < failures->count; i++) {
        const struct rpt_failure *f = &failures->at[i];
        s.sessions = add(s.sessions, f->sessions);
        if (f->lost == RPT_LOST_YES)
            s.lost = add(s.lost, f->sessions);
        else if (f->lost == RPT_LOST_NO)
            s.flowed = add(s.flowed, f->sessions);
        else
            s.unknown = true;
        s.only_fetch = s.only_fetch && is_fetch(f->result);
    }
    return s;
}

/* A report of one day ends with its last second or with the next midnight. */
static struct msg when_of(const struct rpt_report *r)
{
    if (!r->has_range)
        return msg_report_on_no_day();
    if (r->end <= r->begin || r->end - r->begin <= DAY)
        return msg_report_on_day(r->begin);
    return msg_report_on_days(r->begin, r->end - (r->end % DAY == 0));
}

static struct str render(enum lang lang, struct msg m, struct buf *room)
{
    size_t before = room->n;
    msg_render(lang, MSG_TEXT, &m, room);
    return str_skip(buf_view(room), before);
}

static struct str name_or(struct str name, struct str otherwise)
{
    return name.n ? name : otherwise;
}

struct msg report_headline(const struct report_view *v, enum lang lang, struct buf *room)
{
    const struct rpt_report *r = v->report;
    struct sums s = sum_up(v->failures);
    uint64_t sessions = v->totals.sessions, failed = v->totals.failed;
    /* The room is made first: what was rendered must not move. */
    buf_reserve(room, 4096);
    struct str who = name_or(r->organization, render(lang, msg_report_nobody(), room));
    struct str whom = name_or(r->domain, render(lang, msg_report_nowhere(), room));
    struct str when = render(lang, when_of(r), room);
    if (!report_has_failures(v) && sessions == 0)
        return msg_report_no_session(who, whom, when);
    if (!report_has_failures(v))
        return msg_report_all_well(who, whom, when, sessions);
    if (failed == 0)
        return msg_report_failed_described(who, whom, when, sessions);
    if (s.unknown && s.only_fetch && !s.lost)
        return msg_report_failed_fetch(who, whom, when, sessions, failed);
    if (s.unknown && !s.lost)
        return msg_report_failed_unknown(who, whom, when, sessions, failed);
    if (!s.lost)
        return msg_report_failed_flowed(who, whom, when, sessions, failed);
    if (s.unknown || s.flowed)
        return msg_report_failed_partly(who, whom, when, sessions, failed,
                                        s.lost < failed ? s.lost : failed);
    return msg_report_failed_lost(who, whom, when, sessions, failed);
}
