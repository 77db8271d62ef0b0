#include "base/json_read.h"

#include <string.h>

#include "base/escape.h"
#include "base/messages.h"
#include "base/utf8.h"

void json_reader_init(struct json_reader *r, struct str text, struct arena *arena)
{
    /* levels[] is 64 entries long and is filled as it is entered. */
    r->text = text;
    r->at = 0;
    r->arena = arena;
    r->depth = 0;
    r->error = JSON_OK;
    r->error_at = 0;
    r->bad_utf8 = false;
    r->tolerated = NULL;
    r->user = NULL;
}

static bool fail(struct json_reader *r, enum json_error error)
{
    if (!r->error) {
        r->error = error;
        r->error_at = r->at;
    }
    return false;
}

/* Where the text ends early that is said; everything else unexpected is a syntax error. */
static bool fail_here(struct json_reader *r)
{
    return fail(r, r->at >= r->text.n ? JSON_ERROR_TRUNCATED : JSON_ERROR_SYNTAX);
}

static void skip_space(struct json_reader *r)
{
    const char *p = r->text.p;
    size_t at = r->at, n = r->text.n;
    while (at < n && (p[at] == ' ' || p[at] == '\n' || p[at] == '\r' || p[at] == '\t'))
        at++;
    r->at = at;
}

/* Reads the byte c, after white space. */
static bool expect(struct json_reader *r, char c)
{
    skip_space(r);
    if (r->at >= r->text.n || r->text.p[r->at] != c)
        return fail_here(r);
    r->at++;
    return true;
}

enum json_type json_peek(struct json_reader *r)
{
    if (r->error)
        return JSON_NONE;
    skip_space(r);
    if (r->at >= r->text.n)
        return JSON_NONE;
    switch (r->text.p[r->at]) {
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case '"':
        return JSON_STRING;
    case 't':
        return JSON_TRUE;
    case 'f':
        return JSON_FALSE;
    case 'n':
        return JSON_NULL;
    case '-':
    case '0' ... '9':
        return JSON_NUMBER;
    default:
        return JSON_NONE;
    }
}

bool json_enter(struct json_reader *r)
{
    enum json_type type = json_peek(r);
    if (type != JSON_OBJECT && type != JSON_ARRAY)
        return false;
    if (r->depth == JSON_DEPTH_MAX)
        return fail(r, JSON_ERROR_DEPTH);
    r->at++;
    r->levels[r->depth++] = (struct json_level){.is_array = type == JSON_ARRAY};
    return true;
}

/* Reads the bracket, after white space, when it comes next, and leaves the level. */
static bool leave(struct json_reader *r, char closer)
{
    skip_space(r);
    if (r->at >= r->text.n || r->text.p[r->at] != closer)
        return false;
    r->at++;
    r->depth--;
    return true;
}

/* The common half of json_next_key and json_next_element: past a comma, or out at the bracket. */
static bool next_member(struct json_reader *r, char closer)
{
    if (r->error)
        return false;
    struct json_level *level = &r->levels[r->depth - 1];
    if (leave(r, closer))
        return false;
    if (!level->started) {
        level->started = true;
        return true;
    }
    level->index++;
    if (!expect(r, ','))
        return false;
    if (r->tolerated && leave(r, closer)) {
        r->tolerated(r->user, JSON_SLIP_COMMA);
        return false;
    }
    return true;
}

static bool read_string(struct json_reader *r, struct str *out);

bool json_next_key(struct json_reader *r, struct str *key)
{
    if (!next_member(r, '}'))
        return false;
    skip_space(r);
    if (r->at >= r->text.n || r->text.p[r->at] != '"')
        return fail_here(r);
    struct str *name = &r->levels[r->depth - 1].key;
    if (!read_string(r, name) || !expect(r, ':'))
        return false;
    *key = *name;
    return true;
}

