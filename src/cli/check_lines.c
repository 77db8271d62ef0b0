#include "cli/check_lines.h"

#define BYTE_ORDER_MARK STR("\xef\xbb\xbf")

/* How much is shown of a line that is too long. */
#define BEGINNING 64

void check_lines_init(struct check_lines *l)
{
    *l = (struct check_lines){.given = true};
    buf_init(&l->line, CHECK_LINE_MAX);
}

void check_lines_done(struct check_lines *l)
{
    buf_done(&l->line);
}

void check_lines_feed(struct check_lines *l, struct str piece)
{
    l->piece = piece;
    l->ended = piece.n == 0;
}

static void begin_line(struct check_lines *l)
{
    if (!l->given)
        return;
    buf_reset(&l->line);
    l->given = l->too_long = false;
}

/* Moves what the piece has of the line over to it; true when the line is whole. */
static bool take_line(struct check_lines *l)
{
    struct str part;
    bool whole = str_cut(l->piece, '\n', &part, &l->piece);
    if (part.n > CHECK_LINE_MAX - l->line.n) {
        part.n = CHECK_LINE_MAX - l->line.n;
        l->too_long = true;
    }
    buf_str(&l->line, part);
    l->too_long |= l->line.failed;
    return whole || (l->ended && (l->line.n || l->too_long));
}

static struct str domain_in(const struct check_lines *l)
{
    struct str line = buf_view(&l->line), comment;
    if (l->number == 1 && str_starts(line, BYTE_ORDER_MARK))
        line = str_skip(line, BYTE_ORDER_MARK.n);
    str_cut(line, '#', &line, &comment);
    return str_trim(line);
}

enum check_lines_result check_lines_next(struct check_lines *l, struct str *domain)
{
    while (true) {
        begin_line(l);
        if (!take_line(l))
            return l->ended ? CHECK_LINES_END : CHECK_LINES_MORE;
        l->number++;
        l->given = true;
        *domain = domain_in(l);
        bool comment = str_chr(buf_view(&l->line), '#') >= 0;
        if (l->too_long && !comment) {
            *domain = str_head(*domain, BEGINNING);
            return CHECK_LINES_TOO_LONG;
        }
        if (domain->n)
            return CHECK_LINES_DOMAIN;
    }
}
