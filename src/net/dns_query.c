#include "net/dns_query.h"

#define HEADER_BYTES  12
#define LABEL_MAX     63
#define NAME_WIRE_MAX 255 /* RFC 1035 2.3.4 */
#define CLASS_IN      1
#define NAME_TEXT_MAX 1024

/* Bits of a header's third and fourth byte. */
#define RESPONSE_BIT  0x80U
#define OPCODE_BITS   0x78U
#define AUTHORITATIVE 0x04U
#define TRUNCATED     0x02U

static unsigned byte_at(struct str s, size_t i)
{
    return (unsigned char)s.p[i];
}

static void put_u16(struct buf *out, unsigned value)
{
    buf_byte(out, (char)(value >> 8));
    buf_byte(out, (char)(value & 0xFFU));
}

/* Takes one byte of a label off *text; an escape is \DDD or \X (RFC 1035 5.1). */
static bool next_byte(struct str *text, char *out)
{
    uint64_t number;
    size_t taken = 1;
    *out = text->p[0];
    if (*out == '\\') {
        if (text->n < 2)
            return false;
        taken = 2;
        *out = text->p[1];
        if (ascii_is_digit(*out)) {
            if (text->n < 4 || !str_to_u64(str_head(str_skip(*text, 1), 3), &number) ||
                number > UINT8_MAX)
                return false;
            taken = 4;
            *out = (char)number;
        }
    }
    *text = str_skip(*text, taken);
    return true;
}

static bool put_label(struct str *text, struct buf *out)
{
    char label[LABEL_MAX];
    size_t n = 0;
    while (text->n && text->p[0] != '.') {
        if (n == LABEL_MAX || !next_byte(text, &label[n]))
            return false;
        n++;
    }
    *text = str_skip(*text, 1);
    buf_byte(out, (char)n);
    buf_add(out, label, n);
    return n != 0;
}

bool dns_name_write(struct str text, struct buf *out)
{
    size_t start = out->n;
    if (text.n == 0)
        return false;
    if (str_eq(text, STR(".")))
        text = STR("");
    while (text.n) {
        if (!put_label(&text, out) || out->n - start > NAME_WIRE_MAX - 1)
            return false;
    }
    buf_byte(out, 0);
    return !out->failed;
}

bool dns_query_write(const struct dns_question *question, struct buf *out)
{
    size_t start = out->n;
    put_u16(out, question->id);
    put_u16(out, 0); /* a query, nothing wanted */
    put_u16(out, 1); /* questions */
    put_u16(out, 0);
    put_u16(out, 0);
    put_u16(out, 0);
    if (dns_name_write(question->name, out)) {
        put_u16(out, (unsigned)question->type);
        put_u16(out, CLASS_IN);
        if (!out->failed)
            return true;
    }
    out->n = start;
    return false;
}

/* The question as both sides write it, in its wire form, so that no way of escaping matters. */
static bool is_same_name(struct str a, struct str b)
{
    struct buf x CLEANUP(buf_done), y CLEANUP(buf_done);
    size_t at_a = HEADER_BYTES, at_b = HEADER_BYTES;
    buf_init(&x, NAME_TEXT_MAX);
    buf_init(&y, NAME_TEXT_MAX);
    return dns_name_read(a, &at_a, &x) && dns_name_read(b, &at_b, &y) &&
           str_ieq(buf_view(&x), buf_view(&y)) && b.n - at_b >= 4 && a.n - at_a >= 4 &&
           str_eq(str_head(str_skip(a, at_a), 4), str_head(str_skip(b, at_b), 4));
}

bool dns_query_is_answer(const struct dns_question *question, struct str message)
{
    struct buf asked CLEANUP(buf_done);
    buf_init(&asked, DNS_QUERY_BYTES_MAX);
    if (message.n < HEADER_BYTES || !dns_query_write(question, &asked))
        return false;
    unsigned id = byte_at(message, 0) << 8 | byte_at(message, 1);
    unsigned questions = byte_at(message, 4) << 8 | byte_at(message, 5);
    if (id != question->id || (byte_at(message, 2) & (RESPONSE_BIT | OPCODE_BITS)) != RESPONSE_BIT)
        return false;
    if (questions == 0)
        return dns_message_rcode(message) != 0;
    return questions == 1 && is_same_name(buf_view(&asked), message);
}

bool dns_message_is_authoritative(struct str message)
{
    return message.n >= HEADER_BYTES && (byte_at(message, 2) & AUTHORITATIVE);
}

bool dns_message_is_truncated(struct str message)
{
    return message.n >= HEADER_BYTES && (byte_at(message, 2) & TRUNCATED);
}
