#include "tlsrpt/rua.h"

#include "base/domain.h"
#include "base/error.h"
#include "tlsrpt/messages.h"

#define RPT_ADDRESS_MAX 320 /* 64 of the local part, "@", and a domain with room to spare */

struct place {
    struct findings *findings;
    enum severity unusable;
    uint64_t line, column;
};

static enum rpt_rua_fault invalid(const struct place *at, struct msg m, size_t offset)
{
    finding_add(at->findings, SEVERITY_ERROR, m, at->line, at->column + offset);
    return RPT_RUA_INVALID;
}

static enum rpt_rua_fault unusable(const struct place *at, struct msg m)
{
    finding_add(at->findings, at->unusable, m, at->line, at->column);
    return RPT_RUA_UNUSABLE;
}

/* RFC 3986 2.2 and 2.3: reserved and unreserved, but for what RFC 8460 wants encoded. */
static bool is_uri_char(char c)
{
    static const struct str marks = STR_INIT("-._~:/?#[]@$&'()*+=");
    return ascii_is_alnum(c) || (c != 0 && str_chr(marks, c) >= 0);
}

static int hex_value(char c)
{
    if (ascii_is_digit(c))
        return c - '0';
    char lower = ascii_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Whether a "%" at i begins an encoded byte, which *byte gets. */
static bool encoded_byte(struct str s, size_t i, char *byte)
{
    if (s.n - i < 3)
        return false;
    int high = hex_value(s.p[i + 1]), low = hex_value(s.p[i + 2]);
    if (high < 0 || low < 0)
        return false;
    *byte = (char)(high << 4 | low);
    return true;
}

/* DMARC's limit of size behind a URI: "!" digits, and a letter for the unit. */
static bool is_size(struct str s)
{
    size_t n = s.n;
    if (n && (str_chr(STR("kmgtKMGT"), s.p[n - 1]) >= 0))
        n--;
    for (size_t i = 0; i < n; i++) {
        if (!ascii_is_digit(s.p[i]))
            return false;
    }
    return n > 0;
}

/* Length of the scheme before the first ":", or 0 when there is none (RFC 3986 3.1). */
static size_t scheme_length(struct str uri)
{
    ssize_t colon = str_chr(uri, ':');
    if (colon <= 0 || !ascii_is_alpha(uri.p[0]))
        return 0;
    for (ssize_t i = 0; i < colon; i++) {
        if (!ascii_is_alnum(uri.p[i]) && str_chr(STR("+-."), uri.p[i]) < 0)
            return 0;
    }
    return (size_t)colon;
}

static enum rpt_rua_fault check_characters(const struct place *at, struct str uri)
{
    for (size_t i = 0; i < uri.n; i++) {
        char byte = 0;
        if (is_uri_char(uri.p[i]))
            continue;
        if (uri.p[i] == '%') {
            if (!encoded_byte(uri, i, &byte))
                return invalid(at, msg_rua_percent(uri), i);
            i += 2;
        } else if (uri.p[i] == '!' && is_size(str_skip(uri, i + 1))) {
            return invalid(at, msg_rua_size(uri, str_head(uri, i)), i);
        } else if (uri.p[i] == '!') {
            return invalid(at, msg_rua_exclamation(uri), i);
        } else if (uri.p[i] == ' ' || uri.p[i] == '\t') {
            return invalid(at, msg_rua_blank(uri), i);
        } else {
            return invalid(at, msg_rua_character(uri, (struct str){uri.p + i, 1}), i);
        }
    }
    return RPT_RUA_OK;
}

/* Percent-decodes s; s itself when nothing is encoded. */
static struct str decode(struct arena *arena, struct str s)
{
    if (str_chr(s, '%') < 0)
        return s;
    char *to = arena_alloc(arena, s.n);
    size_t n = 0;
    for (size_t i = 0; to && i < s.n; i++, n++) {
        to[n] = s.p[i];
        if (s.p[i] == '%' && encoded_byte(s, i, &to[n]))
            i += 2;
    }
    return (struct str){to, n};
}

/* One address that a report can be mailed to: the domain by DNS, the local part without anything
 * that could end a header or an SMTP command. */
static bool is_address(struct str s)
{
    ssize_t at = str_rchr(s, '@');
    if (!s.p || at <= 0 || at > 64 || s.n > RPT_ADDRESS_MAX)
        return false;
    for (ssize_t i = 0; i < at; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c <= ' ' || c == 0x7f || str_chr(STR("<>,;:\\\"()[]@"), (char)c) >= 0)
            return false;
    }
    return domain_check(str_skip(s, (size_t)at + 1)) == DOMAIN_OK;
}

static enum rpt_rua_fault parse_mailto(const struct place *at, struct rpt_rua *rua)
{
    struct str address, fields;
    bool has_fields = str_cut(str_skip(rua->uri, 7), '?', &address, &fields);
    rua->scheme = RPT_RUA_MAILTO;
    rua->target = decode(at->findings->arena, address);
    if (!is_address(rua->target))
        return unusable(at, msg_rua_address(rua->uri));
    if (has_fields)
        finding_add(at->findings, SEVERITY_WARNING, msg_rua_mailto_fields(rua->uri), at->line,
                    at->column);
    return RPT_RUA_OK;
}

static bool is_port(struct str s)
{
    uint64_t port = 0;
    return s.n == 0 || (str_to_u64(s, &port) && port > 0 && port <= 65535);
}

