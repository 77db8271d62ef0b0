#include "net/smtp_reply.h"

#define CODE_DIGITS 3

void smtp_reply_init(struct smtp_reply *r)
{
    *r = (struct smtp_reply){.fault = SMTP_REPLY_OK};
}

/* A line is whole. */
static enum smtp_reply_fault end_line(struct smtp_reply *r)
{
    size_t content = r->in_line - (r->after_cr ? 1 : 0);
    if (content < CODE_DIGITS)
        return SMTP_REPLY_NO_CODE;
    r->last = r->last || content == CODE_DIGITS; /* the code alone */
    r->bare_lf = r->bare_lf || !r->after_cr;
    r->in_line = 0;
    r->line_code = 0;
    r->after_cr = false;
    return SMTP_REPLY_OK;
}

/* The byte behind the code; that of a line's end is no byte of the line. */
static enum smtp_reply_fault read_separator(struct smtp_reply *r, char c)
{
    if (r->lines == 1)
        r->code = r->line_code;
    else if (r->code != r->line_code)
        return SMTP_REPLY_CODE_CHANGES;
    r->last = c != '-';
    return c == ' ' || c == '-' || c == '\r' ? SMTP_REPLY_OK : SMTP_REPLY_NO_CODE;
}

static enum smtp_reply_fault read_digit(struct smtp_reply *r, char c)
{
    if (!ascii_is_digit(c) || (r->in_line == 0 && (c < '2' || c > '5')))
        return SMTP_REPLY_NO_CODE;
    if (r->in_line == 0 && ++r->lines > SMTP_REPLY_LINES_MAX)
        return SMTP_REPLY_MANY_LINES;
    r->line_code = r->line_code * 10 + (unsigned)(c - '0');
    return SMTP_REPLY_OK;
}

static enum smtp_reply_fault read_byte(struct smtp_reply *r, char c, bool *line_ended)
{
    enum smtp_reply_fault fault = SMTP_REPLY_OK;
    if (++r->scanned > SMTP_REPLY_MAX)
        return SMTP_REPLY_LONG;
    *line_ended = c == '\n';
    if (c == '\n' && r->in_line == CODE_DIGITS)
        fault = read_separator(r, '\r');
    if (c == '\n')
        return fault != SMTP_REPLY_OK ? fault : end_line(r);
    if (r->in_line < CODE_DIGITS)
        fault = read_digit(r, c);
    else if (r->in_line == CODE_DIGITS)
        fault = read_separator(r, c);
    /* "250" CR and no LF: the CR was no end. */
    else if (r->in_line == CODE_DIGITS + 1 && r->after_cr)
        fault = SMTP_REPLY_NO_CODE;
    r->in_line++;
    r->after_cr = c == '\r';
    if (fault == SMTP_REPLY_OK && r->in_line - (r->after_cr ? 1 : 0) > SMTP_REPLY_LINE_MAX)
        fault = SMTP_REPLY_LONG_LINE;
    return fault;
}

enum smtp_progress smtp_reply_read(struct smtp_reply *r, struct str bytes)
{
    while (r->scanned < bytes.n) {
        bool line_ended;
        r->fault = read_byte(r, bytes.p[r->scanned], &line_ended);
        if (r->fault != SMTP_REPLY_OK)
            return SMTP_NOT_REPLY;
        if (line_ended && r->last) {
            r->size = r->scanned;
            return SMTP_COMPLETE;
        }
    }
    return SMTP_MORE;
}

bool smtp_reply_line(struct str *rest, struct str *text)
{
    struct str line;
    if (rest->n == 0)
        return false;
    str_cut(*rest, '\n', &line, rest);
    if (str_ends(line, STR("\r")))
        line.n--;
    *text = str_skip(line, CODE_DIGITS + 1);
    return true;
}

void smtp_reply_text(struct str bytes, size_t max, struct buf *out)
{
    struct str text;
    for (bool first = true; smtp_reply_line(&bytes, &text); first = false) {
        size_t room = max - (first ? 0 : 1);
        if (max == 0 || (!first && room == 0))
            return;
        if (!first)
            buf_byte(out, ' ');
        text = str_head(text, room);
        buf_str(out, text);
        max = room - text.n;
    }
}

bool smtp_reply_offers(struct str bytes, struct str keyword)
{
    struct str text;
    for (bool first = true; smtp_reply_line(&bytes, &text); first = false) {
        size_t n = 0;
        while (n < text.n && text.p[n] != ' ' && text.p[n] != '\t' && text.p[n] != '=')
            n++;
        if (!first && str_ieq(str_head(text, n), keyword))
            return true;
    }
    return false;
}

const char *smtp_reply_fault_name(enum smtp_reply_fault fault)
{
    static const char *const names[] = {
        [SMTP_REPLY_OK] = "ok",
        [SMTP_REPLY_NO_CODE] = "no-reply-code",
        [SMTP_REPLY_CODE_CHANGES] = "reply-code-changes",
        [SMTP_REPLY_LONG_LINE] = "reply-line-too-long",
        [SMTP_REPLY_MANY_LINES] = "reply-has-too-many-lines",
        [SMTP_REPLY_LONG] = "reply-too-long",
    };
    return names[fault];
}
