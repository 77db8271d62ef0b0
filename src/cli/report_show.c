#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/report_view.h"
#include "mail/intake.h"

/* One report with what is made of it; INTAKE_JSON_MAX of text becomes less than this. */
#define REPORT_ARENA_MAX ((size_t)512 * 1024 * 1024)
#define BRIEF_MAX        ((size_t)16 * 1024 * 1024)
/* The errors of a JSON answer are kept until its end. */
#define ERRORS_MAX ((size_t)16 * 1024 * 1024)

struct showing {
    struct cli *c;
    struct arena arena; /* of one report at a time */
    int status;
    bool lint, strict, raw;
    uint64_t reports, sessions, failed, bad, unreadable;
    uint64_t found_here; /* reports and errors of one argument */
    struct buf brief;    /* the first report in short, until it is known whether a second comes */
    struct json_writer json;
    struct buf error_text;
    struct json_writer errors;
};

static uint64_t add(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* --- what cannot be read --- */

static void put_error_json(struct showing *s, struct str source, int64_t offset, struct msg m)
{
    struct json_writer *w = &s->errors;
    if (s->error_text.n > ERRORS_MAX / 2)
        return;
    json_open(w, '{');
    json_key(w, "source");
    json_put_str(w, source);
    json_key(w, "offset"); /* where nothing could be read at all that is the beginning */
    json_put_i64(w, offset >= 0 ? offset : 0);
    json_key(w, "code");
    json_put_str(w, str_from(m.def->id));
    json_key(w, "message");
    json_put_msg(w, s->c->lang, MSG_TEXT, &m);
    json_close(w);
}

/* "SOURCE: WHY"; a message about a file begins with its name already. */
static void say_error(const struct cli *c, struct str source, struct msg m)
{
    struct buf why CLEANUP(buf_done);
    buf_init(&why, 65536);
    msg_render(c->lang, MSG_TEXT, &m, &why);
    if (str_starts(buf_view(&why), source))
        cli_say(c, m);
    else
        cli_say(c, msg_report_unreadable(source, buf_view(&why)));
}

static void take_error(void *user, struct str source, int64_t offset, const struct error *err)
{
    struct showing *s = user;
    bool outside = err->class == ERROR_TEMPORARY || err->class == ERROR_BUG;
    s->status = cli_worse(s->status, outside ? CLI_OUTSIDE : CLI_UNUSABLE);
    s->unreadable++;
    s->found_here++;
    if (s->c->json && !s->raw)
        put_error_json(s, source, offset, err->msg);
    else
        say_error(s->c, source, err->msg);
}

/* --- one report --- */

/* The first report of several is shown in short like the others, a single one in full. */
static void put_text(struct showing *s, const struct report_view *v)
{
    struct cli *c = s->c;
    if (s->reports == 1) {
        report_put_brief(c, v);
        buf_str(&s->brief, buf_view(&c->out));
        buf_reset(&c->out);
        report_put_text(c, v);
        return;
    }
    if (s->reports == 2) {
        buf_reset(&c->out);
        buf_str(&c->out, buf_view(&s->brief));
        buf_done(&s->brief);
    }
    report_put_brief(c, v);
}

static int show(struct showing *s, const struct report_view *v, struct str json)
{
    struct cli *c = s->c;
    if (s->raw) {
        if (!report_put_raw(c, json, &s->arena))
            cli_say(c, msg_report_not_json(v->source));
    } else if (c->json) {
        report_put_json(c, &s->json, v);
    } else {
        put_text(s, v);
        if (s->reports == 1)
            return 0;
    }
    return cli_flush(c) == CLI_FINE ? 0 : -1;
}

static void count(struct showing *s, const struct report_view *v)
{
    bool failures = report_has_failures(v);
    s->reports++;
    s->found_here++;
    s->sessions = add(s->sessions, v->totals.sessions);
    s->failed = add(s->failed, v->totals.failed);
    s->bad += failures;
    s->status = cli_worse(s->status, failures ? CLI_BAD_NEWS : CLI_FINE);
    if (s->strict && report_deviations(v)) {
        s->status = cli_worse(s->status, CLI_UNUSABLE);
        cli_say(s->c, msg_report_strict(v->source, report_deviations(v)));
    }
}

static int take_report(void *user, const struct intake_report *found)
{
    struct showing *s = user;
    struct rpt_report report;
    struct rpt_failures failures;
    struct error err;
    uint64_t offset = 0;
    arena_reset(&s->arena);
    if (rpt_report_read(&report, found->json, &found->hints, &s->arena, &offset, &err) < 0) {
        take_error(s, found->source, (int64_t)offset, &err);
        return 0;
    }
    if (rpt_explain(&failures, &report, NULL, &s->arena, &err) < 0) {
        take_error(s, found->source, -1, &err);
        return 0;
    }
    struct report_view v = {.report = &report,
                            .failures = &failures,
                            .totals = rpt_report_totals(&report, (struct str){NULL, 0}),
                            .source = found->source,
                            .lint = s->lint};
    count(s, &v);
    if (show(s, &v, found->json) == 0)
        return 0;
    s->status = CLI_OUTSIDE;
    return -1;
}

/* --- all of them --- */

static void begin(struct showing *s)
{
    arena_init(&s->arena, REPORT_ARENA_MAX);
    buf_init(&s->brief, BRIEF_MAX);
    buf_init(&s->error_text, ERRORS_MAX);
    json_writer_init(&s->json, &s->c->out, true);
    json_writer_init(&s->errors, &s->error_text, true);
    if (!s->c->json || s->raw)
        return;
    json_open(&s->json, '{');
    json_key(&s->json, "reports");
    json_open(&s->json, '[');
    json_open(&s->errors, '[');
}

static void end(struct showing *s)
{
    struct cli *c = s->c;
    if (c->json && !s->raw) {
        json_close(&s->errors);
        json_close(&s->json);
        json_key(&s->json, "errors");
        json_put_raw(&s->json, str_rtrim(buf_view(&s->error_text)));
        json_close(&s->json);
    } else if (!s->raw && s->reports > 1) {
        cli_put_line(c, msg_report_total(s->reports, s->sessions, s->failed, s->bad));
        if (s->unreadable)
            cli_put_line(c, msg_report_total_unreadable(s->unreadable));
    }
    arena_done(&s->arena);
    buf_done(&s->brief);
    buf_done(&s->error_text);
}

static void read_argument(struct showing *s, struct intake *in, const char *path)
{
    const struct intake_handler handler = {s, take_report, take_error};
    struct error err;
    s->found_here = 0;
    if (intake_path(in, path, &handler) >= 0 && s->found_here == 0) {
        error_set(&err, ERROR_PERMANENT, msg_report_none_found(str_from(path)));
        take_error(s, str_from(path), -1, &err);
    }
}

static int run(struct cli *c)
{
    struct showing s = {.c = c,
                        .lint = cli_flag(c, "lint"),
                        .strict = cli_flag(c, "strict"),
                        .raw = cli_flag(c, "raw")};
    struct intake *in = intake_new();
    struct error err;
    if (!in) {
        error_set_memory(&err);
        return cli_fail(c, &err);
    }
    begin(&s);
    for (size_t i = 0; i < c->arg_count; i++)
        read_argument(&s, in, c->args[i]);
    end(&s);
    intake_free(in);
    return s.status;
}

static const struct cli_option options[] = {
    {"lint", NULL, false, &MSG_REPORT_OPTION_LINT},
    {"strict", NULL, false, &MSG_REPORT_OPTION_STRICT},
    {"raw", NULL, false, &MSG_REPORT_OPTION_RAW},
    {.name = NULL},
};

static const char *const examples[] = {
    "sealpost report show 'google.com!example.org!1565222400!1565308799!001.json.gz'",
    "sealpost report show --lint - < report.eml",
    "sealpost report show --json ~/Maildir",
    NULL,
};

const struct cli_command cli_report_show = {
    .name = "report show",
    .synopsis = "FILE|-...",
    .summary = &MSG_REPORT_SHOW_SUMMARY,
    .examples = examples,
    .options = options,
    .args_min = 1,
    .args_max = CLI_ARGS_ANY,
    .run = run,
};
