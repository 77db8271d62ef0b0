/* A finished check for people: step by step, the verdict last. */
#include "cli/check_view.h"
#include "cli/messages.h"
#include "cli/wrap.h"

#define INDENT 2 /* of the word that grades a result */
#define DEEPER 4 /* of lines that can be pasted, below their text */

struct text {
    struct cli *c;
    unsigned width;
    unsigned indent;              /* of texts: behind the longest grade */
    struct buf meaning, fix;      /* of the result before, in its step */
    const struct msg_def *before; /* its code */
    struct buf line, place, scratch;
};

static const enum cli_style styles[] = {
    [CHECK_OK] = CLI_GREEN,
    [CHECK_NOTE] = CLI_DIM,
    [CHECK_WARNING] = CLI_YELLOW,
    [CHECK_ERROR] = CLI_RED,
};

static void text_init(struct text *t, struct cli *c, unsigned width)
{
    *t = (struct text){.c = c, .width = width};
    struct buf *bufs[] = {&t->meaning, &t->fix, &t->line, &t->place, &t->scratch};
    for (size_t i = 0; i < ARRAY_LEN(bufs); i++)
        buf_init(bufs[i], CHECK_VIEW_TEXT_MAX);
    for (unsigned grade = 0; grade < CHECK_GRADE_COUNT; grade++) {
        buf_reset(&t->line);
        check_render_grade(c->lang, (enum check_grade)grade, &t->line);
        unsigned columns = (unsigned)wrap_columns(buf_view(&t->line)) + INDENT + 2;
        if (columns > t->indent)
            t->indent = columns;
    }
}

static void text_done(struct text *t)
{
    buf_done(&t->meaning);
    buf_done(&t->fix);
    buf_done(&t->line);
    buf_done(&t->place);
    buf_done(&t->scratch);
}

/* Text behind a mark that has been put already, which took `columns`. */
static void put_behind(struct text *t, struct str text, unsigned columns, unsigned indent)
{
    buf_reset(&t->scratch);
    wrap_put_as(&t->scratch, text, &(struct wrap){indent, indent + DEEPER, t->width});
    buf_str(&t->c->out, str_skip(buf_view(&t->scratch), columns));
}

static void put_mark(struct text *t, const struct check_result *result)
{
    struct cli *c = t->c;
    buf_reset(&t->scratch);
    check_render_grade(c->lang, result->grade, &t->scratch);
    buf_printf(&c->out, "%*s", INDENT, "");
    cli_style(c, styles[result->grade]);
    buf_str(&c->out, buf_view(&t->scratch));
    cli_style(c, CLI_PLAIN);
    unsigned columns = INDENT + (unsigned)wrap_columns(buf_view(&t->scratch));
    buf_reset(&t->line);
    buf_reset(&t->place);
    struct buf text CLEANUP(buf_done);
    buf_init(&text, CHECK_VIEW_TEXT_MAX);
    msg_render(c->lang, MSG_TEXT, &result->msg, &text);
    check_render_place(c->lang, result, buf_view(&text), &t->place);
    if (t->place.n) {
        struct msg colon = msg_finding_colon();
        buf_str(&t->line, buf_view(&t->place));
        msg_render(c->lang, MSG_TEXT, &colon, &t->line);
    }
    buf_str(&t->line, buf_view(&text));
    put_behind(t, buf_view(&t->line), columns, t->indent);
}

/* Puts t->line below the result, unless the result before said the very same. */
static void put_below(struct text *t, struct buf *said, bool same_code)
{
    if (same_code && str_eq(buf_view(said), buf_view(&t->line)))
        return;
    buf_reset(said);
    buf_str(said, buf_view(&t->line));
    if (t->line.n)
        put_behind(t, buf_view(&t->line), 0, t->indent);
}

static void render_fix(struct text *t, const struct msg *m)
{
    struct msg lead = msg_check_view_fix(STR(""));
    buf_reset(&t->line);
    if (!msg_has(m, MSG_FIX))
        return;
    msg_render(t->c->lang, MSG_TEXT, &lead, &t->line);
    msg_render(t->c->lang, MSG_FIX, m, &t->line);
}

static void put_result(struct text *t, const struct check_result *result)
{
    put_mark(t, result);
    if (result->grade >= CHECK_WARNING) {
        bool same_code = t->before == result->msg.def;
        buf_reset(&t->line);
        check_render_meaning(t->c->lang, result, &t->line);
        put_below(t, &t->meaning, same_code);
        render_fix(t, &result->msg);
        put_below(t, &t->fix, same_code);
    }
    t->before = result->msg.def;
}

