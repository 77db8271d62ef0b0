#include "base/log.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/timefmt.h"

#define LINE_MAX_BYTES  8192
#define VALUE_MAX_BYTES 1024

/* Process-wide by nature: there is one standard error. Set before threads start. */
static enum log_level lowest = LOG_INFO;
static const char *role_name;

static const char *const level_names[] = {"error", "warn", "info", "debug"};

void log_set_level(enum log_level level)
{
    lowest = level;
}

void log_set_role(const char *role)
{
    role_name = role;
}

bool log_level_parse(struct str name, enum log_level *out)
{
    for (size_t i = 0; i < ARRAY_LEN(level_names); i++) {
        if (str_eq(name, str_from(level_names[i]))) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

static void put_prefix(struct buf *line, enum log_level level)
{
    static const char journal_priority[] = {'3', '4', '6', '7'};
    if (getenv("JOURNAL_STREAM")) {
        buf_printf(line, "<%c>", journal_priority[level]);
    } else {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        buf_cstr(line, "time=");
        time_print(line, now.tv_sec);
        buf_byte(line, ' ');
    }
}

static void put_value(struct buf *line, struct str s)
{
    struct buf clipped CLEANUP(buf_done);
    buf_init(&clipped, VALUE_MAX_BYTES + 8);
    buf_str(&clipped, str_head(s, VALUE_MAX_BYTES));
    if (s.n > VALUE_MAX_BYTES)
        buf_cstr(&clipped, "...");
    escape_logfmt(line, buf_view(&clipped));
}

static void put_part(struct buf *line, const char *key, enum msg_part part, const struct msg *m)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, LINE_MAX_BYTES);
    msg_render(LANG_EN, part, m, &text);
    buf_printf(line, "%s=", key);
    put_value(line, buf_view(&text));
}

static void put_msg(struct buf *line, const char *key, const struct msg *m)
{
    buf_printf(line, "code=%s ", m->def ? m->def->id : "none");
    put_part(line, key, MSG_TEXT, m);
    if (msg_has(m, MSG_FIX)) {
        buf_byte(line, ' ');
        put_part(line, "fix", MSG_FIX, m);
    }
}

static void put_field(struct buf *line, const struct log_field *f)
{
    buf_byte(line, ' ');
    if (f->type == LOG_FIELD_MSG) {
        put_msg(line, f->key, f->msg);
        return;
    }
    buf_cstr(line, f->key);
    buf_byte(line, '=');
    if (f->type == LOG_FIELD_STR)
        put_value(line, f->str);
    else if (f->type == LOG_FIELD_U64)
        buf_u64(line, f->u64);
    else
        buf_printf(line, "%lld", (long long)f->i64);
}

void log_line(struct buf *line, enum log_level level, const char *event,
              const struct log_field *fields, size_t n)
{
    put_prefix(line, level);
    buf_printf(line, "level=%s event=%s", level_names[level], event);
    if (role_name)
        buf_printf(line, " role=%s", role_name);
    for (size_t i = 1; i < n; i++)
        put_field(line, &fields[i]);
    buf_byte(line, '\n');
}

void log_event(enum log_level level, const char *event, const struct log_field *fields, size_t n)
{
    if (level > lowest)
        return;
    struct buf line CLEANUP(buf_done);
    buf_init(&line, LINE_MAX_BYTES);
    log_line(&line, level, event, fields, n);
    if (line.failed) {
        buf_reset(&line);
        buf_printf(&line, "level=%s event=%s clipped=yes\n", level_names[level], event);
    }
    /* A log that cannot be written has nowhere to complain. */
    ssize_t ignored = write(STDERR_FILENO, line.p, line.n);
    (void)ignored;
}
