#include "base/str.h"

#include <string.h>

struct str str_from(const char *cstr)
{
    return cstr ? (struct str){cstr, strlen(cstr)} : (struct str){NULL, 0};
}

bool ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool ascii_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool ascii_is_alnum(char c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c);
}

char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* memcmp with a NULL pointer is undefined even for no bytes, hence the test of n. */
static bool bytes_eq(const char *a, const char *b, size_t n)
{
    return n == 0 || memcmp(a, b, n) == 0;
}

static bool bytes_ieq(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (ascii_lower(a[i]) != ascii_lower(b[i]))
            return false;
    }
    return true;
}

bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && bytes_eq(a.p, b.p, a.n);
}

bool str_ieq(struct str a, struct str b)
{
    return a.n == b.n && bytes_ieq(a.p, b.p, a.n);
}

int str_cmp(struct str a, struct str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

bool str_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && bytes_eq(s.p, prefix.p, prefix.n);
}

bool str_istarts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && bytes_ieq(s.p, prefix.p, prefix.n);
}

bool str_ends(struct str s, struct str suffix)
{
    return s.n >= suffix.n && str_eq(str_skip(s, s.n - suffix.n), suffix);
}

bool str_iends(struct str s, struct str suffix)
{
    return s.n >= suffix.n && str_ieq(str_skip(s, s.n - suffix.n), suffix);
}

struct str str_skip(struct str s, size_t n)
{
    if (n >= s.n)
        return (struct str){s.p ? s.p + s.n : NULL, 0};
    return (struct str){s.p + n, s.n - n};
}

struct str str_head(struct str s, size_t n)
{
    return (struct str){s.p, n < s.n ? n : s.n};
}

ssize_t str_chr(struct str s, char c)
{
    const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
    return at ? at - s.p : -1;
}

ssize_t str_rchr(struct str s, char c)
{
    const char *at = s.n ? memrchr(s.p, c, s.n) : NULL;
    return at ? at - s.p : -1;
}

ssize_t str_find(struct str s, struct str needle)
{
    if (needle.n == 0)
        return 0;
    const char *at = s.n ? memmem(s.p, s.n, needle.p, needle.n) : NULL;
    return at ? at - s.p : -1;
}

ssize_t str_ifind(struct str s, struct str needle)
{
    for (size_t i = 0; i + needle.n <= s.n; i++) {
        if (bytes_ieq(s.p + i, needle.p, needle.n))
            return (ssize_t)i;
    }
    return -1;
}

bool str_cut(struct str s, char c, struct str *head, struct str *rest)
{
    ssize_t at = str_chr(s, c);
    *head = at < 0 ? s : str_head(s, (size_t)at);
    *rest = at < 0 ? str_skip(s, s.n) : str_skip(s, (size_t)at + 1);
    return at >= 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_rtrim(struct str s)
{
    while (s.n && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

struct str str_trim(struct str s)
{
    while (s.n && is_blank(s.p[0]))
        s = str_skip(s, 1);
    return str_rtrim(s);
}

bool str_to_u64(struct str s, uint64_t *out)
{
    uint64_t value = 0;
    if (s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (!ascii_is_digit(s.p[i]))
            return false;
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(s.p[i] - '0'), &value))
            return false;
    }
    *out = value;
    return true;
}
