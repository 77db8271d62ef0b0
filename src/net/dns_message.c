#include "net/dns_message.h"

#include <arpa/inet.h>

#define HEADER_BYTES         12
#define RCODE_SERVER_FAILURE 2
#define NAME_WIRE_MAX        255 /* RFC 1035 2.3.4 */
#define POINTER_BITS         0xC0U
#define JUMPS_MAX            64
#define NAME_TEXT_MAX        1024 /* every byte of a name as \DDD */
#define CLASS_IN             1
#define RDATA_TEXT_MAX       UINT16_MAX

static unsigned byte_at(struct str s, size_t i)
{
    return (unsigned char)s.p[i];
}

static bool read_u16(struct str s, size_t *at, uint16_t *out)
{
    if (s.n < 2 || *at > s.n - 2)
        return false;
    *out = (uint16_t)(byte_at(s, *at) << 8 | byte_at(s, *at + 1));
    *at += 2;
    return true;
}

static bool read_u32(struct str s, size_t *at, uint32_t *out)
{
    uint16_t high, low;
    if (!read_u16(s, at, &high) || !read_u16(s, at, &low))
        return false;
    *out = (uint32_t)high << 16 | low;
    return true;
}

static void put_label(struct buf *out, struct str label)
{
    for (size_t i = 0; i < label.n; i++) {
        unsigned c = byte_at(label, i);
        if (c == '.' || c == '\\')
            buf_printf(out, "\\%c", (int)c);
        else if (c > 0x20 && c < 0x7F)
            buf_byte(out, (char)c);
        else
            buf_printf(out, "\\%03u", c);
    }
}

/* One label or pointer at *from. *end is set when the first pointer is met, and at the root. */
enum step { STEP_LABEL, STEP_POINTER, STEP_ROOT, STEP_BROKEN };

static enum step next_step(struct str message, size_t *from, struct str *label)
{
    if (*from >= message.n)
        return STEP_BROKEN;
    unsigned n = byte_at(message, *from);
    if (n == 0) {
        *from += 1;
        return STEP_ROOT;
    }
    if ((n & POINTER_BITS) == POINTER_BITS) {
        uint16_t pointer;
        if (!read_u16(message, from, &pointer))
            return STEP_BROKEN;
        *label = (struct str){NULL, pointer & 0x3FFFU};
        return STEP_POINTER;
    }
    if ((n & POINTER_BITS) != 0 || message.n - *from - 1 < n)
        return STEP_BROKEN;
    *label = (struct str){message.p + *from + 1, n};
    *from += n + 1;
    return STEP_LABEL;
}

bool dns_name_read(struct str message, size_t *at, struct buf *out)
{
    size_t from = *at, end = 0, start = out->n, wire = 1;
    unsigned jumps = 0;
    for (;;) {
        struct str label;
        switch (next_step(message, &from, &label)) {
        case STEP_LABEL:
            wire += label.n + 1;
            if (wire > NAME_WIRE_MAX)
                goto broken;
            if (out->n > start)
                buf_byte(out, '.');
            put_label(out, label);
            continue;
        case STEP_POINTER:
            if (end == 0)
                end = from;
            if (++jumps > JUMPS_MAX)
                goto broken;
            from = label.n;
            continue;
        case STEP_ROOT:
            if (out->n == start)
                buf_byte(out, '.');
            *at = end ? end : from;
            return !out->failed;
        case STEP_BROKEN:
            goto broken;
        }
    }
broken:
    out->n = start;
    return false;
}

static bool read_txt(struct str rdata, struct buf *text)
{
    while (rdata.n) {
        size_t n = byte_at(rdata, 0);
        if (rdata.n < n + 1)
            return false;
        buf_add(text, rdata.p + 1, n);
        rdata = str_skip(rdata, n + 1);
    }
    return !text->failed;
}