static void put_bold(struct cli *c, struct str text)
{
    cli_style(c, CLI_BOLD);
    buf_str(&c->out, text);
    cli_style(c, CLI_PLAIN);
    buf_byte(&c->out, '\n');
}

static void put_step(struct text *t, const struct check_results *results, enum check_step step)
{
    if (!results->step[step].first)
        return;
    buf_reset(&t->line);
    check_render_step(t->c->lang, step, &t->line);
    buf_byte(&t->c->out, '\n');
    put_bold(t->c, buf_view(&t->line));
    t->before = NULL;
    for (const struct check_result *i = results->step[step].first; i; i = i->next)
        put_result(t, i);
}

/* A number, then the fix; where it is about one of several hosts, that too. */
static void put_next(struct text *t, const struct check_result *result, unsigned number)
{
    enum lang lang = t->c->lang;
    struct buf text CLEANUP(buf_done);
    buf_init(&text, CHECK_VIEW_TEXT_MAX);
    msg_render(lang, msg_has(&result->msg, MSG_FIX) ? MSG_FIX : MSG_TEXT, &result->msg, &text);
    buf_reset(&t->place);
    check_render_place(lang, result, buf_view(&text), &t->place);
    buf_reset(&t->line);
    if (t->place.n) {
        struct msg colon = msg_finding_colon();
        buf_str(&t->line, buf_view(&t->place));
        msg_render(lang, MSG_TEXT, &colon, &t->line);
    }
    buf_str(&t->line, buf_view(&text));
    size_t before = t->c->out.n;
    buf_printf(&t->c->out, "%*s%u. ", INDENT, "", number);
    unsigned columns = (unsigned)(t->c->out.n - before);
    put_behind(t, buf_view(&t->line), columns, columns);
}

static void put_next_steps(struct text *t, const struct check_verdict *verdict)
{
    unsigned number = 0;
    for (size_t i = 0; i < CHECK_NEXT_STEPS; i++) {
        if (!verdict->next[i])
            continue;
        if (number == 0) {
            struct msg heading = msg_check_view_next();
            buf_reset(&t->line);
            msg_render(t->c->lang, MSG_TEXT, &heading, &t->line);
            buf_byte(&t->c->out, '\n');
            put_bold(t->c, buf_view(&t->line));
        }
        put_next(t, verdict->next[i], ++number);
    }
}

static void put_heading(struct text *t, const struct check_report *report)
{
    const struct check_facts *facts = report->facts;
    struct msg name = facts->unicode.n
                          ? msg_check_view_domain_unicode(facts->domain, facts->unicode)
                          : msg_check_view_domain(facts->domain);
    buf_reset(&t->line);
    msg_render(t->c->lang, MSG_TEXT, &name, &t->line);
    put_bold(t->c, buf_view(&t->line));
    cli_style(t->c, CLI_DIM);
    cli_put(t->c, MSG_TEXT, msg_check_view_time(facts->now, facts->elapsed_ms));
    cli_style(t->c, CLI_PLAIN);
    buf_byte(&t->c->out, '\n');
}

void check_put_text(struct cli *c, const struct check_report *report, unsigned width)
{
    struct text t CLEANUP(text_done);
    text_init(&t, c, width);
    put_heading(&t, report);
    for (unsigned step = 0; step < CHECK_STEP_COUNT; step++)
        put_step(&t, report->results, (enum check_step)step);
    put_next_steps(&t, report->verdict);
    buf_byte(&c->out, '\n');
    if (report->results->total > CHECK_RESULTS_MAX)
        cli_put_line(c, msg_check_view_more(report->results->total - CHECK_RESULTS_MAX));
    cli_put_line(c, msg_check_view_counts(report->results->count[CHECK_ERROR],
                                          report->results->count[CHECK_WARNING],
                                          report->results->count[CHECK_NOTE]));
}

void check_put_totals(struct cli *c, const struct check_totals *totals)
{
    buf_byte(&c->out, '\n');
    cli_style(c, CLI_BOLD);
    cli_put(c, MSG_TEXT,
            msg_check_view_totals(totals->good + totals->bad + totals->unknown, totals->good,
                                  totals->bad, totals->unknown));
    cli_style(c, CLI_PLAIN);
    buf_byte(&c->out, '\n');
}
