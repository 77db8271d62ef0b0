#include "base/utf8.h"

#define REPLACEMENT 0xFFFD

size_t utf8_decode(struct str s, uint32_t *cp)
{
    const unsigned char *p = (const unsigned char *)s.p;
    if (p[0] < 0x80) {
        *cp = p[0];
        return 1;
    }
    size_t n = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (p[0] < 0xC2 || p[0] > 0xF4 || s.n < n)
        return 0;
    uint32_t value = p[0] & (0xFFU >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        value = value << 6 | (p[i] & 0x3FU);
    }
    if (value < least[n] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return 0;
    *cp = value;
    return n;
}

size_t utf8_put(char to[4], uint32_t cp)
{
    if (cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF))
        cp = REPLACEMENT;
    if (cp < 0x80) {
        to[0] = (char)cp;
        return 1;
    }
    size_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, cp >>= 6)
        to[i] = (char)(0x80 | (cp & 0x3F));
    to[0] = (char)((0xF0U << (4 - n)) | cp);
    return n;
}

void utf8_encode(struct buf *out, uint32_t cp)
{
    char bytes[4];
    buf_add(out, bytes, utf8_put(bytes, cp));
}

bool utf8_is_valid(struct str s)
{
    uint32_t cp;
    while (s.n) {
        size_t n = utf8_decode(s, &cp);
        if (n == 0)
            return false;
        s = str_skip(s, n);
    }
    return true;
}

static uint32_t utf16_unit(struct str s, size_t at, bool big_endian)
{
    unsigned char a = (unsigned char)s.p[at], b = (unsigned char)s.p[at + 1];
    return big_endian ? (uint32_t)a << 8 | b : (uint32_t)b << 8 | a;
}

void utf8_from_utf16(struct buf *out, struct str utf16, bool big_endian)
{
    size_t at = 0;
    while (at + 2 <= utf16.n) {
        uint32_t cp = utf16_unit(utf16, at, big_endian);
        at += 2;
        if (cp >= 0xD800 && cp <= 0xDBFF && at + 2 <= utf16.n) {
            uint32_t low = utf16_unit(utf16, at, big_endian);
            if (low >= 0xDC00 && low <= 0xDFFF) {
                cp = 0x10000 + ((cp - 0xD800) << 10) + (low - 0xDC00);
                at += 2;
            }
        }
        utf8_encode(out, cp);
    }
    if (at < utf16.n)
        utf8_encode(out, REPLACEMENT);
}

bool unicode_is_unsafe(uint32_t cp)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x00, 0x1F},          {0x7F, 0x9F},     {0xAD, 0xAD},       {0x61C, 0x61C},
        {0x115F, 0x1160},      {0x17B4, 0x17B5}, {0x180B, 0x180F},   {0x200B, 0x200F},
        {0x2028, 0x202E},      {0x2060, 0x206F}, {0x3164, 0x3164},   {0xD800, 0xF8FF},
        {0xFDD0, 0xFDEF},      {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},
        {0xFFF0, 0xFFFB},      {0xFFFE, 0xFFFF}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A},
        {0xE0000, 0xFFFFFFFF},
    };
    for (size_t i = 0; i < ARRAY_LEN(ranges) && ranges[i].first <= cp; i++) {
        if (cp <= ranges[i].last)
            return true;
    }
    return false;
}
