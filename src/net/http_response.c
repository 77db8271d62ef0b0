#include "net/http_response.h"

#include <string.h>

enum field {
    FIELD_CONTENT_TYPE,
    FIELD_CONTENT_LENGTH,
    FIELD_LOCATION,
    FIELD_CACHE_CONTROL,
    FIELD_AGE,
    FIELD_EXPIRES,
    FIELD_DATE,
    FIELD_SERVER,
    FIELD_RETRY_AFTER,
    FIELD_TRANSFER_ENCODING,
    FIELD_OTHER,
};

static const struct str field_names[] = {
    [FIELD_CONTENT_TYPE] = STR_INIT("content-type"),
    [FIELD_CONTENT_LENGTH] = STR_INIT("content-length"),
    [FIELD_LOCATION] = STR_INIT("location"),
    [FIELD_CACHE_CONTROL] = STR_INIT("cache-control"),
    [FIELD_AGE] = STR_INIT("age"),
    [FIELD_EXPIRES] = STR_INIT("expires"),
    [FIELD_DATE] = STR_INIT("date"),
    [FIELD_SERVER] = STR_INIT("server"),
    [FIELD_RETRY_AFTER] = STR_INIT("retry-after"),
    [FIELD_TRANSFER_ENCODING] = STR_INIT("transfer-encoding"),
};

void http_response_init(struct http_response *r, struct arena *arena)
{
    *r = (struct http_response){.arena = arena};
}

/* RFC 9110 5.6.2. */
static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!ascii_is_alnum(s.p[i]) && (!s.p[i] || !strchr("!#$%&'*+-.^_`|~", s.p[i])))
            return false;
    }
    return s.n != 0;
}

static enum field find_field(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(field_names); i++) {
        if (str_ieq(name, field_names[i]))
            return (enum field)i;
    }
    return FIELD_OTHER;
}

static struct str *place_of(struct http_response *r, enum field field)
{
    switch (field) {
    case FIELD_CONTENT_TYPE:
        return &r->content_type;
    case FIELD_LOCATION:
        return &r->location;
    case FIELD_CACHE_CONTROL:
        return &r->cache_control;
    case FIELD_AGE:
        return &r->age;
    case FIELD_EXPIRES:
        return &r->expires;
    case FIELD_DATE:
        return &r->date;
    case FIELD_SERVER:
        return &r->server;
    case FIELD_RETRY_AFTER:
        return &r->retry_after;
    case FIELD_CONTENT_LENGTH:
    case FIELD_TRANSFER_ENCODING:
    case FIELD_OTHER:
        break;
    }
    return NULL;
}

/* "HTTP/1.1 200 OK", RFC 9112 4: the reason, and the blank before it, may be missing. */
static bool read_status_line(struct http_response *r, struct str line)
{
    const size_t version = sizeof "HTTP/1.1" - 1, least = version + 4;
    uint64_t status;
    if (line.n < least || !str_starts(line, STR("HTTP/1.")) ||
        !ascii_is_digit(line.p[version - 1]) || line.p[version] != ' ' ||
        !str_to_u64(str_head(str_skip(line, version + 1), 3), &status) || status < 100)
        return false;
    if (line.n > least && line.p[least] != ' ')
        return false;
    *r = (struct http_response){.arena = r->arena, .bytes = r->bytes, .status = (unsigned)status};
    r->interim = status < 200;
    return true;
}

static void keep(struct http_response *r, enum field field, struct str value)
{
    if (r->interim || r->seen & 1U << field)
        return;
    r->seen |= 1U << field;
    if (field == FIELD_CONTENT_LENGTH)
        r->has_content_length = str_to_u64(value, &r->content_length);
    if (field == FIELD_CONTENT_TYPE)
        r->has_content_type = true;
    if (field == FIELD_TRANSFER_ENCODING)
        r->has_transfer_encoding = true;
    r->last = place_of(r, field);
    if (r->last)
        *r->last = arena_str(r->arena, str_head(value, HTTP_RESPONSE_VALUE_MAX));
}

/* A line that begins with a blank goes on the value before it (RFC 9112 5.2), a space between. */
static void continue_value(struct http_response *r, struct str more)
{
    if (!r->last || !more.n || r->last->n + 1 >= HTTP_RESPONSE_VALUE_MAX)
        return;
    if (!r->room) {
        r->room = arena_alloc(r->arena, HTTP_RESPONSE_VALUE_MAX);
        if (!r->room)
            return;
        memcpy(r->room, r->last->n ? r->last->p : "", r->last->n);
    }
    size_t n = r->last->n;
    if (n)
        r->room[n++] = ' ';
    more = str_head(more, HTTP_RESPONSE_VALUE_MAX - n);
    memcpy(r->room + n, more.p, more.n);
    *r->last = str_trim((struct str){r->room, n + more.n});
}

static bool read_field_line(struct http_response *r, struct str line)
{
    struct str name, value;
    if (line.p[0] == ' ' || line.p[0] == '\t') {
        continue_value(r, str_trim(line));
        return true;
    }
    if (!str_cut(line, ':', &name, &value) || !is_token(name))
        return false;
    r->last = NULL;
    r->room = NULL;
    keep(r, find_field(name), str_trim(value));
    return true;
}

enum http_line_result http_response_line(struct http_response *r, struct str line)
{
    if (line.n > HTTP_RESPONSE_HEAD_MAX - r->bytes)
        return HTTP_LINE_TOO_MANY;
    r->bytes += line.n;
    if (r->complete)
        return HTTP_LINE_TAKEN;
    if (str_ends(line, STR("\n")))
        line = str_head(line, line.n - 1);
    if (str_ends(line, STR("\r")))
        line = str_head(line, line.n - 1);
    /* RFC 9110 5.5; what would end a line or a text elsewhere. */
    if (line.n && (memchr(line.p, '\0', line.n) || memchr(line.p, '\r', line.n) ||
                   memchr(line.p, '\n', line.n)))
        return HTTP_LINE_MALFORMED;
    if (r->status == 0 || (r->interim && str_starts(line, STR("HTTP/"))))
        return read_status_line(r, line) ? HTTP_LINE_TAKEN : HTTP_LINE_MALFORMED;
    if (line.n == 0) {
        r->complete = !r->interim;
        return HTTP_LINE_TAKEN;
    }
    return read_field_line(r, line) ? HTTP_LINE_TAKEN : HTTP_LINE_MALFORMED;
}
