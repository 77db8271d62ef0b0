#include "mail/messages.h"
#include "mail/scan.h"

/* Text that a person or a program wrote to go with the report. Text with a file name is an
 * attachment and may be the report itself. */
static bool is_letter(const struct message_part *part)
{
    return str_ieq(part->type, STR("text")) && part->name.n == 0 &&
           (str_ieq(part->subtype, STR("plain")) || str_ieq(part->subtype, STR("html")) ||
            str_ieq(part->subtype, STR("enriched")));
}

/* RFC 8460 6.4, 6.5 */
static bool says_report(const struct message_part *part)
{
    return str_istarts(part->subtype, STR("tlsrpt"));
}

/* What may be opened in a part. A letter that begins like a header or an mbox is a letter. */
static bool may_open(const struct message_part *part, enum sniff kind)
{
    if (kind == SNIFF_MESSAGE || kind == SNIFF_MBOX)
        return !str_ieq(part->type, STR("text"));
    if (kind == SNIFF_DMARC)
        return !is_letter(part);
    return true;
}

static void scan_part(struct scan *s, const struct scan_item *item, size_t index)
{
    struct scan_level *level = &s->in->levels[item->depth];
    const struct message_part *part = &level->message.parts[index];
    struct scan_item inner = {.place = {&item->place, part->is_root ? PLACE_SAME : PLACE_PART,
                                        index + 1, part->name, part},
                              .depth = item->depth + 1,
                              .origin = item->origin};
    struct error err;
    if (message_content(part, &level->bytes, &inner.bytes, &err) < 0) {
        scan_error(s, &inner.place, -1, &err);
        return;
    }
    inner.kind = sniff_bytes(inner.bytes);
    if (!may_open(part, inner.kind))
        inner.kind = SNIFF_OTHER;
    scan_item(s, &inner, !says_report(part));
}

static void scan_parts(struct scan *s, const struct scan_item *item, bool letters)
{
    const struct message *m = &s->in->levels[item->depth].message;
    for (size_t i = 0; i < m->count && s->stop == 0; i++)
        if (is_letter(&m->parts[i]) == letters)
            scan_part(s, item, i);
}

static void message_without_report(struct scan *s, const struct scan_item *item)
{
    const struct message *m = &s->in->levels[item->depth].message;
    struct buf *list = &s->in->list;
    struct error err;
    buf_reset(list);
    for (size_t i = 0; i < m->count && list->n < ERROR_TEXT_MAX; i++) {
        if (i)
            buf_cstr(list, ", ");
        buf_str(list, m->parts[i].type);
        buf_byte(list, '/');
        buf_str(list, m->parts[i].subtype);
    }
    if (list->n)
        error_set(&err, ERROR_PERMANENT, msg_mail_no_report(buf_view(list)));
    else
        error_set(&err, ERROR_PERMANENT, msg_mail_empty());
    scan_error(s, &item->place, -1, &err);
}

static void report_limits(struct scan *s, const struct scan_item *item)
{
    const struct message *m = &s->in->levels[item->depth].message;
    struct error err;
    if (m->too_many) {
        error_set(&err, ERROR_POLICY, msg_mail_parts(INTAKE_PARTS_MAX));
        scan_error(s, &item->place, -1, &err);
    }
    if (m->too_deep) {
        error_set(&err, ERROR_POLICY, msg_mail_mime_nesting(MESSAGE_DEPTH_MAX));
        scan_error(s, &item->place, -1, &err);
    }
}

void scan_message(struct scan *s, const struct scan_item *item)
{
    struct message *m = &s->in->levels[item->depth].message;
    struct error err;
    int64_t found = s->found;
    uint64_t errors = s->errors;
    if (message_read(s->in->reader, m, sniff_skip_blanks(item->bytes), INTAKE_PARTS_MAX, &err) <
        0) {
        scan_error(s, &item->place, -1, &err);
        return;
    }
    scan_parts(s, item, false);
    if (s->found == found && s->stop == 0)
        scan_parts(s, item, true);
    if (s->stop == 0)
        report_limits(s, item);
    if (s->found == found && s->errors == errors && s->stop == 0)
        message_without_report(s, item);
    message_forget(m);
}
