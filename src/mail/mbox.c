#include "mail/mbox.h"

#include <string.h>

#include "mail/sniff.h"

void mbox_init(struct mbox *box, size_t message_max)
{
    *box = (struct mbox){.after_blank = true};
    buf_init(&box->text, message_max);
}

void mbox_done(struct mbox *box)
{
    buf_done(&box->text);
}

static struct str line_view(const struct mbox_line *line)
{
    return (struct str){line->at, line->n};
}

static void line_add(struct mbox_line *line, struct str s)
{
    memcpy(line->at + line->n, s.p, s.n);
    line->n += s.n;
}

static int give(struct mbox *box)
{
    if (box->number == 0)
        return 0;
    struct str text = box->text.failed ? (struct str){0} : buf_view(&box->text);
    return box->message(box->user, text, box->number, box->offset, box->text.failed);
}

static struct str without_end(struct str line)
{
    if (str_ends(line, STR("\n")))
        line.n--;
    if (str_ends(line, STR("\r")))
        line.n--;
    return line;
}

/* The line behind a From_ line tells what that was. */
static int settle_pending(struct mbox *box, struct str bare)
{
    int result = 0;
    if (sniff_is_field(bare) || str_starts(bare, STR(">From "))) {
        result = give(box);
        buf_reset(&box->text);
        box->number++;
        box->offset = box->pending_at;
    } else {
        buf_str(&box->text, line_view(&box->pending));
    }
    box->pending.n = 0;
    return result;
}

static void add_text(struct mbox *box, struct str line)
{
    size_t quotes = 0;
    while (quotes < line.n && line.p[quotes] == '>')
        quotes++;
    if (quotes && str_starts(str_skip(line, quotes), STR("From ")))
        line = str_skip(line, 1);
    buf_str(&box->text, line);
}

/* One line, its end included (unless it is the last one). */
static int take_line(struct mbox *box, struct str line)
{
    struct str bare = without_end(line);
    uint64_t start = box->at;
    int result = 0;
    box->at += line.n;
    if (box->pending.n)
        result = settle_pending(box, bare);
    if (box->after_blank && line.n <= MBOX_LINE_MAX && sniff_is_from(bare)) {
        line_add(&box->pending, line);
        box->pending_at = start;
    } else {
        add_text(box, line);
    }
    box->after_blank = bare.n == 0;
    return result;
}

/* The beginning of a line whose end is not here yet. */
static int keep_start(struct mbox *box, struct str start)
{
    if (box->line.n + start.n <= MBOX_LINE_MAX) {
        line_add(&box->line, start);
        return 0;
    }
    int result = 0;
    if (box->pending.n)
        result = settle_pending(box, box->line.n ? line_view(&box->line) : start);
    buf_str(&box->text, line_view(&box->line));
    buf_str(&box->text, start);
    box->at += box->line.n + start.n;
    box->line.n = 0;
    box->within_line = true;
    box->after_blank = false;
    return result;
}

static int feed_line(struct mbox *box, struct str line)
{
    if (box->within_line) {
        buf_str(&box->text, line);
        box->at += line.n;
        box->within_line = false;
        return 0;
    }
    if (box->line.n == 0)
        return take_line(box, line);
    int result = keep_start(box, line);
    if (box->within_line) {
        box->within_line = false;
        return result;
    }
    result = take_line(box, line_view(&box->line));
    box->line.n = 0;
    return result;
}

int mbox_feed(struct mbox *box, struct str bytes)
{
    while (bytes.n) {
        ssize_t end = str_chr(bytes, '\n');
        if (end < 0)
            break;
        int result = feed_line(box, str_head(bytes, (size_t)end + 1));
        if (result < 0)
            return result;
        bytes = str_skip(bytes, (size_t)end + 1);
    }
    if (bytes.n == 0)
        return 0;
    if (box->within_line) {
        buf_str(&box->text, bytes);
        box->at += bytes.n;
        return 0;
    }
    return keep_start(box, bytes);
}

int mbox_end(struct mbox *box)
{
    int result = 0;
    if (box->line.n) {
        result = take_line(box, line_view(&box->line));
        box->line.n = 0;
    }
    if (result < 0)
        return result;
    if (box->pending.n)
        buf_str(&box->text, line_view(&box->pending));
    return give(box);
}
