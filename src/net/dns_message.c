#include "net/dns_message.h"

#include <arpa/inet.h>
#include <string.h>

#define HEADER_BYTES         12
#define RCODE_SERVER_FAILURE 2
#define NAME_WIRE_MAX        255 /* RFC 1035 2.3.4 */
#define POINTER_BITS         0xC0U
#define JUMPS_MAX            64
#define CLASS_IN             1
#define RDATA_TEXT_MAX       UINT16_MAX
#define CAA_CRITICAL         0x80U
#define SOA_NUMBERS_BYTES    20

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

/* RFC 6698 2.1. */
static bool read_tlsa(struct str rdata, struct dns_record *record, struct buf *text)
{
    if (rdata.n < 4)
        return false;
    record->usage = (uint8_t)byte_at(rdata, 0);
    record->selector = (uint8_t)byte_at(rdata, 1);
    record->matching = (uint8_t)byte_at(rdata, 2);
    buf_str(text, str_skip(rdata, 3));
    return !text->failed;
}

/* RFC 8659 4.1. The tag's bytes go before the value's in *text. */
static bool read_caa(struct str rdata, struct dns_record *record, struct buf *text)
{
    size_t tag = rdata.n < 2 ? 0 : byte_at(rdata, 1);
    if (tag == 0 || rdata.n - 2 < tag)
        return false;
    for (size_t i = 2; i < 2 + tag; i++) {
        if (!ascii_is_alnum(rdata.p[i]))
            return false;
        buf_byte(text, ascii_lower(rdata.p[i]));
    }
    record->critical = (byte_at(rdata, 0) & CAA_CRITICAL) != 0;
    record->tag.n = tag;
    buf_str(text, str_skip(rdata, 2 + tag));
    return !text->failed;
}

/* RFC 1035 3.3.13: of what follows the MNAME only that it is there. */
static bool read_soa(struct str until_end, size_t at, struct buf *text)
{
    struct buf mailbox CLEANUP(buf_done);
    buf_init(&mailbox, DNS_NAME_TEXT_MAX);
    return dns_name_read(until_end, &at, text) && dns_name_read(until_end, &at, &mailbox) &&
           until_end.n - at == SOA_NUMBERS_BYTES;
}

/* Reads the data of one record, the bytes from `at` to `end` of the message, into *text and, but
 * for its texts, *record. */
static bool read_rdata(struct str message, size_t at, size_t end, enum dns_type type,
                       struct dns_record *record, struct buf *text)
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
        return read_u16(until_end, &at, &record->preference) &&
               dns_name_read(until_end, &at, text) && at == end;
    case DNS_SOA:
        return read_soa(until_end, at, text);
    case DNS_CNAME:
    case DNS_NS:
        return dns_name_read(until_end, &at, text) && at == end;
    case DNS_TLSA:
        return read_tlsa(rdata, record, text);
    case DNS_CAA:
        return read_caa(rdata, record, text);
    }
    return false;
}

bool dns_record_next(struct str message, size_t *at, struct dns_raw_record *raw)
{
    uint16_t length;
    buf_reset(&raw->owner);
    if (!dns_name_read(message, at, &raw->owner) || !read_u16(message, at, &raw->type) ||
        !read_u16(message, at, &raw->class) || !read_u32(message, at, &raw->ttl) ||
        !read_u16(message, at, &length) || message.n - *at < length)
        return false;
    raw->from = *at;
    raw->end = *at += length;
    return true;
}

/* The answer section of a message, and what is read from it. */
struct reading {
    struct str message;
    enum dns_type type;
    struct arena *arena;
    struct dns_records *records;
    unsigned answers;
    size_t answers_at;
    struct str name; /* asked for; then where its CNAMEs lead */
    struct dns_raw_record raw;
    struct buf text;
};

static void reading_done(struct reading *r)
{
    buf_done(&r->raw.owner);
    buf_done(&r->text);
}

static void add_record(struct reading *r)
{
    struct dns_records *records = r->records;
    struct dns_record record = {0};
    buf_reset(&r->text);
    if (records->count >= DNS_RECORDS_MAX ||
        !read_rdata(r->message, r->raw.from, r->raw.end, r->type, &record, &r->text))
        return;
    struct str text = arena_str(r->arena, buf_view(&r->text));
    record.tag = str_head(text, record.tag.n);
    record.text = str_skip(text, record.tag.n);
    records->at[records->count] = record;
    if (records->count == 0 || r->raw.ttl < records->ttl)
        records->ttl = r->raw.ttl;
    records->count++;
}

