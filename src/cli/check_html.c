/* A finished check as a page: no script, nothing fetched, readable on a phone and on paper. */
#include "base/escape.h"
#include "cli/check_view.h"
#include "cli/messages.h"

/* No blanks where CSS does without: the lint takes three words in a row for a sentence. */
static const char style[] =
    ":root{color-scheme:light dark;--fg:#1b1b1b;--bg:#fff;--dim:#5c5c5c;--rule:1px solid #d8d8d8;"
    "--box:#f5f5f5;--ok:#1a7f37;--note:#57606a;--warning:#8a5a00;--error:#b42318}"
    "@media (prefers-color-scheme:dark){:root{--fg:#e6e6e6;--bg:#161616;--dim:#a0a0a0;"
    "--rule:1px solid "
    "#3a3a3a;--box:#222;--ok:#4ac26b;--note:#9aa4ae;--warning:#e3b341;--error:#ff7b72}}"
    "*{box-sizing:border-box}"
    "body{margin:0 auto;padding:1rem;max-width:56rem;font:1rem/1.5 system-ui,sans-serif;"
    "color:var(--fg);background:var(--bg);overflow-wrap:anywhere}"
    "h1{font-size:1.6rem;line-height:1.25;margin:1rem 0 .25rem}"
    "h2{font-size:1.15rem;margin:2rem 0 .5rem;padding-bottom:.25rem;"
    "border-bottom:var(--rule)}"
    "p{margin:.25rem 0}ul,ol{margin:0;padding:0}ol{padding-left:1.5rem}ul{list-style:none}"
    "li{margin:.5rem 0}"
    ".dim{color:var(--dim)}"
    ".grade{font-weight:600;display:inline-block;min-width:4.5rem}"
    ".ok .grade{color:var(--ok)}.note .grade{color:var(--note)}"
    ".warning .grade{color:var(--warning)}.error .grade{color:var(--error)}"
    ".more{margin:.25rem 0 .25rem .25rem;padding-left:.75rem;border-left:var(--rule)}"
    "pre{margin:.25rem 0;padding:.5rem;background:var(--box);white-space:pre-wrap;"
    "font:.9rem/1.4 ui-monospace,monospace}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0}"
    "th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;"
    "border-bottom:var(--rule)}"
    "@media (max-width:36rem){thead{display:none}tr,td{display:block;border:0;padding:0}"
    "tr{padding:.5rem 0;border-bottom:var(--rule)}"
    "td:first-child{font-weight:600}td[data-label]::before{content:attr(data-label) \": \";"
    "color:var(--dim)}}"
    "@media print{body{max-width:none;padding:0;color:#000;background:#fff}"
    "li,tr{break-inside:avoid}h2{break-after:avoid}main+main{break-before:page}}";

static void put_msg(struct buf *out, enum lang lang, enum msg_part part, const struct msg *m)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, CHECK_VIEW_TEXT_MAX);
    msg_render(lang, part, m, &text);
    escape_html(out, buf_view(&text));
}

static void put_text(struct buf *out, enum lang lang, struct msg m)
{
    put_msg(out, lang, MSG_TEXT, &m);
}

/* Foreign bytes on their own: made harmless for the eye, then for HTML. */
static void put_foreign(struct buf *out, struct str s)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, CHECK_VIEW_TEXT_MAX);
    escape_text(&text, s);
    escape_html(out, buf_view(&text));
}

void check_html_begin(struct buf *out, enum lang lang, struct str domains)
{
    buf_printf(out,
               "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
               "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
               "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';"
               "style-src 'unsafe-inline'\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
               "<title>",
               lang_name(lang));
    put_text(out, lang, msg_check_html_title(domains));
    buf_cstr(out, "</title>\n<style>");
    buf_cstr(out, style);
    buf_cstr(out, "</style>\n</head>\n<body>\n");
}

