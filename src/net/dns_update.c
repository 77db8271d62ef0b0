#include "net/dns_update.h"

#include "net/dns_query.h"

#define HEADER_BYTES  12
#define OPCODE_UPDATE 0x28U /* 5, in its place in the third byte */
#define RESPONSE_BIT  0x80U
#define OPCODE_BITS   0x78U
#define CLASS_IN      1
#define CLASS_NONE    254
#define STRING_MAX    255U

static void put_u16(struct buf *out, size_t value)
{
    buf_byte(out, (char)(value >> 8 & 0xFFU));
    buf_byte(out, (char)(value & 0xFFU));
}

/* RFC 2136 2.5.1 and 2.5.4: to add, class IN; to take one record away, class NONE and TTL 0. */
static bool put_record(const struct dns_update *update, struct buf *out)
{
    struct str text = update->text;
    uint32_t ttl = update->remove ? 0 : update->ttl;
    if (!dns_name_write(update->name, out))
        return false;
    put_u16(out, DNS_TXT);
    put_u16(out, update->remove ? CLASS_NONE : CLASS_IN);
    put_u16(out, ttl >> 16);
    put_u16(out, ttl & 0xFFFFU);
    size_t strings = text.n ? (text.n + STRING_MAX - 1) / STRING_MAX : 1;
    put_u16(out, text.n + strings);
    do {
        struct str string = str_head(text, STRING_MAX);
        buf_byte(out, (char)string.n);
        buf_str(out, string);
        text = str_skip(text, STRING_MAX);
    } while (text.n);
    return !out->failed;
}

bool dns_update_write(const struct dns_update *update, struct buf *out)
{
    if (update->text.n > DNS_UPDATE_TEXT_MAX)
        return false;
    put_u16(out, update->id);
    put_u16(out, OPCODE_UPDATE << 8);
    put_u16(out, 1); /* zone */
    put_u16(out, 0); /* no prerequisites */
    put_u16(out, 1); /* update */
    put_u16(out, 0);
    if (!dns_name_write(update->zone, out))
        return false;
    put_u16(out, DNS_SOA);
    put_u16(out, CLASS_IN);
    return put_record(update, out);
}

static unsigned u16_at(struct str s, size_t at)
{
    return (unsigned)(unsigned char)s.p[at] << 8 | (unsigned char)s.p[at + 1];
}

static bool repeats_zone(const struct dns_update *update, struct str message)
{
    struct buf name CLEANUP(buf_done);
    size_t at = HEADER_BYTES;
    buf_init(&name, DNS_NAME_TEXT_MAX);
    return dns_name_read(message, &at, &name) && str_ieq(buf_view(&name), update->zone) &&
           message.n - at >= 4 && u16_at(message, at) == DNS_SOA;
}

bool dns_update_is_answer(const struct dns_update *update, struct str message)
{
    if (message.n < HEADER_BYTES || u16_at(message, 0) != update->id ||
        ((unsigned char)message.p[2] & (RESPONSE_BIT | OPCODE_BITS)) !=
            (RESPONSE_BIT | OPCODE_UPDATE))
        return false;
    unsigned zones = u16_at(message, 4);
    return zones == 0 || (zones == 1 && repeats_zone(update, message));
}

const char *dns_rcode_name(unsigned rcode, char *text)
{
    static const char *const names[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
                                        "NOTIMP",  "REFUSED", "YXDOMAIN", "YXRRSET",
                                        "NXRRSET", "NOTAUTH", "NOTZONE"};
    if (rcode < ARRAY_LEN(names))
        return names[rcode];
    snprintf(text, 16, "RCODE %u", rcode & 0xFFFFU);
    return text;
}
