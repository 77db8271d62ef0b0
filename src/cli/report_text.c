#include "base/domain.h"
#include "base/escape.h"
#include "cli/messages.h"
#include "cli/report_view.h"
#include "cli/wrap.h"

#define POLICIES_SHOWN_MAX 20
#define STRINGS_SHOWN_MAX  8
#define STRING_SHOWN_MAX   80
#define MX_SHOWN_MAX       20
#define ROOM_MAX           ((size_t)64 * 1024)

static void put_headline(struct cli *c, const struct report_view *v)
{
    struct buf room CLEANUP(buf_done);
    buf_init(&room, ROOM_MAX);
    struct msg headline = report_headline(v, c->lang, &room);
    cli_style(c, report_has_failures(v) ? CLI_RED : CLI_GREEN);
    cli_put(c, MSG_TEXT, headline);
    cli_style(c, CLI_PLAIN);
    buf_byte(&c->out, '\n');
}

/* The policy that governs the domain's mail: the strictest one of the report. */
static const struct rpt_policy *governing_policy(const struct rpt_report *r, struct arena *arena,
                                                 enum rpt_mode *mode)
{
    const struct rpt_policy *best = NULL;
    *mode = RPT_MODE_UNKNOWN;
    for (size_t i = 0; i < r->policy_count; i++) {
        struct rpt_seen seen;
        const struct rpt_policy *p = &r->policies[i];
        if (p->type == RPT_POLICY_TLSA)
            return p;
        if (rpt_seen_read(&seen, p, arena, NULL) < 0)
            return NULL;
        if (!best || seen.mode > *mode) {
            best = p;
            *mode = seen.mode;
        }
    }
    return best;
}

static void put_next_step(struct cli *c, const struct rpt_report *r)
{
    enum rpt_mode mode;
    const struct rpt_policy *p = governing_policy(r, r->warnings.arena, &mode);
    struct msg next = {.def = NULL};
    if (p && (p->type == RPT_POLICY_TLSA || mode == RPT_MODE_ENFORCE))
        next = msg_report_next_nothing();
    else if (mode == RPT_MODE_TESTING)
        next = msg_report_next_testing();
    else if (mode == RPT_MODE_NONE)
        next = msg_report_next_none();
    else if (p && p->type == RPT_POLICY_NONE_FOUND)
        next = msg_report_next_no_policy(domain_check_dns(r->domain) == DOMAIN_OK ? r->domain
                                                                                  : STR("DOMAIN"));
    if (!next.def)
        return;
    struct buf text CLEANUP(buf_done);
    buf_init(&text, ROOM_MAX);
    msg_render(c->lang, MSG_TEXT, &next, &text);
    wrap_put(&c->out, buf_view(&text), 0);
}

/* --- what the policies of the report are --- */

/* "    mx: a, b, c, ... and 5 more" */
static void put_list(struct cli *c, const char *label, const struct str *at, size_t count)
{
    size_t shown = count < STRINGS_SHOWN_MAX ? count : STRINGS_SHOWN_MAX;
    if (count == 0)
        return;
    struct buf line CLEANUP(buf_done);
    buf_init(&line, ROOM_MAX);
    buf_cstr(&line, label);
    for (size_t i = 0; i < shown; i++) {
        buf_cstr(&line, i ? ", " : " ");
        escape_clipped(&line, at[i], STRING_SHOWN_MAX);
    }
    if (shown < count) {
        struct msg more = msg_report_more(count - shown);
        buf_byte(&line, ' ');
        msg_render(c->lang, MSG_TEXT, &more, &line);
    }
    wrap_put(&c->out, buf_view(&line), 4);
}

/* TLSA records are long and are compared by eye: a line each. */
static void put_records(struct cli *c, const struct str *at, size_t count)
{
    size_t shown = count < STRINGS_SHOWN_MAX ? count : STRINGS_SHOWN_MAX;
    for (size_t i = 0; i < shown; i++) {
        buf_cstr(&c->out, "    TLSA ");
        escape_clipped(&c->out, at[i], STRING_SHOWN_MAX);
        buf_byte(&c->out, '\n');
    }
    if (shown == count)
        return;
    buf_cstr(&c->out, "    ");
    cli_put_line(c, msg_report_more(count - shown));
}

static void put_policy(struct cli *c, const struct rpt_report *r, const struct rpt_policy *p)
{
    struct rpt_seen seen;
    if (rpt_seen_read(&seen, p, r->warnings.arena, NULL) < 0)
        return;
    struct str type = p->type == RPT_POLICY_UNKNOWN ? p->type_text : rpt_policy_type_name(p->type);
    buf_cstr(&c->out, "  ");
    escape_text(&c->out, type.n ? type : STR("?"));
    buf_byte(&c->out, ' ');
    escape_text(&c->out, p->domain.n ? p->domain : r->domain);
    if (seen.mode != RPT_MODE_UNKNOWN) {
        buf_cstr(&c->out, ", mode ");
        buf_str(&c->out, rpt_mode_name(seen.mode));
    }
    if (seen.has_max_age) {
        buf_cstr(&c->out, ", ");
        cli_put(c, MSG_TEXT, msg_report_policy_max_age(seen.max_age));
    }
    buf_cstr(&c->out, ": ");
    cli_put_line(c, msg_report_policy_counts(p->successful, p->failed));
    put_list(c, "mx:", seen.patterns, seen.pattern_count);
    if (p->type == RPT_POLICY_TLSA)
        put_records(c, p->policy_strings.at, p->policy_strings.count);
}

