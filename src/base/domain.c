#include "base/domain.h"

#include <arpa/inet.h>
#include <idn2.h>
#include <string.h>

/* U-labels can be longer in bytes than the A-labels they stand for, but not by more than this. */
#define UNICODE_NAME_MAX 1024

bool domain_is_address(struct str s)
{
    char text[INET6_ADDRSTRLEN + 1];
    unsigned char address[16];
    if (s.n >= 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
        s = (struct str){s.p + 1, s.n - 2};
    if (str_istarts(s, STR("IPv6:")))
        s = str_skip(s, 5);
    if (s.n == 0 || s.n >= sizeof text || memchr(s.p, 0, s.n))
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = 0;
    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

static enum domain_fault check_label(struct str label, bool underscore)
{
    if (label.n == 0)
        return DOMAIN_LABEL_EMPTY;
    if (label.n > DOMAIN_LABEL_MAX)
        return DOMAIN_LABEL_LONG;
    for (size_t i = 0; i < label.n; i++) {
        char c = label.p[i];
        if ((unsigned char)c >= 0x80)
            return DOMAIN_NON_ASCII;
        if (!ascii_is_alnum(c) && c != '-' && !(c == '_' && underscore))
            return DOMAIN_CHARACTER;
    }
    if (label.p[0] == '-' || label.p[label.n - 1] == '-')
        return DOMAIN_HYPHEN;
    return DOMAIN_OK;
}

static bool all_digits(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!ascii_is_digit(s.p[i]))
            return false;
    }
    return true;
}

static enum domain_fault check(struct str s, bool underscore)
{
    if (s.n == 0)
        return DOMAIN_EMPTY;
    if (domain_is_address(s))
        return DOMAIN_ADDRESS;
    struct str label, rest = s;
    bool more = true;
    while (more) {
        more = str_cut(rest, '.', &label, &rest);
        enum domain_fault fault = check_label(label, underscore);
        if (fault)
            return fault;
    }
    if (s.n > DOMAIN_NAME_MAX)
        return DOMAIN_TOO_LONG;
    /* A last label of digits alone would be read as an address by half the world. */
    return all_digits(label) ? DOMAIN_ADDRESS : DOMAIN_OK;
}

enum domain_fault domain_check(struct str s)
{
    return check(s, false);
}

enum domain_fault domain_check_dns(struct str s)
{
    return check(s, true);
}

static struct str without_dot(struct str s)
{
    return str_ends(s, STR(".")) ? str_head(s, s.n - 1) : s;
}

static bool is_ascii(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    }
    return true;
}

static bool convert_to_ascii(struct str s, struct buf *out)
{
    char text[UNICODE_NAME_MAX + 1];
    char *ascii = NULL;
    if (s.n > UNICODE_NAME_MAX || memchr(s.p, 0, s.n))
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = 0;
    if (idn2_to_ascii_8z(text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
        return false;
    bool good = domain_check_dns(str_from(ascii)) == DOMAIN_OK;
    if (good)
        buf_cstr(out, ascii);
    idn2_free(ascii);
    return good;
}

bool domain_to_ascii(struct str s, struct buf *out)
{
    s = without_dot(s);
    if (s.n == 0)
        return false;
    if (!is_ascii(s))
        return convert_to_ascii(s, out);
    if (domain_check_dns(s) != DOMAIN_OK)
        return false;
    for (size_t i = 0; i < s.n; i++)
        buf_byte(out, ascii_lower(s.p[i]));
    return true;
}

void domain_to_unicode(struct str s, struct buf *out)
{
    char text[UNICODE_NAME_MAX + 1];
    char *unicode = NULL;
    if (s.n <= UNICODE_NAME_MAX && s.n && !memchr(s.p, 0, s.n)) {
        memcpy(text, s.p, s.n);
        text[s.n] = 0;
        if (idn2_to_unicode_8z8z(text, &unicode, 0) == IDN2_OK) {
            buf_cstr(out, unicode);
            idn2_free(unicode);
            return;
        }
    }
    buf_str(out, s);
}

bool domain_eq(struct str a, struct str b)
{
    return str_ieq(without_dot(a), without_dot(b));
}

bool domain_is_below(struct str name, struct str parent)
{
    name = without_dot(name);
    parent = without_dot(parent);
    return name.n > parent.n + 1 && name.p[name.n - parent.n - 1] == '.' && str_iends(name, parent);
}

static bool ascii_matches_pattern(struct str pattern, struct str host)
{
    struct str label, rest;
    if (!str_starts(pattern, STR("*.")))
        return without_dot(host).n && str_chr(pattern, '*') < 0 && domain_eq(pattern, host);
    pattern = str_skip(pattern, 2);
    if (!without_dot(pattern).n || str_chr(pattern, '*') >= 0)
        return false;
    return str_cut(host, '.', &label, &rest) && label.n && domain_eq(pattern, rest);
}

bool domain_matches_pattern(struct str pattern, struct str host)
{
    if (is_ascii(pattern) && is_ascii(host))
        return ascii_matches_pattern(pattern, host);
    struct buf a CLEANUP(buf_done), b CLEANUP(buf_done);
    buf_init(&a, UNICODE_NAME_MAX);
    buf_init(&b, UNICODE_NAME_MAX);
    struct str name = pattern;
    if (str_starts(pattern, STR("*."))) {
        buf_cstr(&a, "*.");
        name = str_skip(pattern, 2);
    }
    if (!domain_to_ascii(name, &a) || !domain_to_ascii(host, &b) || a.failed || b.failed)
        return false;
    return ascii_matches_pattern(buf_view(&a), buf_view(&b));
}
