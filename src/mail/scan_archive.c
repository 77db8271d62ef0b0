#include "mail/gunzip.h"
#include "mail/messages.h"
#include "mail/scan.h"
#include "mail/unzip.h"

/* The most that may come out of an item now. */
static size_t limit_of(const struct scan *s, const struct scan_item *item)
{
    size_t limit = inflate_limit(item->origin, INTAKE_RATIO_MAX, INTAKE_JSON_MAX);
    return limit < s->budget ? limit : s->budget;
}

/* Which of the limits it was that limit_of gave. */
static void name_limit(const struct scan *s, const struct scan_item *item, struct error *err)
{
    size_t limit = inflate_limit(item->origin, INTAKE_RATIO_MAX, INTAKE_JSON_MAX);
    if (s->budget < limit)
        error_set(err, ERROR_POLICY, msg_mail_budget(limit));
    else if (limit < INTAKE_JSON_MAX)
        error_set(err, ERROR_POLICY, msg_mail_ratio(INTAKE_RATIO_MAX));
    else
        error_set(err, ERROR_POLICY, msg_mail_json_too_large(INTAKE_JSON_MAX));
}

void scan_gzip(struct scan *s, const struct scan_item *item)
{
    struct buf *out = &s->in->levels[item->depth].bytes;
    struct gunzip_result result;
    struct error err;
    size_t limit = limit_of(s, item);
    if (gunzip(s->in->inflater, item->bytes, limit, out, &result, &err) < 0) {
        if (result.too_large) {
            name_limit(s, item, &err);
            s->budget -= limit;
        }
        scan_error(s, &item->place, (int64_t)result.offset, &err);
        return;
    }
    s->budget -= out->n;
    struct msg trailing = msg_mail_trailing_bytes(result.trailing);
    const struct msg *before = s->note;
    if (result.trailing)
        s->note = &trailing;
    struct scan_item inner = {.bytes = buf_view(out),
                              .kind = sniff_bytes(buf_view(out)),
                              .place = {&item->place, PLACE_SAME, 0, result.first_name, NULL},
                              .depth = item->depth + 1,
                              .origin = item->origin};
    scan_item(s, &inner, false);
    s->note = before;
}

/* Gives false when the entry is nothing that is read here. */
static bool scan_entry(struct scan *s, const struct scan_item *item, struct unzip *u,
                       const struct unzip_entry *entry)
{
    struct buf *out = &s->in->levels[item->depth].bytes;
    struct scan_item inner = {.place = {&item->place, PLACE_FILE, 0, entry->name, NULL},
                              .depth = item->depth + 1,
                              .origin = item->origin};
    struct error err;
    bool too_large;
    size_t limit = limit_of(s, item);
    if (unzip_read(u, s->in->inflater, entry, limit, out, &too_large, &err) < 0) {
        if (too_large) {
            name_limit(s, item, &err);
            s->budget -= limit;
        }
        scan_error(s, &inner.place, (int64_t)u->offset, &err);
        return true;
    }
    s->budget -= out->n;
    inner.bytes = buf_view(out);
    inner.kind = sniff_bytes(inner.bytes);
    return scan_item(s, &inner, true);
}

static void zip_without_report(struct scan *s, const struct scan_item *item)
{
    struct unzip u;
    struct unzip_entry entry;
    struct buf *list = &s->in->list;
    struct error err;
    buf_reset(list);
    int result = unzip_open(&u, item->bytes, &err);
    while (result >= 0 && (result = unzip_next(&u, &entry, &err)) > 0 && list->n < ERROR_TEXT_MAX) {
        if (list->n)
            buf_cstr(list, ", ");
        buf_str(list, entry.name);
    }
    error_set(&err, ERROR_PERMANENT, msg_mail_zip_no_report(buf_view(list)));
    scan_error(s, &item->place, -1, &err);
}

void scan_zip(struct scan *s, const struct scan_item *item)
{
    struct unzip u;
    struct unzip_entry entry;
    struct error err;
    int64_t found = s->found;
    uint64_t errors = s->errors;
    int result = unzip_open(&u, item->bytes, &err);
    if (result < 0) {
        scan_error(s, &item->place, (int64_t)u.offset, &err);
        return;
    }
    while (s->stop == 0 && (result = unzip_next(&u, &entry, &err)) != 0) {
        if (result < 0)
            scan_error(s, &item->place, (int64_t)u.offset, &err);
        else if (!entry.folder)
            scan_entry(s, item, &u, &entry);
    }
    if (s->found == found && s->errors == errors && s->stop == 0)
        zip_without_report(s, item);
}