static void put_title(struct cli *c, struct msg title)
{
    buf_byte(&c->out, '\n');
    cli_style(c, CLI_BOLD);
    cli_put(c, MSG_TEXT, title);
    cli_style(c, CLI_PLAIN);
    buf_byte(&c->out, '\n');
}

static void put_policies(struct cli *c, const struct rpt_report *r)
{
    size_t n = r->policy_count < POLICIES_SHOWN_MAX ? r->policy_count : POLICIES_SHOWN_MAX;
    if (n == 0)
        return;
    put_title(c, msg_report_policies());
    for (size_t i = 0; i < n; i++)
        put_policy(c, r, &r->policies[i]);
    if (n < r->policy_count) {
        buf_cstr(&c->out, "  ");
        cli_put_line(c, msg_report_more(r->policy_count - n));
    }
}

/* --- failed sessions by MX host --- */

struct mx_sum {
    struct str mx;
    uint64_t sessions;
};

/* Adds f to the row of its MX host; rows hold at most MX_SHOWN_MAX hosts. False when there is no
 * room for another. */
static bool add_to_mx(struct mx_sum *rows, size_t *count, const struct rpt_failure *f)
{
    for (size_t i = 0; i < *count; i++) {
        if (!domain_eq(rows[i].mx, f->mx))
            continue;
        uint64_t sum = rows[i].sessions;
        rows[i].sessions = sum > UINT64_MAX - f->sessions ? UINT64_MAX : sum + f->sessions;
        return true;
    }
    if (*count == MX_SHOWN_MAX)
        return false;
    rows[(*count)++] = (struct mx_sum){f->mx, f->sessions};
    return true;
}

static int cmp_mx_sum(const void *a, const void *b)
{
    const struct mx_sum *x = a, *y = b;
    int diff = (x->sessions < y->sessions) - (x->sessions > y->sessions);
    return diff ? diff : str_cmp(x->mx, y->mx);
}

/* Only where the problems above do not show it as well: several hosts, some with several
 * problems. */
static void put_mx_counts(struct cli *c, const struct rpt_failures *failures)
{
    struct mx_sum rows[MX_SHOWN_MAX];
    size_t count = 0;
    for (size_t i = 0; i < failures->count; i++) {
        if (!add_to_mx(rows, &count, &failures->at[i]))
            return;
    }
    if (count < 2 || count == failures->count)
        return;
    qsort(rows, count, sizeof *rows, cmp_mx_sum);
    put_title(c, msg_report_by_mx());
    for (size_t i = 0; i < count; i++) {
        buf_printf(&c->out, "  %8llu  ", (unsigned long long)rows[i].sessions);
        if (rows[i].mx.n)
            escape_text(&c->out, rows[i].mx);
        else
            cli_put(c, MSG_TEXT, msg_report_by_mx_unnamed());
        buf_byte(&c->out, '\n');
    }
}

/* --- the whole --- */

static void put_identity(struct cli *c, const struct report_view *v)
{
    const struct rpt_report *r = v->report;
    buf_byte(&c->out, '\n');
    cli_style(c, CLI_DIM);
    if (r->has_range)
        cli_put_line(c, msg_report_identity(r->report_id, r->begin, r->end));
    else
        cli_put_line(c, msg_report_identity_no_range(r->report_id));
    if (r->contact.n)
        cli_put_line(c, msg_report_contact(r->contact));
    cli_put_line(c, msg_report_source(v->source));
    if (!v->lint && report_deviations(v))
        cli_put_line(c, msg_report_deviations(report_deviations(v)));
    cli_style(c, CLI_PLAIN);
}

static void put_lint(struct cli *c, const struct report_view *v)
{
    if (!v->lint)
        return;
    if (v->report->warnings.count == 0) {
        buf_byte(&c->out, '\n');
        cli_put_line(c, msg_report_lint_clean());
        return;
    }
    put_title(c, msg_report_lint_heading());
    cli_put_findings(c, &v->report->warnings);
}

void report_put_text(struct cli *c, const struct report_view *v)
{
    put_headline(c, v);
    if (v->totals.estimated)
        cli_put_line(c, msg_report_estimated());
    if (report_has_failures(v))
        report_put_problems(c, v);
    else
        put_next_step(c, v->report);
    put_policies(c, v->report);
    put_mx_counts(c, v->failures);
    put_identity(c, v);
    put_lint(c, v);
}

void report_put_brief(struct cli *c, const struct report_view *v)
{
    put_headline(c, v);
    if (report_has_failures(v)) {
        report_put_problems(c, v);
        buf_byte(&c->out, '\n');
        cli_style(c, CLI_DIM);
        cli_put_line(c, msg_report_source(v->source));
        cli_style(c, CLI_PLAIN);
    }
    put_lint(c, v);
    if (v->lint || report_has_failures(v))
        buf_byte(&c->out, '\n');
}