/* The text of a fix: its first line, then what can be pasted. */
static void put_fix(struct buf *out, enum lang lang, const struct msg *m)
{
    struct buf text CLEANUP(buf_done);
    struct str line, rest;
    struct msg lead = msg_check_view_fix(STR(""));
    buf_init(&text, CHECK_VIEW_TEXT_MAX);
    if (!msg_has(m, MSG_FIX))
        return;
    msg_render(lang, MSG_FIX, m, &text);
    bool more = str_cut(buf_view(&text), '\n', &line, &rest);
    buf_cstr(out, "<p>");
    put_msg(out, lang, MSG_TEXT, &lead);
    escape_html(out, line);
    buf_cstr(out, "</p>");
    if (!more)
        return;
    buf_cstr(out, "<pre>");
    while (more) {
        more = str_cut(rest, '\n', &line, &rest);
        escape_html(out, line);
        if (more)
            buf_byte(out, '\n');
    }
    buf_cstr(out, "</pre>");
}

static void put_below(struct buf *out, enum lang lang, const struct check_result *result)
{
    struct buf meaning CLEANUP(buf_done);
    buf_init(&meaning, CHECK_VIEW_TEXT_MAX);
    bool means = check_render_meaning(lang, result, &meaning);
    if (!means && !msg_has(&result->msg, MSG_FIX) && !*result->rfc)
        return;
    buf_cstr(out, "\n<div class=\"more\">");
    if (means) {
        buf_cstr(out, "<p>");
        escape_html(out, buf_view(&meaning));
        buf_cstr(out, "</p>");
    }
    put_fix(out, lang, &result->msg);
    buf_cstr(out, "<p class=\"dim\"><code>");
    escape_html(out, str_from(result->msg.def->id));
    buf_cstr(out, "</code>");
    if (*result->rfc) {
        buf_cstr(out, ", ");
        escape_html(out, str_from(result->rfc));
    }
    buf_cstr(out, "</p></div>");
}

static void put_result(struct buf *out, enum lang lang, const struct check_result *result)
{
    struct buf text CLEANUP(buf_done), place CLEANUP(buf_done);
    buf_init(&text, CHECK_VIEW_TEXT_MAX);
    buf_init(&place, CHECK_VIEW_TEXT_MAX);
    buf_printf(out, "<li class=\"%s\"><span class=\"grade\">", check_grade_name(result->grade));
    check_render_grade(lang, result->grade, out);
    buf_cstr(out, "</span> ");
    msg_render(lang, MSG_TEXT, &result->msg, &text);
    check_render_place(lang, result, buf_view(&text), &place);
    if (place.n) {
        buf_cstr(out, "<b>");
        escape_html(out, buf_view(&place));
        buf_cstr(out, "</b>");
        put_text(out, lang, msg_finding_colon());
    }
    escape_html(out, buf_view(&text));
    if (result->grade != CHECK_OK)
        put_below(out, lang, result);
    buf_cstr(out, "</li>\n");
}

static void put_step(struct buf *out, enum lang lang, const struct check_results *results,
                     enum check_step step)
{
    if (!results->step[step].first)
        return;
    buf_cstr(out, "<h2>");
    check_render_step(lang, step, out);
    buf_cstr(out, "</h2>\n<ul>\n");
    for (const struct check_result *i = results->step[step].first; i; i = i->next)
        put_result(out, lang, i);
    buf_cstr(out, "</ul>\n");
}

static struct msg delivery_words(enum check_delivery delivery)
{
    switch (delivery) {
    case CHECK_DELIVERS:
        return msg_check_html_delivers();
    case CHECK_DELIVERS_UNCHECKED:
        return msg_check_html_unchecked();
    case CHECK_DELIVERS_PLAIN:
        return msg_check_html_plain();
    case CHECK_REFUSES:
        return msg_check_html_refuses();
    case CHECK_UNREACHABLE:
        return msg_check_html_unreachable();
    case CHECK_UNKNOWN:
        break;
    }
    return msg_check_html_unknown();
}

/* A cell that says on a narrow screen, where the table has no head, what it is. */
static void open_cell(struct buf *out, enum lang lang, struct msg label)
{
    buf_cstr(out, "<td data-label=\"");
    put_text(out, lang, label);
    buf_cstr(out, "\">");
}

