#include "base/json_write.h"

#include "base/escape.h"
#include "base/timefmt.h"

void json_writer_init(struct json_writer *w, struct buf *out, bool pretty)
{
    *w = (struct json_writer){.out = out, .pretty = pretty};
}

static void new_line(struct json_writer *w)
{
    if (!w->pretty)
        return;
    buf_byte(w->out, '\n');
    for (unsigned i = 0; i < w->depth; i++)
        buf_cstr(w->out, "  ");
}

/* The comma and the line that stand before a value, or nothing behind a key. */
static void before_value(struct json_writer *w)
{
    if (w->after_key) {
        w->after_key = false;
        return;
    }
    if (w->has_member[w->depth])
        buf_byte(w->out, ',');
    w->has_member[w->depth] = true;
    if (w->depth)
        new_line(w);
}

void json_open(struct json_writer *w, char bracket)
{
    before_value(w);
    if (w->depth == JSON_WRITE_DEPTH_MAX) {
        w->out->failed = true;
        return;
    }
    buf_byte(w->out, bracket);
    w->closer[w->depth++] = bracket == '{' ? '}' : ']';
    w->has_member[w->depth] = false;
}

void json_close(struct json_writer *w)
{
    if (w->depth == 0)
        return;
    bool empty = !w->has_member[w->depth];
    w->depth--;
    if (!empty)
        new_line(w);
    buf_byte(w->out, w->closer[w->depth]);
    if (w->depth == 0 && w->pretty)
        buf_byte(w->out, '\n');
}

static void put_quoted(struct json_writer *w, struct str s)
{
    buf_byte(w->out, '"');
    escape_json(w->out, s);
    buf_byte(w->out, '"');
}

void json_key(struct json_writer *w, const char *key)
{
    before_value(w);
    put_quoted(w, str_from(key));
    buf_cstr(w->out, w->pretty ? ": " : ":");
    w->after_key = true;
}

void json_put_str(struct json_writer *w, struct str s)
{
    before_value(w);
    put_quoted(w, s);
}

void json_put_u64(struct json_writer *w, uint64_t value)
{
    before_value(w);
    buf_u64(w->out, value);
}

void json_put_i64(struct json_writer *w, int64_t value)
{
    before_value(w);
    buf_printf(w->out, "%lld", (long long)value);
}

void json_put_bool(struct json_writer *w, bool value)
{
    before_value(w);
    buf_cstr(w->out, value ? "true" : "false");
}

void json_put_null(struct json_writer *w)
{
    before_value(w);
    buf_cstr(w->out, "null");
}

void json_put_raw(struct json_writer *w, struct str json)
{
    before_value(w);
    buf_str(w->out, json);
}

void json_put_time(struct json_writer *w, int64_t unix_seconds)
{
    before_value(w);
    buf_byte(w->out, '"');
    time_print(w->out, unix_seconds);
    buf_byte(w->out, '"');
}

void json_put_msg(struct json_writer *w, enum lang lang, enum msg_part part, const struct msg *m)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, 64 * 1024);
    if (msg_render(lang, part, m, &text))
        json_put_str(w, buf_view(&text));
    else
        json_put_null(w);
}