bool json_next_element(struct json_reader *r)
{
    return next_member(r, ']');
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads the four digits at r->at, behind \u; -1 when they are none. */
static int32_t read_hex4(struct json_reader *r)
{
    int32_t value = 0;
    for (unsigned i = 0; i < 4; i++) {
        if (r->at + i >= r->text.n) {
            r->at = r->text.n;
            return -1;
        }
        int digit = hex_digit(r->text.p[r->at + i]);
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    r->at += 4;
    return value;
}

/* Decodes \uXXXX, with its second half where there is one, to `to`; gives the length or 0. */
static size_t read_unicode_escape(struct json_reader *r, char to[4])
{
    int32_t unit = read_hex4(r);
    if (unit < 0) {
        fail_here(r);
        return 0;
    }
    uint32_t cp = (uint32_t)unit;
    if (cp >= 0xD800 && cp <= 0xDBFF && r->text.n - r->at >= 6 && r->text.p[r->at] == '\\' &&
        r->text.p[r->at + 1] == 'u') {
        size_t before = r->at;
        r->at += 2;
        int32_t low = read_hex4(r);
        if (low >= 0xDC00 && low <= 0xDFFF)
            cp = 0x10000 + ((cp - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
        else
            r->at = before;
    }
    if (cp >= 0xD800 && cp <= 0xDFFF)
        r->bad_utf8 = true;
    return utf8_put(to, cp);
}

/* Decodes the escape at r->at (behind the backslash) to `to`; gives the length or 0. */
static size_t read_escape(struct json_reader *r, char to[4])
{
    static const char from[] = "\"\\/bfnrt";
    static const char code[] = "\"\\/\b\f\n\r\t";
    if (r->at >= r->text.n) {
        fail_here(r);
        return 0;
    }
    char c = r->text.p[r->at];
    if (c == 'u') {
        r->at++;
        return read_unicode_escape(r, to);
    }
    const char *found = memchr(from, c, sizeof from - 1);
    if (!found) {
        fail_here(r);
        return 0;
    }
    r->at++;
    to[0] = code[found - from];
    return 1;
}

/* For each byte: 0 plain, 1 ends a plain run (quote, backslash, control), 2 beyond ASCII. */
static const unsigned char string_class[256] = {
    [0x00 ... 0x1F] = 1, ['"'] = 1, ['\\'] = 1, [0x80 ... 0xFF] = 2};

/* Whether eight bytes are all plain and all ASCII: none has its high bit, none is below a blank,
 * and none becomes zero when a quote or a backslash is taken from it. A byte that follows such a
 * one may be misjudged too, which only sends the eight to the slow way. */
static bool eight_plain(const unsigned char *p)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones * 0x80;
    uint64_t v;
    memcpy(&v, p, sizeof v);
    uint64_t quote = v ^ ones * '"', backslash = v ^ ones * '\\';
    return ((v | (v - ones * ' ') | (quote - ones) | (backslash - ones)) & highs) == 0;
}

/* Moves r->at over plain bytes; true when a byte beyond ASCII was among them. */
static bool skip_plain(struct json_reader *r)
{
    const unsigned char *p = (const unsigned char *)r->text.p;
    size_t at = r->at, n = r->text.n;
    unsigned seen = 0;
    while (n - at >= 8 && eight_plain(p + at))
        at += 8;
    while (at < n && string_class[p[at]] != 1)
        seen |= string_class[p[at++]];
    r->at = at;
    return seen != 0;
}

/* Like skip_plain, and in a tolerant reader over control characters too; *slip says that there were
 * some. */
static bool skip_text(struct json_reader *r, bool *slip)
{
    bool non_ascii = skip_plain(r);
    while (r->tolerated && r->at < r->text.n && (unsigned char)r->text.p[r->at] < ' ') {
        *slip = true;
        r->at++;
        non_ascii |= skip_plain(r);
    }
    return non_ascii;
}

/* Decodes the rest of a string whose first escape stands at r->at, into the arena. What was
 * plain before it begins at `start`. */
static bool read_escaped(struct json_reader *r, size_t start, bool *slip, struct str *out)
{
    /* The decoded form is never longer than the text, so the end of the string bounds it. */
    size_t end = r->at;
    while (end < r->text.n && r->text.p[end] != '"')
        end += r->text.p[end] == '\\' ? 2 : 1;
    if (end >= r->text.n) {
        r->at = r->text.n;
        return fail_here(r);
    }
    char *to = arena_alloc(r->arena, end - start);
    if (!to)
        return fail(r, JSON_ERROR_MEMORY);
    size_t n = 0, from = start;
    for (;;) {
        memcpy(to + n, r->text.p + from, r->at - from);
        n += r->at - from;
        if (r->text.p[r->at] == '"')
            break;
        if (r->text.p[r->at] != '\\')
            return fail_here(r);
        char decoded[4];
        r->at++;
        size_t length = read_escape(r, decoded);
        if (length == 0)
            return false;
        memcpy(to + n, decoded, length);
        n += length;
        from = r->at;
        skip_text(r, slip);
    }
    r->at++;
    *out = (struct str){to, n};
    return true;
}

/* Reads the string whose quote stands at r->at. */
static bool read_string(struct json_reader *r, struct str *out)
{
    size_t start = ++r->at;
    struct str s = {NULL, 0};
    bool slip = false, non_ascii = skip_text(r, &slip);
    if (r->at >= r->text.n)
        return fail_here(r);
    if (r->text.p[r->at] == '"') {
        s = (struct str){r->text.p + start, r->at - start};
        r->at++;
    } else if (r->text.p[r->at] != '\\') {
        return fail_here(r);
    } else {
        if (!read_escaped(r, start, &slip, &s))
            return false;
        non_ascii = true;
    }
    if (non_ascii && !r->bad_utf8 && !utf8_is_valid(s))
        r->bad_utf8 = true;
    *out = s;
    if (slip)
        r->tolerated(r->user, JSON_SLIP_CONTROL);
    return true;
}

bool json_string(struct json_reader *r, struct str *out)
{
    return json_peek(r) == JSON_STRING && read_string(r, out);
}

static bool skip_digits(struct json_reader *r)
{
    size_t start = r->at;
    while (r->at < r->text.n && ascii_is_digit(r->text.p[r->at]))
        r->at++;
    return r->at > start ? true : fail_here(r);
}

bool json_number(struct json_reader *r, struct str *out)
{
    if (json_peek(r) != JSON_NUMBER)
        return false;
    const char *p = r->text.p;
    size_t start = r->at, n = r->text.n;
    if (p[r->at] == '-')
        r->at++;
    if (r->at < n && p[r->at] == '0')
        r->at++;
    else if (!skip_digits(r))
        return false;
    if (r->at < n && p[r->at] == '.') {
        r->at++;
        if (!skip_digits(r))
            return false;
    }
    if (r->at < n && (p[r->at] == 'e' || p[r->at] == 'E')) {
        r->at++;
        if (r->at < n && (p[r->at] == '+' || p[r->at] == '-'))
            r->at++;
        if (!skip_digits(r))
            return false;
    }
    *out = (struct str){p + start, r->at - start};
    return true;
}

static bool read_word(struct json_reader *r, struct str word)
{
    struct str rest = str_skip(r->text, r->at);
    if (str_starts(rest, word)) {
        r->at += word.n;
        return true;
    }
    while (r->at < r->text.n && r->at - (r->text.n - rest.n) < word.n &&
           r->text.p[r->at] == word.p[r->at - (r->text.n - rest.n)])
        r->at++;
    return fail_here(r);
}

bool json_bool(struct json_reader *r, bool *out)
{
    enum json_type type = json_peek(r);
    if (type == JSON_TRUE && read_word(r, STR("true"))) {
        *out = true;
        return true;
    }
    if (type == JSON_FALSE && read_word(r, STR("false"))) {
        *out = false;
        return true;
    }
    return false;
}

bool json_null(struct json_reader *r)
{
    return json_peek(r) == JSON_NULL && read_word(r, STR("null"));
}

/* Reads one value that is no object or array, or enters one that is. */
static bool skip_step(struct json_reader *r)
{
    struct str s;
    bool b;
    switch (json_peek(r)) {
    case JSON_OBJECT:
    case JSON_ARRAY:
        return json_enter(r);
    case JSON_STRING:
        return json_string(r, &s);
    case JSON_NUMBER:
        return json_number(r, &s);
    case JSON_TRUE:
    case JSON_FALSE:
        return json_bool(r, &b);
    case JSON_NULL:
        return json_null(r);
    case JSON_NONE:
        break;
    }
    return fail_here(r);
}

bool json_skip(struct json_reader *r, struct str *raw)
{
    if (r->error)
        return false;
    skip_space(r);
    size_t start = r->at;
    unsigned base = r->depth;
    if (!skip_step(r))
        return false;
    while (r->depth > base) {
        struct str key;
        bool more =
            r->levels[r->depth - 1].is_array ? json_next_element(r) : json_next_key(r, &key);
        if (r->error || (more && !skip_step(r)))
            return false;
    }
    if (raw)
        *raw = (struct str){r->text.p + start, r->at - start};
    return true;
}

struct str json_rest(struct json_reader *r)
{
    return str_trim(str_skip(r->text, r->at));
}

static bool key_is_plain(struct str key)
{
    for (size_t i = 0; i < key.n; i++) {
        if (!ascii_is_alnum(key.p[i]) && key.p[i] != '-' && key.p[i] != '_')
            return false;
    }
    return key.n > 0;
}

void json_path(const struct json_reader *r, struct buf *out)
{
    buf_byte(out, '$');
    for (unsigned i = 0; i < r->depth; i++) {
        const struct json_level *level = &r->levels[i];
        if (!level->started)
            break;
        if (level->is_array) {
            buf_byte(out, '[');
            buf_u64(out, level->index);
            buf_byte(out, ']');
        } else if (key_is_plain(level->key)) {
            buf_byte(out, '.');
            buf_str(out, level->key);
        } else {
            buf_cstr(out, "[\"");
            escape_json(out, str_head(level->key, 128));
            buf_cstr(out, "\"]");
        }
    }
}

struct msg json_error_msg(const struct json_reader *r)
{
    uint64_t line = 1, column = 1;
    for (size_t i = 0; i < r->error_at && i < r->text.n; i++) {
        column++;
        if (r->text.p[i] == '\n') {
            line++;
            column = 1;
        }
    }
    switch (r->error) {
    case JSON_ERROR_TRUNCATED:
        return msg_json_truncated(line, column);
    case JSON_ERROR_DEPTH:
        return msg_json_too_deep(line, column, JSON_DEPTH_MAX);
    case JSON_ERROR_MEMORY:
        return msg_out_of_memory();
    case JSON_OK:
    case JSON_ERROR_SYNTAX:
        break;
    }
    return msg_json_syntax(line, column);
}