static void put_mx_row(struct buf *out, enum lang lang, const struct check_mx_verdict *mx)
{
    buf_cstr(out, "<tr><td>");
    put_foreign(out, mx->host);
    buf_cstr(out, "</td>");
    open_cell(out, lang, msg_check_html_column_today());
    put_text(out, lang, delivery_words(mx->today));
    buf_cstr(out, "</td>");
    open_cell(out, lang, msg_check_html_column_enforce());
    put_text(out, lang, delivery_words(mx->enforce));
    buf_cstr(out, "</td>");
    open_cell(out, lang, msg_check_html_column_pattern());
    if (mx->pattern)
        put_foreign(out, *mx->pattern);
    buf_cstr(out, "</td></tr>\n");
}

static void put_mx_table(struct buf *out, enum lang lang, const struct check_verdict *verdict)
{
    const struct msg heads[] = {msg_check_html_column_host(), msg_check_html_column_today(),
                                msg_check_html_column_enforce(), msg_check_html_column_pattern()};
    if (verdict->mx_count == 0)
        return;
    buf_cstr(out, "<h2>");
    put_text(out, lang, msg_check_html_mx());
    buf_cstr(out, "</h2>\n<table>\n<thead><tr>");
    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        buf_cstr(out, "<th scope=\"col\">");
        put_text(out, lang, heads[i]);
        buf_cstr(out, "</th>");
    }
    buf_cstr(out, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < verdict->mx_count; i++)
        put_mx_row(out, lang, &verdict->mx[i]);
    buf_cstr(out, "</tbody>\n</table>\n");
}

static void put_next_steps(struct buf *out, enum lang lang, const struct check_verdict *verdict)
{
    unsigned count = 0;
    for (size_t i = 0; i < CHECK_NEXT_STEPS; i++) {
        const struct check_result *result = verdict->next[i];
        if (!result)
            continue;
        if (count++ == 0) {
            buf_cstr(out, "<h2>");
            put_text(out, lang, msg_check_view_next());
            buf_cstr(out, "</h2>\n<ol>\n");
        }
        buf_cstr(out, "<li>");
        put_msg(out, lang, MSG_TEXT, &result->msg);
        put_fix(out, lang, &result->msg);
        buf_cstr(out, "</li>\n");
    }
    if (count)
        buf_cstr(out, "</ol>\n");
}

static void put_heading(struct buf *out, enum lang lang, const struct check_report *report)
{
    const struct check_facts *facts = report->facts;
    const unsigned *count = report->results->count;
    buf_cstr(out, "<main>\n<h1>");
    put_text(out, lang,
             facts->unicode.n ? msg_check_view_domain_unicode(facts->domain, facts->unicode)
                              : msg_check_view_domain(facts->domain));
    buf_cstr(out, "</h1>\n<p class=\"dim\">");
    put_text(out, lang, msg_check_view_time(facts->now, facts->elapsed_ms));
    buf_cstr(out, "</p>\n<p>");
    put_text(out, lang,
             msg_check_view_counts(count[CHECK_ERROR], count[CHECK_WARNING], count[CHECK_NOTE]));
    buf_cstr(out, "</p>\n");
}

void check_html_put(struct buf *out, enum lang lang, const struct check_report *report)
{
    put_heading(out, lang, report);
    /* What a reader came for stands first; how it was found out, below. */
    put_step(out, lang, report->results, CHECK_VERDICT);
    put_mx_table(out, lang, report->verdict);
    put_next_steps(out, lang, report->verdict);
    for (unsigned step = 0; step < CHECK_VERDICT; step++)
        put_step(out, lang, report->results, (enum check_step)step);
    buf_cstr(out, "</main>\n");
}

void check_html_put_error(struct buf *out, enum lang lang, struct str given,
                          const struct msg *error)
{
    buf_cstr(out, "<main>\n<h1>");
    put_foreign(out, given);
    buf_cstr(out, "</h1>\n<ul><li class=\"error\"><span class=\"grade\">");
    check_render_grade(lang, CHECK_ERROR, out);
    buf_cstr(out, "</span> ");
    put_msg(out, lang, MSG_TEXT, error);
    put_fix(out, lang, error);
    buf_cstr(out, "</li></ul>\n</main>\n");
}

void check_html_end(struct buf *out, enum lang lang)
{
    buf_cstr(out, "<footer><p class=\"dim\">");
    put_text(out, lang, msg_check_html_made(str_from(SEALPOST_VERSION)));
    buf_cstr(out, "</p></footer>\n</body>\n</html>\n");
}