/* Reads the records of r->name. */
static bool read_records(struct reading *r)
{
    size_t at = r->answers_at;
    size_t room = r->answers < DNS_RECORDS_MAX ? r->answers : DNS_RECORDS_MAX;
    r->records->at = arena_array(r->arena, room, sizeof *r->records->at);
    if (!r->records->at)
        return false;
    for (unsigned i = 0; i < r->answers; i++) {
        if (!dns_record_next(r->message, &at, &r->raw))
            return false;
        if (r->raw.class == CLASS_IN && r->raw.type == r->type &&
            str_ieq(buf_view(&r->raw.owner), r->name))
            add_record(r);
    }
    return true;
}

struct alias {
    struct str owner, target;
};

/* All CNAMEs of the section, in whatever order they stand. */
static bool read_aliases(struct reading *r, struct alias *aliases, size_t *count)
{
    size_t at = r->answers_at;
    *count = 0;
    for (unsigned i = 0; i < r->answers; i++) {
        struct dns_record ignored;
        if (!dns_record_next(r->message, &at, &r->raw))
            return false;
        buf_reset(&r->text);
        if (*count >= DNS_CNAMES_MAX || r->raw.class != CLASS_IN || r->raw.type != DNS_CNAME ||
            !read_rdata(r->message, r->raw.from, r->raw.end, DNS_CNAME, &ignored, &r->text))
            continue;
        aliases[*count].owner = arena_str(r->arena, buf_view(&r->raw.owner));
        aliases[*count].target = arena_str(r->arena, buf_view(&r->text));
        *count += 1;
    }
    return true;
}

/* Follows the CNAMEs from the name asked for on, each once, so that a loop comes to an end. */
static bool follow_aliases(struct reading *r)
{
    struct alias aliases[DNS_CNAMES_MAX];
    struct dns_records *records = r->records;
    size_t count;
    if (!read_aliases(r, aliases, &count))
        return false;
    records->cnames = arena_array(r->arena, count, sizeof *records->cnames);
    struct str name = r->name;
    for (size_t i = 0; records->cnames && i < count;) {
        if (!aliases[i].owner.n || !str_ieq(aliases[i].owner, name)) {
            i++;
            continue;
        }
        aliases[i].owner = STR("");
        name = records->cnames[records->cname_count++] = aliases[i].target;
        i = 0;
    }
    records->canonical = records->cname_count ? name : STR("");
    if (r->type != DNS_CNAME)
        r->name = name;
    return true;
}

/* The name that the first question asks for; the others are passed over. */
static bool read_questions(struct reading *r, unsigned questions)
{
    uint16_t ignored;
    r->answers_at = HEADER_BYTES;
    for (unsigned i = 0; i < questions; i++) {
        buf_reset(&r->text);
        if (!dns_name_read(r->message, &r->answers_at, &r->text) ||
            !read_u16(r->message, &r->answers_at, &ignored) ||
            !read_u16(r->message, &r->answers_at, &ignored))
            return false;
        if (i == 0)
            r->name = arena_str(r->arena, buf_view(&r->text));
    }
    return true;
}

int dns_message_rcode(struct str message)
{
    return message.n < HEADER_BYTES ? RCODE_SERVER_FAILURE : (int)(byte_at(message, 3) & 0xFU);
}

bool dns_message_read(struct str message, enum dns_type type, struct arena *arena,
                      struct dns_records *records)
{
    struct reading r CLEANUP(reading_done) = {
        .message = message, .type = type, .arena = arena, .records = records};
    uint16_t questions, answers;
    size_t at = 4;
    buf_init(&r.raw.owner, DNS_NAME_TEXT_MAX);
    buf_init(&r.text, RDATA_TEXT_MAX);
    if (message.n < HEADER_BYTES || !read_u16(message, &at, &questions) ||
        !read_u16(message, &at, &answers))
        return false;
    *records = (struct dns_records){0};
    r.answers = answers;
    return read_questions(&r, questions) && follow_aliases(&r) && read_records(&r) &&
           !arena->failed;
}
