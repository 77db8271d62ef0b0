#include "mail/sniff.h"

#include <string.h>

#define FIELD_NAME_MAX   76  /* longer "names" are text with a colon in it */
#define HEADER_LINES_MAX 200 /* a header field that settles it comes before this many lines */

static const struct str known_fields[] = {
    STR_INIT("from"),
    STR_INIT("to"),
    STR_INIT("subject"),
    STR_INIT("date"),
    STR_INIT("received"),
    STR_INIT("return-path"),
    STR_INIT("mime-version"),
    STR_INIT("content-type"),
    STR_INIT("message-id"),
    STR_INIT("delivered-to"),
    STR_INIT("x-original-to"),
    STR_INIT("dkim-signature"),
    STR_INIT("authentication-results"),
    STR_INIT("tls-report-domain"),
    STR_INIT("tls-report-submitter"),
    STR_INIT("content-transfer-encoding"),
    STR_INIT("content-disposition"),
    STR_INIT("x-mozilla-status"),
    STR_INIT("sender"),
    STR_INIT("reply-to"),
    STR_INIT("arc-seal"),
};

static size_t field_name_length(struct str line)
{
    size_t n = 0;
    while (n < line.n && n <= FIELD_NAME_MAX && line.p[n] > ' ' && line.p[n] < 127 &&
           line.p[n] != ':')
        n++;
    return n;
}

bool sniff_is_field(struct str line)
{
    size_t n = field_name_length(line);
    if (n == 0 || n > FIELD_NAME_MAX)
        return false;
    struct str rest = str_skip(line, n);
    while (rest.n && (*rest.p == ' ' || *rest.p == '\t'))
        rest = str_skip(rest, 1);
    return rest.n && *rest.p == ':';
}

static bool is_known_field(struct str line)
{
    struct str name = str_head(line, field_name_length(line));
    for (size_t i = 0; i < ARRAY_LEN(known_fields); i++)
        if (str_ieq(name, known_fields[i]))
            return true;
    return false;
}

/* "hh:mm" with a digit on both sides of the colon. */
static bool has_time(struct str s)
{
    for (size_t i = 1; i + 1 < s.n; i++)
        if (s.p[i] == ':' && ascii_is_digit(s.p[i - 1]) && ascii_is_digit(s.p[i + 1]))
            return true;
    return false;
}

bool sniff_is_from(struct str line)
{
    if (!str_starts(line, STR("From ")))
        return false;
    struct str rest = str_trim(str_skip(line, 5));
    return rest.n == 0 || str_eq(rest, STR("-")) || has_time(rest);
}

static struct str next_line(struct str *rest)
{
    struct str line;
    str_cut(*rest, '\n', &line, rest);
    if (str_ends(line, STR("\r")))
        line.n--;
    return line;
}

static bool is_header(struct str text)
{
    bool known = false, first = true;
    for (int i = 0; i < HEADER_LINES_MAX && text.n && !known; i++) {
        struct str line = next_line(&text);
        if (line.n == 0)
            break;
        if (*line.p == ' ' || *line.p == '\t') {
            if (first)
                return false;
            continue;
        }
        /* Some delivery agents quote a From_ line that they found before the header. */
        if (first && str_starts(line, STR(">From ")))
            continue;
        if (!sniff_is_field(line))
            return false;
        known = is_known_field(line);
        first = false;
    }
    return known;
}

static bool is_mbox(struct str text)
{
    struct str line = next_line(&text);
    if (!sniff_is_from(line))
        return false;
    line = next_line(&text);
    return sniff_is_field(line) || str_starts(line, STR(">From "));
}

static enum sniff sniff_markup(struct str text)
{
    struct str head = str_head(text, 4096);
    if (str_ifind(head, STR("<feedback")) >= 0)
        return SNIFF_DMARC;
    if (str_ifind(head, STR("<!doctype html")) >= 0 || str_ifind(head, STR("<html")) >= 0)
        return SNIFF_HTML;
    if (str_istarts(text, STR("<?xml")) || str_istarts(text, STR("<!doctype")))
        return SNIFF_XML;
    return SNIFF_OTHER;
}

struct str sniff_skip_blanks(struct str s)
{
    if (str_starts(s, STR("\xef\xbb\xbf")))
        s = str_skip(s, 3);
    while (s.n && (*s.p == ' ' || *s.p == '\t' || *s.p == '\r' || *s.p == '\n'))
        s = str_skip(s, 1);
    return s;
}

/* The first character that is no blank decides; it must be a brace. */
static enum sniff sniff_utf16(struct str s, bool big_endian)
{
    for (size_t i = 0; i + 1 < s.n; i += 2) {
        char high = s.p[big_endian ? i : i + 1], low = s.p[big_endian ? i + 1 : i];
        if (high)
            return SNIFF_OTHER;
        if (low == '{' || low == '[')
            return SNIFF_JSON;
        if (low != ' ' && low != '\t' && low != '\r' && low != '\n')
            return SNIFF_OTHER;
    }
    return SNIFF_EMPTY;
}

/* What follows a bracket in JSON; "[image]" and "[1] see below" in a letter are none. A report may
 * stand in an array. */
static enum sniff sniff_bracket(struct str text)
{
    text = sniff_skip_blanks(str_skip(text, 1));
    if (text.n && *text.p == '{')
        return SNIFF_JSON;
    return text.n && *text.p == ']' ? SNIFF_JSON_OTHER : SNIFF_OTHER;
}

static enum sniff sniff_base64(struct str text)
{
    struct str line = next_line(&text);
    if (line.n < 16)
        return SNIFF_OTHER;
    for (size_t i = 0; i < line.n; i++)
        if (!ascii_is_alnum(line.p[i]) && line.p[i] != '+' && line.p[i] != '/' && line.p[i] != '=')
            return SNIFF_OTHER;
    if (str_starts(line, STR("H4sI")))
        return SNIFF_BASE64_GZIP;
    if (str_starts(line, STR("UEsD")))
        return SNIFF_BASE64_ZIP;
    if (str_starts(line, STR("ey")) || str_starts(line, STR("77u/ey")))
        return SNIFF_BASE64_JSON;
    return SNIFF_OTHER;
}

static enum sniff sniff_text(struct str text)
{
    if (text.n == 0)
        return SNIFF_EMPTY;
    if (*text.p == '{')
        return SNIFF_JSON;
    if (*text.p == '[' && sniff_bracket(text) != SNIFF_OTHER)
        return sniff_bracket(text);
    if (*text.p == '<')
        return sniff_markup(text);
    if (is_mbox(text))
        return SNIFF_MBOX;
    if (is_header(text))
        return SNIFF_MESSAGE;
    return sniff_base64(text);
}

enum sniff sniff_bytes(struct str bytes)
{
    struct str s = str_head(bytes, SNIFF_WINDOW);
    if (str_starts(s, STR("\x1f\x8b")))
        return SNIFF_GZIP;
    if (str_starts(s, STR("PK\3\4")) || str_starts(s, STR("PK\5\6")) ||
        str_starts(s, STR("PK\7\10")))
        return SNIFF_ZIP;
    if (str_starts(s, STR("\xff\xfe")))
        return sniff_utf16(str_skip(s, 2), false);
    if (str_starts(s, STR("\xfe\xff")))
        return sniff_utf16(str_skip(s, 2), true);
    if (s.n >= 2 && s.p[0] == '\0')
        return sniff_utf16(s, true);
    if (s.n >= 2 && s.p[1] == '\0')
        return sniff_utf16(s, false);
    return sniff_text(sniff_skip_blanks(s));
}
