#include "cli/apply_rows.h"

#include "base/json_read.h"
#include "cli/apply_value.h"
#include "cli/messages.h"

#define BYTE_ORDER_MARK STR("\xef\xbb\xbf")
/* A row with all that is made of it: a pattern or a URI is at most a few times its text. */
#define ARENA_MAX ((size_t)8 * 1024 * 1024)
/* How much is shown of a text that is at fault. */
#define SHOWN_MAX 128

void apply_rows_init(struct apply_rows *r, enum apply_format format)
{
    *r = (struct apply_rows){.format = format, .given = true};
    buf_init(&r->record, APPLY_RECORD_MAX);
    arena_init(&r->arena, ARENA_MAX);
}

void apply_rows_done(struct apply_rows *r)
{
    buf_done(&r->record);
    arena_done(&r->arena);
}

void apply_rows_feed(struct apply_rows *r, struct str piece)
{
    r->piece = piece;
    r->ended = piece.n == 0;
}

/* ---- records ---- */

static void begin_record(struct apply_rows *r)
{
    if (!r->given)
        return;
    buf_reset(&r->record);
    r->line = r->lines + 1;
    r->given = r->too_long = r->in_quotes = false;
}

/* RFC 4180 2.6: within quotes a line end is part of the field. They begin behind a comma, and again
 * behind the quote that ended them; elsewhere a quote is a fault and opens nothing. */
static void count_quotes(struct apply_rows *r, struct str part)
{
    char before = r->record.n ? r->record.p[r->record.n - 1] : ',';
    for (size_t i = 0; i < part.n; i++) {
        if (part.p[i] == '"' && (r->in_quotes || before == ',' || before == '"'))
            r->in_quotes = !r->in_quotes;
        before = part.p[i];
    }
}

static void look_at_format(struct apply_rows *r, struct str part)
{
    if (r->format != APPLY_BY_LOOK)
        return;
    struct str text = part;
    if (r->line == 1 && str_starts(BYTE_ORDER_MARK, str_head(text, BYTE_ORDER_MARK.n))) {
        if (text.n < BYTE_ORDER_MARK.n)
            return;
        text = str_skip(text, BYTE_ORDER_MARK.n);
    }
    text = str_trim(text);
    if (text.n)
        r->format = text.p[0] == '{' ? APPLY_JSON_LINES : APPLY_CSV;
}

/* Moves what the piece has of the record over to it; true when the record is whole. */
static bool take_record(struct apply_rows *r)
{
    while (r->piece.n) {
        struct str part;
        bool line_end = str_cut(r->piece, '\n', &part, &r->piece);
        if (part.n + 1 > APPLY_RECORD_MAX - r->record.n) {
            part.n = APPLY_RECORD_MAX - r->record.n;
            r->too_long = true;
        }
        if (r->format != APPLY_JSON_LINES)
            count_quotes(r, part);
        buf_str(&r->record, part);
        r->too_long |= r->record.failed;
        look_at_format(r, buf_view(&r->record));
        r->in_quotes &= r->format != APPLY_JSON_LINES;
        r->lines += line_end;
        if (line_end && (!r->in_quotes || r->too_long))
            return true;
        if (line_end)
            buf_byte(&r->record, '\n');
    }
    return r->ended && (r->record.n || r->too_long);
}

/* ---- CSV ---- */

/* One field and what stands behind its comma. False: its quotes are wrong. */
static bool next_field(struct str *rest, bool *more, struct arena *arena, struct str *field)
{
    struct buf text CLEANUP(buf_done) = {0};
    if (rest->n == 0 || rest->p[0] != '"') {
        *more = str_cut(*rest, ',', field, rest);
        return str_chr(*field, '"') < 0;
    }
    buf_init(&text, APPLY_RECORD_MAX);
    *rest = str_skip(*rest, 1);
    bool twice = true;
    while (twice) {
        struct str part;
        if (!str_cut(*rest, '"', &part, rest))
            return false;
        buf_str(&text, part);
        twice = rest->n > 0 && rest->p[0] == '"';
        if (twice) {
            buf_byte(&text, '"');
            *rest = str_skip(*rest, 1);
        }
    }
    struct str between;
    *more = str_cut(*rest, ',', &between, rest);
    *field = arena_str(arena, buf_view(&text));
    return str_trim(between).n == 0;
}

static bool read_header(struct apply_rows *r, struct str rest, struct msg *fault)
{
    bool more = true, has_domain = false;
    unsigned seen = 0;
    r->column_count = 0;
    while (more) {
        struct str field = STR("");
        bool good = next_field(&rest, &more, &r->arena, &field);
        unsigned column = apply_column(str_trim(field));
        if (!good || column == APPLY_COLUMNS || (seen & 1U << column)) {
            *fault = msg_apply_column(r->line, str_head(str_trim(field), SHOWN_MAX));
            return false;
        }
        seen |= 1U << column;
        has_domain |= column == APPLY_DOMAIN;
        r->columns[r->column_count++] = column;
    }
    if (!has_domain)
        *fault = msg_apply_no_domain_column(r->line);
    return has_domain;
}

