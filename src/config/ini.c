#include "config/ini.h"

#include <string.h>

#include "base/utf8.h"
#include "config/messages.h"

/* How much of a line a fault quotes. */
#define SHOWN_MAX 60

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_name(struct str s)
{
    if (!s.n || !ascii_is_alpha(s.p[0]))
        return false;
    for (size_t i = 1; i < s.n; i++) {
        if (!ascii_is_alnum(s.p[i]) && s.p[i] != '_')
            return false;
    }
    return true;
}

static bool is_label(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!ascii_is_alnum(s.p[i]) && s.p[i] != '_' && s.p[i] != '-')
            return false;
    }
    return s.n > 0;
}

void ini_init(struct ini_reader *r, struct str text, struct arena *arena)
{
    if (str_starts(text, STR("\xef\xbb\xbf")))
        text = str_skip(text, 3);
    *r = (struct ini_reader){.rest = text, .arena = arena};
}

static void set_fault(struct ini_item *item, struct str line, const char *at, struct msg fault)
{
    item->type = INI_FAULT;
    item->column = (uint64_t)(at - line.p) + 1;
    item->fault = fault;
}

/* Refuses what no line may hold; false when it is a fault. */
static bool check_bytes(struct str line, struct ini_item *item)
{
    if (line.n > INI_LINE_MAX) {
        set_fault(item, line, line.p, msg_ini_line_too_long(INI_LINE_MAX));
        return false;
    }
    for (struct str s = line; s.n;) {
        uint32_t cp;
        size_t n = utf8_decode(s, &cp);
        if (n == 0) {
            set_fault(item, line, s.p, msg_ini_not_utf8());
            return false;
        }
        if ((cp < 0x20 && cp != '\t') || (cp >= 0x7f && cp < 0xa0)) {
            set_fault(item, line, s.p, msg_ini_control_character());
            return false;
        }
        s = str_skip(s, n);
    }
    return true;
}

/* Whether s, which follows a value, is nothing but blanks and perhaps a comment. */
static bool is_tail(struct str s)
{
    struct str t = str_trim(s);
    return !t.n || (t.p != s.p && (t.p[0] == '#' || t.p[0] == ';'));
}

static void read_section(struct str line, struct str s, struct ini_item *item)
{
    struct str name, tail;
    if (!str_cut(str_skip(s, 1), ']', &name, &tail) || !is_tail(tail)) {
        set_fault(item, line, s.p, msg_ini_section_form(str_head(s, SHOWN_MAX)));
        return;
    }
    struct str label = STR("");
    name = str_trim(name);
    bool labelled = str_cut(name, ' ', &name, &label);
    label = str_trim(label);
    if (!is_name(name) || (labelled && !is_label(label))) {
        set_fault(item, line, s.p, msg_ini_section_form(str_head(s, SHOWN_MAX)));
        return;
    }
    item->type = INI_SECTION;
    item->name = name;
    item->label = label;
    item->name_column = item->column = (uint64_t)(name.p - line.p) + 1;
}

static struct str without_escapes(struct arena *arena, struct str s)
{
    char *to = arena_alloc(arena, s.n);
    size_t n = 0;
    if (!to)
        return STR("");
    for (size_t i = 0; i < s.n; i++) {
        i += s.p[i] == '\\';
        to[n++] = s.p[i];
    }
    return (struct str){to, n};
}

/* s begins with a quote. */
static void read_quoted(struct ini_reader *r, struct str line, struct str s, struct ini_item *item)
{
    size_t i = 1;
    bool escapes = false;
    for (; i < s.n && s.p[i] != '"'; i++) {
        if (s.p[i] != '\\')
            continue;
        i++;
        escapes = true;
        if (i >= s.n || (s.p[i] != '"' && s.p[i] != '\\')) {
            set_fault(item, line, s.p + i - 1, msg_ini_quote_escape());
            return;
        }
    }
    if (i >= s.n) {
        set_fault(item, line, s.p, msg_ini_quote_open());
        return;
    }
    if (!is_tail(str_skip(s, i + 1))) {
        set_fault(item, line, s.p + i + 1, msg_ini_quote_tail());
        return;
    }
    item->value = str_head(str_skip(s, 1), i - 1);
    if (escapes)
        item->value = without_escapes(r->arena, item->value);
}

/* The value ends where a blank followed by # or ; begins a comment. */
static struct str until_comment(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((s.p[i] == '#' || s.p[i] == ';') && (i == 0 || is_blank(s.p[i - 1])))
            return str_rtrim(str_head(s, i));
    }
    return str_rtrim(s);
}

static void read_key(struct ini_reader *r, struct str line, struct str s, struct ini_item *item)
{
    struct str name, value;
    if (!str_cut(s, '=', &name, &value)) {
        set_fault(item, line, s.p, msg_ini_no_key(str_head(until_comment(s), SHOWN_MAX)));
        return;
    }
    name = str_trim(name);
    if (!is_name(name)) {
        set_fault(item, line, s.p, msg_ini_key_form(str_head(name, SHOWN_MAX)));
        return;
    }
    const char *end = value.p + value.n;
    while (value.n && is_blank(value.p[0]))
        value = str_skip(value, 1);
    item->type = INI_KEY;
    item->name = name;
    item->name_column = (uint64_t)(name.p - line.p) + 1;
    item->column = (uint64_t)((value.n ? value.p : end) - line.p) + 1;
    if (value.n && value.p[0] == '"')
        read_quoted(r, line, value, item);
    else
        item->value = until_comment(value);
}

bool ini_next(struct ini_reader *r, struct ini_item *item)
{
    while (r->rest.n) {
        struct str line;
        str_cut(r->rest, '\n', &line, &r->rest);
        r->line++;
        if (line.n && line.p[line.n - 1] == '\r')
            line.n--;
        *item = (struct ini_item){.line = r->line};
        if (!check_bytes(line, item))
            return true;
        struct str s = str_trim(line);
        if (!s.n || s.p[0] == '#' || s.p[0] == ';')
            continue;
        if (s.p[0] == '[')
            read_section(line, s, item);
        else
            read_key(r, line, s, item);
        return true;
    }
    return false;
}

static bool needs_quotes(struct str value)
{
    if (!value.n)
        return false;
    if (is_blank(value.p[0]) || is_blank(value.p[value.n - 1]) || value.p[0] == '"')
        return true;
    return str_chr(value, '#') >= 0 || str_chr(value, ';') >= 0;
}

void ini_put_value(struct buf *out, struct str value)
{
    if (!needs_quotes(value)) {
        buf_str(out, value);
        return;
    }
    buf_byte(out, '"');
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == '"' || value.p[i] == '\\')
            buf_byte(out, '\\');
        buf_byte(out, value.p[i]);
    }
    buf_byte(out, '"');
}