/* host [":" port] of an https URI; a user name before it has no place in a public record. */
static bool is_authority(struct str s)
{
    struct str host = s, port = {NULL, 0};
    if (str_starts(s, STR("["))) {
        ssize_t end = str_chr(s, ']');
        if (end < 0)
            return false;
        host = str_head(s, (size_t)end + 1);
        port = str_skip(s, (size_t)end + 1);
        if (port.n && port.p[0] != ':')
            return false;
        port = str_skip(port, 1);
        return domain_is_address(host) && is_port(port);
    }
    str_cut(s, ':', &host, &port);
    return (domain_check(host) == DOMAIN_OK || domain_is_address(host)) && is_port(port);
}

static enum rpt_rua_fault parse_https(const struct place *at, struct rpt_rua *rua)
{
    struct str rest = str_skip(rua->uri, 6);
    size_t n = 0;
    rua->scheme = RPT_RUA_HTTPS;
    rua->target = rua->uri;
    if (!str_starts(rest, STR("//")))
        return unusable(at, msg_rua_host(rua->uri));
    rest = str_skip(rest, 2);
    while (n < rest.n && str_chr(STR("/?#"), rest.p[n]) < 0)
        n++;
    if (!is_authority(str_head(rest, n)))
        return unusable(at, msg_rua_host(rua->uri));
    return RPT_RUA_OK;
}

enum rpt_rua_fault rpt_rua_parse(struct rpt_rua *rua, struct str uri, struct findings *findings,
                                 enum severity unusable_severity, uint64_t line, uint64_t column)
{
    struct place at = {findings, unusable_severity, line, column};
    size_t n = scheme_length(uri);
    struct str scheme = str_head(uri, n);
    *rua = (struct rpt_rua){.uri = uri};
    if (uri.n == 0)
        return invalid(&at, msg_rua_empty(), 0);
    if (n == 0 && str_chr(uri, '@') > 0)
        return invalid(&at, msg_rua_bare_address(uri), 0);
    if (n == 0)
        return invalid(&at, msg_rua_no_scheme(uri), 0);
    if (check_characters(&at, uri) != RPT_RUA_OK)
        return RPT_RUA_INVALID;
    bool mailto = str_ieq(scheme, STR("mailto"));
    if (!mailto && !str_ieq(scheme, STR("https"))) {
        if (str_ieq(scheme, STR("http")))
            return unusable(&at, msg_rua_http(uri, str_skip(uri, 5)));
        return unusable(&at, msg_rua_scheme(uri, scheme));
    }
    if (!str_eq(scheme, STR("mailto")) && !str_eq(scheme, STR("https")))
        finding_add(findings, SEVERITY_WARNING, msg_rua_scheme_case(uri), line, column);
    return mailto ? parse_mailto(&at, rua) : parse_https(&at, rua);
}

/* Appends s with everything encoded that is no URI character. */
static void encode(struct buf *out, struct str s, bool encoded_already)
{
    for (size_t i = 0; i < s.n; i++) {
        char byte = 0;
        bool keep = s.p[i] == '%' ? encoded_already && encoded_byte(s, i, &byte)
                                  : is_uri_char(s.p[i]) && (encoded_already || s.p[i] != '?');
        if (keep)
            buf_byte(out, s.p[i]);
        else
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)s.p[i]);
    }
}

/* An address as a mailto URI, its domain as an A-label. */
static void encode_address(struct buf *out, struct str typed)
{
    ssize_t at = str_rchr(typed, '@');
    struct buf domain CLEANUP(buf_done);
    buf_init(&domain, DOMAIN_NAME_MAX);
    struct str host = str_skip(typed, (size_t)at + 1);
    if (domain_to_ascii(host, &domain))
        host = buf_view(&domain);
    buf_cstr(out, "mailto:");
    encode(out, str_head(typed, (size_t)at), false);
    buf_byte(out, '@');
    encode(out, host, false);
}

int rpt_rua_from_user(struct rpt_rua *rua, struct str typed, struct findings *findings)
{
    struct str s = str_trim(typed);
    struct buf uri CLEANUP(buf_done);
    buf_init(&uri, 8192);
    ssize_t mark = str_rchr(s, '!');
    struct place at = {findings, SEVERITY_ERROR, 0, 0};
    if (mark > 0 && is_size(str_skip(s, (size_t)mark + 1)) && str_rchr(s, '@') < mark) {
        invalid(&at, msg_rua_size(s, str_head(s, (size_t)mark)), 0);
        return -ERROR_PERMANENT;
    }
    bool scheme = scheme_length(s) > 0;
    if (str_istarts(s, STR("mailto:")) && str_chr(s, '?') < 0 && str_chr(s, '%') < 0 &&
        str_chr(s, '@') >= 0)
        encode_address(&uri, str_skip(s, 7));
    else if (!scheme && str_chr(s, '@') > 0)
        encode_address(&uri, s);
    else
        encode(&uri, s, true);
    struct rpt_rua read;
    struct str kept = arena_str(findings->arena, buf_view(&uri));
    bool ok = rpt_rua_parse(&read, kept, findings, SEVERITY_ERROR, 0, 0) == RPT_RUA_OK;
    if (uri.failed || findings->arena->failed)
        return -ERROR_TEMPORARY;
    if (!ok)
        return -ERROR_PERMANENT;
    *rua = read;
    return 0;
}