static bool read_csv(struct apply_rows *r, struct str rest, struct apply_texts *texts,
                     struct msg *fault)
{
    bool more = true;
    size_t count = 0;
    *fault = msg_apply_quotes(r->line);
    while (more) {
        struct str field = STR("");
        if (!next_field(&rest, &more, &r->arena, &field))
            return false;
        if (count < r->column_count)
            texts->at[r->columns[count]] = str_trim(field);
        count++;
    }
    *fault = msg_apply_fields(r->line, count, r->column_count);
    for (size_t i = 0; i < r->column_count; i++)
        texts->given[r->columns[i]] = true;
    return count == r->column_count;
}

/* ---- JSON lines ---- */

/* A list, joined by blanks; a single text is a list of one. */
static bool read_list(struct json_reader *r, struct arena *arena, struct str *out)
{
    struct buf joined CLEANUP(buf_done) = {0};
    struct str text;
    if (json_peek(r) != JSON_ARRAY)
        return json_string(r, out);
    buf_init(&joined, APPLY_RECORD_MAX);
    if (!json_enter(r))
        return false;
    while (json_next_element(r)) {
        if (!json_string(r, &text))
            return false;
        if (joined.n)
            buf_byte(&joined, ' ');
        buf_str(&joined, text);
    }
    *out = arena_str(arena, buf_view(&joined));
    return !joined.failed && !r->error;
}

static bool read_member(struct json_reader *r, unsigned column, struct arena *arena,
                        struct str *out)
{
    if (json_null(r))
        return true;
    switch ((enum apply_column)column) {
    case APPLY_DOMAIN:
    case APPLY_MODE:
        return json_string(r, out);
    case APPLY_MX:
    case APPLY_RUA:
        return read_list(r, arena, out);
    case APPLY_MAX_AGE_S:
        return json_number(r, out);
    }
    return false;
}

static bool read_json(struct apply_rows *rows, struct str record, struct apply_texts *texts,
                      struct msg *fault)
{
    struct json_reader r;
    struct str key;
    json_reader_init(&r, record, &rows->arena);
    *fault = msg_apply_json(rows->line);
    if (json_peek(&r) != JSON_OBJECT || !json_enter(&r))
        return false;
    while (json_next_key(&r, &key)) {
        unsigned column = apply_column(key);
        if (column == APPLY_COLUMNS || texts->given[column] ||
            !read_member(&r, column, &rows->arena, &texts->at[column])) {
            if (!r.error)
                *fault = msg_apply_json_key(rows->line, str_head(key, SHOWN_MAX));
            return false;
        }
        texts->given[column] = true;
    }
    return !r.error && json_rest(&r).n == 0;
}

/* ---- rows ---- */

static enum apply_rows_result read_record(struct apply_rows *r, struct str record,
                                          struct apply_row *row, struct msg *fault)
{
    struct apply_texts texts = {.given = {false}};
    if (r->too_long) {
        *fault = msg_apply_too_long(r->line, APPLY_RECORD_MAX);
        return r->format == APPLY_CSV && !r->has_header ? APPLY_ROWS_HEADER : APPLY_ROWS_FAULT;
    }
    bool good = r->format == APPLY_JSON_LINES ? read_json(r, record, &texts, fault)
                                              : read_csv(r, record, &texts, fault);
    if (good)
        good = apply_value_read(&texts, r->line, &r->arena, row, fault);
    if (r->arena.failed) {
        *fault = msg_apply_too_long(r->line, APPLY_RECORD_MAX);
        good = false;
    }
    return good ? APPLY_ROWS_ROW : APPLY_ROWS_FAULT;
}

enum apply_rows_result apply_rows_next(struct apply_rows *r, struct apply_row *row,
                                       struct msg *fault)
{
    while (true) {
        begin_record(r);
        if (!take_record(r))
            return r->ended ? APPLY_ROWS_END : APPLY_ROWS_MORE;
        r->given = true;
        struct str record = buf_view(&r->record);
        if (r->line == 1 && str_starts(record, BYTE_ORDER_MARK))
            record = str_skip(record, BYTE_ORDER_MARK.n);
        record = str_trim(record);
        if (!record.n && !r->too_long)
            continue;
        arena_reset(&r->arena);
        if (r->too_long || r->format == APPLY_JSON_LINES || r->has_header)
            return read_record(r, record, row, fault);
        if (!read_header(r, record, fault))
            return APPLY_ROWS_HEADER;
        r->has_header = true;
    }
}
