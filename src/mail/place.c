#include "mail/place.h"

#include "base/escape.h"

void place_write(const struct place *place, struct buf *out)
{
    if (place->up)
        place_write(place->up, out);
    switch (place->kind) {
    case PLACE_INPUT:
        escape_text(out, place->name);
        break;
    case PLACE_MESSAGE:
        buf_cstr(out, ", message ");
        buf_u64(out, place->number);
        break;
    case PLACE_PART:
        buf_cstr(out, ", part ");
        buf_u64(out, place->number);
        if (place->name.n) {
            buf_cstr(out, " (");
            escape_clipped(out, place->name, PLACE_NAME_MAX);
            buf_byte(out, ')');
        }
        break;
    case PLACE_FILE:
        buf_cstr(out, ", ");
        escape_clipped(out, place->name, PLACE_NAME_MAX);
        break;
    case PLACE_SAME:
        break;
    }
}

static struct str base_name(struct str path)
{
    return str_skip(path, (size_t)(str_rchr(path, '/') + 1));
}

void place_hints(const struct place *place, struct rpt_hints *hints)
{
    *hints = (struct rpt_hints){0};
    for (; place; place = place->up) {
        /* RFC 8460 5.1: sender "!" domain "!" begin "!" end */
        struct str name = base_name(place->name);
        if (hints->file_name.n == 0 && str_chr(name, '!') >= 0)
            hints->file_name = name;
        if (!place->part)
            continue;
        if (hints->tls_report_domain.n == 0)
            hints->tls_report_domain = message_field(place->part, "TLS-Report-Domain");
        if (hints->subject.n == 0)
            hints->subject = message_field(place->part, "Subject");
    }
}
