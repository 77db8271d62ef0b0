#include "mail/scan.h"

#include "mail/mbox.h"
#include "mail/messages.h"

void scan_error(struct scan *s, const struct place *place, int64_t offset, const struct error *err)
{
    s->errors++;
    if (!s->handler->error)
        return;
    buf_reset(&s->in->source);
    place_write(place, &s->in->source);
    s->handler->error(s->handler->user, buf_view(&s->in->source), offset, err);
}

/* What all archives of an input of n bytes may unpack to together. */
static void scan_begin(struct scan *s, size_t n)
{
    s->budget =
        INTAKE_JSON_MAX + (n > INTAKE_INPUT_MAX ? INTAKE_INPUT_MAX : n) * (size_t)INTAKE_RATIO_MAX;
    s->note = NULL;
}

static void give_report(struct scan *s, const struct scan_item *item)
{
    struct intake_report report = {.json = item->bytes, .note = s->note};
    if (item->bytes.n > INTAKE_JSON_MAX) {
        struct error err;
        error_set(&err, ERROR_POLICY, msg_mail_json_too_large(INTAKE_JSON_MAX));
        scan_error(s, &item->place, (int64_t)INTAKE_JSON_MAX, &err);
        return;
    }
    place_hints(&item->place, &report.hints);
    buf_reset(&s->in->source);
    place_write(&item->place, &s->in->source);
    report.source = buf_view(&s->in->source);
    s->found++;
    int result = s->handler->report(s->handler->user, &report);
    if (result < 0)
        s->stop = result;
}

static void give_back(struct buf *b)
{
    if (b->cap > SCAN_KEEP_MAX)
        buf_done(b);
}

static void scan_end(struct scan *s)
{
    for (size_t i = 0; i < ARRAY_LEN(s->in->levels); i++)
        give_back(&s->in->levels[i].bytes);
}

int scan_box_message(void *user, struct str text, uint64_t number, uint64_t offset, bool too_large)
{
    const struct scan_box *box = user;
    struct scan *s = box->scan;
    struct scan_item item = {.bytes = text,
                             .kind = SNIFF_MESSAGE,
                             .place = {box->place, PLACE_MESSAGE, number, {0}, NULL},
                             .depth = box->depth + 1,
                             .origin = text.n};
    if (box->depth == 0)
        scan_begin(s, text.n);
    if (too_large) {
        struct error err;
        error_set(&err, ERROR_POLICY, msg_mail_input_too_large(INTAKE_INPUT_MAX));
        scan_error(s, &item.place, (int64_t)offset, &err);
    } else {
        scan_item(s, &item, false);
    }
    if (box->depth == 0)
        scan_end(s);
    return s->stop;
}

static void read_mbox(struct scan *s, const struct scan_item *item)
{
    struct mbox box CLEANUP(mbox_done);
    struct scan_box reading = {s, &item->place, item->depth};
    mbox_init(&box, INTAKE_INPUT_MAX);
    box.message = scan_box_message;
    box.user = &reading;
    if (mbox_feed(&box, sniff_skip_blanks(item->bytes)) == 0 && mbox_end(&box) < 0)
        return; /* the handler stopped it, and s->stop says so */
}

static void read_base64(struct scan *s, const struct scan_item *item)
{
    struct buf *out = &s->in->levels[item->depth].bytes;
    struct error err;
    if (message_decode_base64(item->bytes, out, &err) < 0) {
        scan_error(s, &item->place, -1, &err);
        return;
    }
    struct scan_item inner = *item;
    inner.bytes = buf_view(out);
    inner.kind = sniff_bytes(inner.bytes);
    inner.depth++;
    scan_item(s, &inner, false);
}

static void refuse(struct scan *s, const struct scan_item *item)
{
    struct error err;
    struct msg m = msg_mail_unknown();
    if (item->kind == SNIFF_EMPTY)
        m = msg_mail_empty();
    else if (item->kind == SNIFF_JSON_OTHER)
        m = msg_mail_json_no_object();
    else if (item->kind == SNIFF_HTML)
        m = msg_mail_html();
    else if (item->kind == SNIFF_DMARC)
        m = msg_mail_dmarc();
    else if (item->kind == SNIFF_XML)
        m = msg_mail_xml();
    error_set(&err, ERROR_PERMANENT, m);
    scan_error(s, &item->place, item->kind == SNIFF_EMPTY ? -1 : 0, &err);
}

static void open_container(struct scan *s, const struct scan_item *item)
{
    if (item->depth >= INTAKE_NESTING_MAX) {
        struct error err;
        error_set(&err, ERROR_POLICY, msg_mail_nesting(INTAKE_NESTING_MAX));
        scan_error(s, &item->place, -1, &err);
        return;
    }
    struct scan_item here = *item;
    if (here.origin > item->bytes.n)
        here.origin = item->bytes.n;
    if (item->kind == SNIFF_GZIP)
        scan_gzip(s, &here);
    else if (item->kind == SNIFF_ZIP)
        scan_zip(s, &here);
    else if (item->kind == SNIFF_MESSAGE)
        scan_message(s, &here);
    else if (item->kind == SNIFF_MBOX)
        read_mbox(s, &here);
    else
        read_base64(s, &here);
}

bool scan_item(struct scan *s, const struct scan_item *item, bool quietly)
{
    switch (item->kind) {
    case SNIFF_JSON:
        give_report(s, item);
        return true;
    case SNIFF_GZIP:
    case SNIFF_ZIP:
    case SNIFF_MESSAGE:
    case SNIFF_MBOX:
    case SNIFF_BASE64_GZIP:
    case SNIFF_BASE64_ZIP:
    case SNIFF_BASE64_JSON:
        open_container(s, item);
        return true;
    case SNIFF_DMARC:
        refuse(s, item);
        return true;
    case SNIFF_EMPTY:
    case SNIFF_JSON_OTHER:
    case SNIFF_HTML:
    case SNIFF_XML:
    case SNIFF_OTHER:
        break;
    }
    if (!quietly)
        refuse(s, item);
    return false;
}

void scan_input(struct scan *s, struct str bytes, const struct place *place)
{
    struct scan_item item = {
        .bytes = bytes, .kind = sniff_bytes(bytes), .place = *place, .origin = bytes.n};
    scan_begin(s, bytes.n);
    scan_item(s, &item, false);
    scan_end(s);
}
