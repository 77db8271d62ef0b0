#include "base/json_read.h"
#include "base/utf8.h"
#include "cli/report_view.h"

#define UTF16_AS_UTF8_MAX ((size_t)128 * 1024 * 1024)

/* The original is shown as JSON, whatever small slips it has. */
static void take_slip(void *user, enum json_slip slip)
{
    (void)user;
    (void)slip;
}

static bool copy_value(struct json_reader *r, struct json_writer *w);

static bool copy_members(struct json_reader *r, struct json_writer *w)
{
    struct str key;
    while (json_next_key(r, &key)) {
        char *name = arena_cstr(r->arena, key);
        if (!name)
            return false;
        json_key(w, name);
        if (!copy_value(r, w))
            return false;
    }
    return r->error == JSON_OK;
}

static bool copy_elements(struct json_reader *r, struct json_writer *w)
{
    while (json_next_element(r)) {
        if (!copy_value(r, w))
            return false;
    }
    return r->error == JSON_OK;
}

/* Goes as deep as the reader does: JSON_DEPTH_MAX. */
// NOLINTNEXTLINE(misc-no-recursion)
static bool copy_value(struct json_reader *r, struct json_writer *w)
{
    enum json_type type = json_peek(r);
    struct str s;
    if (type == JSON_STRING) {
        if (json_string(r, &s))
            json_put_str(w, s);
        return r->error == JSON_OK;
    }
    if (type != JSON_OBJECT && type != JSON_ARRAY) {
        if (!json_skip(r, &s))
            return false;
        json_put_raw(w, s);
        return true;
    }
    if (!json_enter(r))
        return false;
    json_open(w, type == JSON_OBJECT ? '{' : '[');
    bool whole = type == JSON_OBJECT ? copy_members(r, w) : copy_elements(r, w);
    json_close(w);
    return whole;
}

/* Without byte order mark, UTF-16 as UTF-8; a report begins with an ASCII character, which tells
 * UTF-16 without a mark. */
static struct str as_utf8(struct str json, struct buf *room)
{
    if (str_starts(json, STR("\xef\xbb\xbf")))
        return str_skip(json, 3);
    bool little = str_starts(json, STR("\xff\xfe")), big = str_starts(json, STR("\xfe\xff"));
    size_t mark = little || big ? 2 : 0;
    if (!mark && json.n >= 2) {
        little = json.p[0] && !json.p[1];
        big = !json.p[0] && json.p[1];
    }
    if (!little && !big)
        return json;
    utf8_from_utf16(room, str_skip(json, mark), big);
    return buf_view(room);
}

bool report_put_raw(struct cli *c, struct str json, struct arena *arena)
{
    struct buf room CLEANUP(buf_done);
    struct json_reader r;
    struct json_writer w;
    buf_init(&room, UTF16_AS_UTF8_MAX);
    json_reader_init(&r, as_utf8(json, &room), arena);
    r.tolerated = take_slip;
    json_writer_init(&w, &c->out, true);
    return copy_value(&r, &w);
}
