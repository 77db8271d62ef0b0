#include "base/domain.h"
#include "base/escape.h"
#include "cli/messages.h"
#include "cli/report_view.h"
#include "cli/wrap.h"
#include "tlsrpt/messages.h"

#define PROBLEMS_SHOWN_MAX 40
#define TEXT_MAX           ((size_t)64 * 1024)
#define INDENT             3

static void put_wrapped(struct cli *c, struct msg m)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, TEXT_MAX);
    msg_render(c->lang, MSG_TEXT, &m, &text);
    wrap_put(&c->out, buf_view(&text), INDENT);
}

static void render(const struct cli *c, enum msg_part part, const struct rpt_failure *f,
                   struct buf *out)
{
    buf_reset(out);
    msg_render(c->lang, part, &f->explanation, out);
}

static bool same_text(const struct cli *c, enum msg_part part, const struct rpt_failure *a,
                      const struct rpt_failure *b)
{
    struct buf x CLEANUP(buf_done), y CLEANUP(buf_done);
    buf_init(&x, TEXT_MAX);
    buf_init(&y, TEXT_MAX);
    render(c, part, a, &x);
    render(c, part, b, &y);
    return str_eq(buf_view(&x), buf_view(&y));
}

/* The first problem before number i that was explained by the same words, or i. */
static size_t explained_before(const struct cli *c, const struct rpt_failure *at, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (at[k].explanation.def == at[i].explanation.def &&
            same_text(c, MSG_TEXT, &at[k], &at[i]))
            return k;
    }
    return i;
}

static struct str result_of(const struct cli *c, const struct rpt_failure *f, struct buf *room)
{
    if (f->result != RPT_RESULT_UNKNOWN)
        return rpt_result_name(f->result);
    if (f->result_text.n)
        return f->result_text;
    struct msg m = f->explanation.def == &MSG_EXPLAIN_NO_DETAILS ? msg_report_no_details()
                                                                 : msg_report_no_result();
    msg_render(c->lang, MSG_TEXT, &m, room);
    return buf_view(room);
}

/* "2. certificate-expired at mx1.example.org: 3 sessions, delayed or bounced"; what the headline
 * has said already is left out when there is one problem only. */
static void put_heading(struct cli *c, const struct rpt_failures *all, size_t i)
{
    const struct rpt_failure *f = &all->at[i];
    struct msg lost[] = {msg_report_lost_no(), msg_report_lost_yes(), msg_report_lost_unknown()};
    struct buf room CLEANUP(buf_done);
    buf_init(&room, TEXT_MAX);
    struct str result = result_of(c, f, &room);
    cli_style(c, CLI_BOLD);
    if (all->count == 1 && f->mx.n)
        cli_put(c, MSG_TEXT, msg_report_only_problem_at(result, f->mx));
    else if (all->count == 1)
        escape_text(&c->out, result);
    else if (f->mx.n)
        cli_put(c, MSG_TEXT, msg_report_problem_at(i + 1, result, f->mx, f->sessions));
    else
        cli_put(c, MSG_TEXT, msg_report_problem(i + 1, result, f->sessions));
    if (all->count > 1)
        cli_put(c, MSG_TEXT, lost[f->lost]);
    cli_style(c, CLI_PLAIN);
    buf_byte(&c->out, '\n');
}

static void put_remedy(struct cli *c, const struct rpt_failures *all, size_t i, size_t before)
{
    const struct rpt_failure *f = &all->at[i];
    struct buf text CLEANUP(buf_done);
    buf_init(&text, TEXT_MAX);
    if (before == i) {
        render(c, MSG_TEXT, f, &text);
        wrap_put(&c->out, buf_view(&text), INDENT);
        render(c, MSG_CAUSE, f, &text);
        put_wrapped(c, msg_report_cause(buf_view(&text)));
    }
    if (before == i || !same_text(c, MSG_FIX, f, &all->at[before])) {
        struct msg lead = msg_report_fix(STR(""));
        buf_reset(&text);
        msg_render(c->lang, MSG_TEXT, &lead, &text);
        msg_render(c->lang, MSG_FIX, &f->explanation, &text);
        wrap_put(&c->out, buf_view(&text), INDENT);
    } else {
        put_wrapped(c, msg_report_see_problem(before + 1));
    }
}

/* Whether the remedy is another policy, which senders take up only in time. */
static bool wants_new_policy(const struct msg_def *def)
{
    return def == &MSG_EXPLAIN_MX_NOT_LISTED || def == &MSG_EXPLAIN_MX_MISSPELT ||
           def == &MSG_EXPLAIN_MX_PARENT_LISTED || def == &MSG_EXPLAIN_MX_WILDCARD_NOT_BASE ||
           def == &MSG_EXPLAIN_MX_WILDCARD_ONE_LABEL;
}

static void put_circumstances(struct cli *c, const struct report_view *v,
                              const struct rpt_failure *f)
{
    if (wants_new_policy(f->explanation.def) && f->max_age)
        put_wrapped(c, msg_report_held(f->max_age));
    if (f->reason.n)
        put_wrapped(c, msg_report_reason(f->reason));
    if (f->senders == 1)
        put_wrapped(c, msg_report_sender(f->first_sender));
    else if (f->senders > 1)
        put_wrapped(c, msg_report_senders(f->senders, f->first_sender));
    if (!domain_eq(f->policy_domain, v->report->domain))
        put_wrapped(c, msg_report_policy_domain(f->policy_domain));
}

static uint64_t described(const struct rpt_failures *all)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < all->count; i++) {
        uint64_t n = all->at[i].sessions;
        sum = sum > UINT64_MAX - n ? UINT64_MAX : sum + n;
    }
    return sum;
}

void report_put_problems(struct cli *c, const struct report_view *v)
{
    const struct rpt_failures *all = v->failures;
    size_t shown = all->count < PROBLEMS_SHOWN_MAX ? all->count : PROBLEMS_SHOWN_MAX;
    for (size_t i = 0; i < shown; i++) {
        buf_byte(&c->out, '\n');
        put_heading(c, all, i);
        put_remedy(c, all, i, explained_before(c, all->at, i));
        put_circumstances(c, v, &all->at[i]);
    }
    if (shown < all->count ||
        (all->count && described(all) != v->totals.failed && !v->totals.estimated))
        buf_byte(&c->out, '\n');
    if (shown < all->count)
        cli_put_line(c, msg_report_more_problems(all->count - shown));
    if (all->count && described(all) != v->totals.failed && !v->totals.estimated)
        cli_put_line(c, msg_report_sums_differ(described(all), v->totals.failed));
}
