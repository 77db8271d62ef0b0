#include "cli/cli.h"
#include "cli/messages.h"

static void put_place(struct cli *c, const struct finding *f, bool in_records)
{
    if (f->path.n)
        cli_put(c, MSG_TEXT, msg_finding_at_path(f->path));
    else if (in_records && f->line && f->column)
        cli_put(c, MSG_TEXT, msg_finding_at_record_column(f->line, f->column));
    else if (in_records && f->line)
        cli_put(c, MSG_TEXT, msg_finding_at_record(f->line));
    else if (f->line && f->column)
        cli_put(c, MSG_TEXT, msg_finding_at_column(f->line, f->column));
    else if (f->line)
        cli_put(c, MSG_TEXT, msg_finding_at_line(f->line));
}

static void put_severity(struct cli *c, enum severity severity)
{
    static const enum cli_style styles[] = {CLI_GREEN, CLI_YELLOW, CLI_RED};
    struct msg words[] = {msg_finding_note(), msg_finding_warning(), msg_finding_error()};
    cli_style(c, styles[severity]);
    cli_put(c, MSG_TEXT, words[severity]);
    cli_style(c, CLI_PLAIN);
}

static void put_findings(struct cli *c, const struct findings *findings, bool in_records)
{
    unsigned number = 0;
    for (const struct finding *f = findings->first; f; f = f->next) {
        number++;
        if (f->path.n)
            buf_printf(&c->out, "%u. ", number);
        put_severity(c, f->severity);
        put_place(c, f, in_records);
        cli_put(c, MSG_TEXT, msg_finding_colon());
        cli_put(c, MSG_TEXT, f->msg);
        buf_byte(&c->out, '\n');
        if (!msg_has(&f->msg, MSG_FIX))
            continue;
        buf_cstr(&c->out, "    ");
        cli_put(c, MSG_FIX, f->msg);
        buf_byte(&c->out, '\n');
    }
    if (findings->count > findings->max)
        cli_put_line(c, msg_finding_more(findings->count - findings->max));
}

void cli_put_findings(struct cli *c, const struct findings *findings)
{
    put_findings(c, findings, false);
}

void cli_put_record_findings(struct cli *c, const struct findings *findings)
{
    put_findings(c, findings, true);
}

static void put_number(struct json_writer *w, const char *key, uint64_t value)
{
    json_key(w, key);
    if (value)
        json_put_u64(w, value);
    else
        json_put_null(w);
}

void cli_json_findings(const struct cli *c, struct json_writer *w, const struct findings *findings)
{
    json_open(w, '[');
    for (const struct finding *f = findings->first; f; f = f->next) {
        json_open(w, '{');
        json_key(w, "severity");
        json_put_str(w, str_from(severity_name(f->severity)));
        json_key(w, "code");
        json_put_str(w, str_from(f->msg.def->id));
        put_number(w, "line", f->line);
        put_number(w, "column", f->column);
        if (f->path.n) {
            json_key(w, "path");
            json_put_str(w, f->path);
        }
        json_key(w, "message");
        json_put_msg(w, c->lang, MSG_TEXT, &f->msg);
        json_key(w, "fix");
        json_put_msg(w, c->lang, MSG_FIX, &f->msg);
        json_close(w);
    }
    json_close(w);
}
