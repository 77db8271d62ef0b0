#include "cli/wrap.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/utf8.h"

static bool is_wide(uint32_t cp)
{
    return (cp >= 0x1100 && cp <= 0x115f) || (cp >= 0x2e80 && cp <= 0xa4cf) ||
           (cp >= 0xac00 && cp <= 0xd7a3) || (cp >= 0xf900 && cp <= 0xfaff) ||
           (cp >= 0xfe30 && cp <= 0xfe6f) || (cp >= 0xff00 && cp <= 0xff60) ||
           (cp >= 0xffe0 && cp <= 0xffe6) || (cp >= 0x1f300 && cp <= 0x1faff) ||
           (cp >= 0x20000 && cp <= 0x3fffd);
}

/* Punctuation that does not begin a line in Chinese. */
static bool is_closing(uint32_t cp)
{
    static const uint32_t closing[] = {0x3001, 0x3002, 0xff0c, 0xff0e, 0xff1a, 0xff1b, 0xff01,
                                       0xff1f, 0xff09, 0x201d, 0x2019, 0x300b, 0x300d};
    for (size_t i = 0; i < ARRAY_LEN(closing); i++) {
        if (cp == closing[i])
            return true;
    }
    return false;
}

static bool is_opening(uint32_t cp)
{
    return cp == 0xff08 || cp == 0x201c || cp == 0x2018 || cp == 0x300a || cp == 0x300c;
}

/* A code point and its length; bytes that are none count as one column each. */
static size_t next_point(struct str s, uint32_t *cp)
{
    size_t n = utf8_decode(s, cp);
    if (n == 0) {
        *cp = 0xfffd;
        return 1;
    }
    return n;
}

size_t wrap_columns(struct str text)
{
    size_t columns = 0;
    while (text.n) {
        uint32_t cp;
        text = str_skip(text, next_point(text, &cp));
        columns += is_wide(cp) ? 2 : 1;
    }
    return columns;
}

/* What must stay together at the start of s: a word, or a Chinese character with the punctuation
 * that belongs to it. s does not begin with a blank. */
static struct str take_piece(struct str s)
{
    size_t n = 0;
    bool open = false, wide_before = false;
    while (n < s.n && s.p[n] != ' ') {
        uint32_t cp;
        size_t length = next_point(str_skip(s, n), &cp);
        bool breaks = is_wide(cp) || wide_before || is_opening(cp);
        if (n && !open && breaks && !is_closing(cp))
            break;
        wide_before = is_wide(cp) || is_closing(cp);
        open = is_opening(cp);
        n += length;
    }
    return str_head(s, n);
}

static void put_indent(struct buf *out, unsigned n)
{
    while (n--)
        buf_byte(out, ' ');
}

static void put_paragraph(struct buf *out, struct str text, unsigned indent, unsigned width)
{
    size_t column = indent;
    put_indent(out, indent);
    bool first = true;
    while (text.n) {
        size_t blanks = 0;
        while (blanks < text.n && text.p[blanks] == ' ')
            blanks++;
        text = str_skip(text, blanks);
        struct str piece = take_piece(text);
        size_t wide = wrap_columns(piece);
        if (!first && column + blanks + wide > width) {
            buf_byte(out, '\n');
            put_indent(out, indent);
            column = indent;
        } else if (!first) {
            put_indent(out, (unsigned)blanks);
            column += blanks;
        }
        buf_str(out, piece);
        column += wide;
        first = false;
        text = str_skip(text, piece.n);
    }
    buf_byte(out, '\n');
}

void wrap_put_as(struct buf *out, struct str text, const struct wrap *wrap)
{
    struct str line;
    bool more = str_cut(text, '\n', &line, &text);
    put_paragraph(out, line, wrap->indent, wrap->width);
    while (more) {
        more = str_cut(text, '\n', &line, &text);
        put_indent(out, wrap->below);
        buf_str(out, line);
        buf_byte(out, '\n');
    }
}

void wrap_put(struct buf *out, struct str text, unsigned indent)
{
    wrap_put_as(out, text, &(struct wrap){indent, indent * 2, WRAP_WIDTH});
}

unsigned wrap_width_here(void)
{
    struct winsize size;
    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || !size.ws_col)
        return WRAP_WIDTH;
    if (size.ws_col < WRAP_WIDTH_MIN)
        return WRAP_WIDTH_MIN;
    return size.ws_col < WRAP_WIDTH ? size.ws_col : WRAP_WIDTH;
}
