#include "mail/dkim_tags.h"

#include <limits.h>
#include <openssl/evp.h>
#include <string.h>

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* tag-name = ALPHA *(ALPHA / DIGIT / "_") */
static bool is_name(struct str s)
{
    if (!s.n || !ascii_is_alpha(*s.p))
        return false;
    for (size_t i = 1; i < s.n; i++) {
        if (!ascii_is_alnum(s.p[i]) && s.p[i] != '_')
            return false;
    }
    return true;
}

/* Printable ASCII and blanks: "UTF-8 within" of RFC 8616 is not for the tags that are read here. */
static bool is_value(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!is_space(s.p[i]) && (s.p[i] < 0x21 || s.p[i] > 0x7e))
            return false;
    }
    return true;
}

static bool is_new(struct str name, const struct str *seen, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(seen[i], name))
            return false;
    }
    return true;
}

bool dkim_tags_read(struct str list, const char *const *names, size_t count, struct str *values)
{
    struct str seen[DKIM_TAGS_MAX];
    size_t n = 0;
    memset(values, 0, count * sizeof *values);
    while (str_trim(list).n) {
        struct str tag, name, value;
        str_cut(list, ';', &tag, &list);
        if (!str_cut(tag, '=', &name, &value))
            return false;
        name = str_trim(name);
        if (n == DKIM_TAGS_MAX || !is_name(name) || !is_value(value) || !is_new(name, seen, n))
            return false;
        seen[n++] = name;
        for (size_t i = 0; i < count; i++) {
            if (str_eq(name, str_from(names[i])))
                values[i] = value;
        }
    }
    return n > 0;
}

struct str dkim_without_space(struct str value, struct arena *arena)
{
    char *copy = arena_alloc(arena, value.n);
    size_t n = 0;
    for (size_t i = 0; copy && i < value.n; i++) {
        if (!is_space(value.p[i]))
            copy[n++] = value.p[i];
    }
    return (struct str){copy, n};
}

bool dkim_base64(struct str value, struct arena *arena, struct str *out)
{
    struct str text = dkim_without_space(value, arena);
    size_t padding = 0;
    while (padding < 2 && padding < text.n && text.p[text.n - 1 - padding] == '=')
        padding++;
    unsigned char *bytes = arena_alloc(arena, text.n / 4 * 3 + 1);
    bool padded_within = str_chr(str_head(text, text.n - padding), '=') >= 0; /* OpenSSL's zero */
    if (!bytes || !text.n || text.n % 4 || text.n > INT_MAX || padded_within)
        return false;
    int n = EVP_DecodeBlock(bytes, (const unsigned char *)text.p, (int)text.n);
    if (n < 0 || (size_t)n < padding)
        return false;
    *out = (struct str){(const char *)bytes, (size_t)n - padding};
    return true;
}

bool dkim_next_word(struct str *rest, struct str *word)
{
    if (!rest->p)
        return false;
    if (!str_cut(*rest, ':', word, rest))
        rest->p = NULL;
    *word = str_trim(*word);
    return true;
}

bool dkim_has_word(struct str list, struct str wanted)
{
    struct str word;
    while (dkim_next_word(&list, &word)) {
        if (str_ieq(word, wanted))
            return true;
    }
    return false;
}