static bool read_address(struct str rdata, bool ipv6, struct buf *text)
{
    char shown[INET6_ADDRSTRLEN];
    if (rdata.n != (ipv6 ? 16 : 4))
        return false;
    if (!inet_ntop(ipv6 ? AF_INET6 : AF_INET, rdata.p, shown, sizeof shown))
        return false;
    buf_cstr(text, shown);
    return !text->failed;
}

/* Reads the data of one record, the bytes from `at` to `end` of the message. */
static bool read_rdata(struct str message, size_t at, size_t end, enum dns_type type,
                       struct buf *text, uint16_t *preference)
{
    struct str rdata = {message.p + at, end - at};
    /* Names may point back into the message, but must not reach beyond their record. */
    struct str until_end = {message.p, end};
    switch (type) {
    case DNS_A:
    case DNS_AAAA:
        return read_address(rdata, type == DNS_AAAA, text);
    case DNS_TXT:
        return read_txt(rdata, text);
    case DNS_MX:
        return read_u16(until_end, &at, preference) && dns_name_read(until_end, &at, text) &&
               at == end;
    case DNS_CNAME:
    case DNS_NS:
        return dns_name_read(until_end, &at, text) && at == end;
    case DNS_TLSA:
    case DNS_CAA:
        break;
    }
    return false;
}

static void add_record(struct dns_records *records, struct arena *arena, struct str text,
                       uint16_t preference, uint32_t ttl)
{
    if (records->count >= DNS_RECORDS_MAX)
        return;
    struct dns_record *record = &records->at[records->count];
    record->text = arena_str(arena, text);
    record->preference = preference;
    if (records->count == 0 || ttl < records->ttl)
        records->ttl = ttl;
    records->count++;
}

/* Reads one record of the answer section; false when the message cannot be walked further. */
static bool read_record(struct str message, size_t *at, enum dns_type type, struct arena *arena,
                        struct dns_records *records)
{
    uint16_t rtype, class, length, preference = 0;
    uint32_t ttl;
    struct buf text CLEANUP(buf_done);
    buf_init(&text, RDATA_TEXT_MAX);
    if (!dns_name_read(message, at, &text) || !read_u16(message, at, &rtype) ||
        !read_u16(message, at, &class) || !read_u32(message, at, &ttl) ||
        !read_u16(message, at, &length) || message.n - *at < length)
        return false;
    size_t from = *at;
    *at += length;
    buf_reset(&text);
    if (class != CLASS_IN)
        return true;
    if (rtype == DNS_CNAME && read_rdata(message, from, *at, DNS_CNAME, &text, &preference))
        records->canonical = arena_str(arena, buf_view(&text));
    buf_reset(&text);
    if (rtype == type && read_rdata(message, from, *at, type, &text, &preference))
        add_record(records, arena, buf_view(&text), preference, ttl);
    return true;
}

static bool skip_question(struct str message, size_t *at)
{
    struct buf name CLEANUP(buf_done);
    uint16_t ignored;
    buf_init(&name, NAME_TEXT_MAX);
    return dns_name_read(message, at, &name) && read_u16(message, at, &ignored) &&
           read_u16(message, at, &ignored);
}

int dns_message_rcode(struct str message)
{
    return message.n < HEADER_BYTES ? RCODE_SERVER_FAILURE : (int)(byte_at(message, 3) & 0xFU);
}

bool dns_message_read(struct str message, enum dns_type type, struct arena *arena,
                      struct dns_records *records)
{
    uint16_t questions, answers;
    size_t at = 4;
    if (message.n < HEADER_BYTES || !read_u16(message, &at, &questions) ||
        !read_u16(message, &at, &answers))
        return false;
    at = HEADER_BYTES;
    *records = (struct dns_records){0};
    size_t room = answers < DNS_RECORDS_MAX ? answers : DNS_RECORDS_MAX;
    records->at = arena_array(arena, room, sizeof *records->at);
    if (!records->at)
        return false;
    for (unsigned i = 0; i < questions; i++) {
        if (!skip_question(message, &at))
            return false;
    }
    for (unsigned i = 0; i < answers; i++) {
        if (!read_record(message, &at, type, arena, records))
            return false;
    }
    return !arena->failed;
}
