#include "base/escape.h"

#include "base/utf8.h"

/* Appends one code point or broken byte of s in the form for people; gives how many bytes of s it
 * took. */
static size_t escape_one(struct buf *out, struct str s)
{
    uint32_t cp;
    size_t n = utf8_decode(s, &cp);
    if (n == 0 || cp < 0x20 || cp == 0x7F) {
        buf_printf(out, "\\x%02x", (unsigned char)s.p[0]);
        return 1;
    }
    if (unicode_is_unsafe(cp))
        buf_printf(out, cp > 0xFFFF ? "\\u{%x}" : "\\u%04x", cp);
    else
        buf_str(out, str_head(s, n));
    return n;
}

/* How many bytes at the start of s are printable ASCII other than the two given. */
static size_t plain_run(struct str s, char except1, char except2)
{
    size_t n = 0;
    while (n < s.n && s.p[n] >= 0x20 && s.p[n] < 0x7F && s.p[n] != except1 && s.p[n] != except2)
        n++;
    return n;
}

void escape_text(struct buf *out, struct str s)
{
    while (s.n) {
        size_t n = plain_run(s, 0, 0);
        if (n)
            buf_str(out, str_head(s, n));
        else
            n = escape_one(out, s);
        s = str_skip(s, n);
    }
}

void escape_clipped(struct buf *out, struct str s, size_t max)
{
    size_t n = s.n < max ? s.n : max;
    /* Not in the middle of a character. */
    while (n < s.n && n > 0 && ((unsigned char)s.p[n] & 0xC0) == 0x80)
        n--;
    escape_text(out, str_head(s, n));
    if (n < s.n)
        buf_cstr(out, "...");
}

static bool logfmt_is_plain(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] <= ' ' || s.p[i] >= 0x7F || s.p[i] == '"' || s.p[i] == '=' || s.p[i] == '\\')
            return false;
    }
    return s.n > 0;
}

void escape_logfmt(struct buf *out, struct str s)
{
    if (logfmt_is_plain(s)) {
        buf_str(out, s);
        return;
    }
    buf_byte(out, '"');
    while (s.n) {
        size_t n = plain_run(s, '"', '\\');
        if (n) {
            buf_str(out, str_head(s, n));
        } else if (s.p[0] == '"' || s.p[0] == '\\') {
            buf_byte(out, '\\');
            buf_byte(out, s.p[0]);
            n = 1;
        } else {
            n = escape_one(out, s);
        }
        s = str_skip(s, n);
    }
    buf_byte(out, '"');
}

static void json_unit(struct buf *out, uint32_t unit)
{
    buf_printf(out, "\\u%04x", unit);
}

static size_t escape_json_one(struct buf *out, struct str s)
{
    static const struct str short_from = STR_INIT("\"\\\b\f\n\r\t");
    static const char short_to[] = "\"\\bfnrt";
    ssize_t at = str_chr(short_from, s.p[0]);
    if (at >= 0) {
        buf_byte(out, '\\');
        buf_byte(out, short_to[at]);
        return 1;
    }
    uint32_t cp;
    size_t n = utf8_decode(s, &cp);
    if (n == 0) {
        utf8_encode(out, 0xFFFD);
        return 1;
    }
    if (!unicode_is_unsafe(cp)) {
        buf_str(out, str_head(s, n));
    } else if (cp > 0xFFFF) {
        json_unit(out, 0xD800 + ((cp - 0x10000) >> 10));
        json_unit(out, 0xDC00 + ((cp - 0x10000) & 0x3FF));
    } else {
        json_unit(out, cp);
    }
    return n;
}

void escape_json(struct buf *out, struct str s)
{
    while (s.n) {
        size_t n = plain_run(s, '"', '\\');
        if (n)
            buf_str(out, str_head(s, n));
        else
            n = escape_json_one(out, s);
        s = str_skip(s, n);
    }
}

static const char *html_entity(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void escape_html(struct buf *out, struct str s)
{
    while (s.n) {
        uint32_t cp;
        size_t n = utf8_decode(s, &cp);
        const char *entity = html_entity(s.p[0]);
        if (entity)
            buf_cstr(out, entity);
        else if (n == 0 || (unicode_is_unsafe(cp) && cp != '\n' && cp != '\t'))
            utf8_encode(out, 0xFFFD);
        else
            buf_str(out, str_head(s, n));
        s = str_skip(s, n ? n : 1);
    }
}

static bool shell_is_plain(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!ascii_is_alnum(s.p[i]) && str_chr(STR("-_./:@%+,="), s.p[i]) < 0)
            return false;
    }
    return s.n > 0;
}

void escape_shell(struct buf *out, struct str s)
{
    if (shell_is_plain(s)) {
        buf_str(out, s);
        return;
    }
    buf_byte(out, '\'');
    while (s.n) {
        uint32_t cp;
        size_t n = utf8_decode(s, &cp);
        if (s.p[0] == '\'')
            buf_cstr(out, "'\\''");
        else if (n == 0 || unicode_is_unsafe(cp))
            buf_byte(out, '?');
        else
            buf_str(out, str_head(s, n));
        s = str_skip(s, n ? n : 1);
    }
    buf_byte(out, '\'');
}
