#include "net/tsig.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "net/dns_query.h"

#define HEADER_BYTES  12
#define COUNTS_AT     4 /* of four sections, in the header */
#define ADDITIONAL_AT 10
#define TYPE_TSIG     250
#define CLASS_ANY     255
#define FUDGE_S       300 /* RFC 8945 10: the recommended one */
#define TIME_BYTES    6
#define MESSAGE_MAX   ((size_t)UINT16_MAX)

static const struct {
    const char *name;
    const EVP_MD *(*digest)(void);
} algorithms[] = {
    [TSIG_HMAC_SHA256] = {"hmac-sha256", EVP_sha256},
    [TSIG_HMAC_SHA384] = {"hmac-sha384", EVP_sha384},
    [TSIG_HMAC_SHA512] = {"hmac-sha512", EVP_sha512},
};

bool tsig_algorithm_read(struct str name, enum tsig_algorithm *out)
{
    if (str_ends(name, STR(".")))
        name.n--;
    for (unsigned i = 0; i < ARRAY_LEN(algorithms); i++) {
        if (str_ieq(name, str_from(algorithms[i].name))) {
            *out = (enum tsig_algorithm)i;
            return true;
        }
    }
    return false;
}

const char *tsig_algorithm_name(enum tsig_algorithm algorithm)
{
    return algorithms[algorithm].name;
}

/* ---- bytes ---- */

static uint64_t number_at(struct str s, size_t at, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | (unsigned char)s.p[at + i];
    return value;
}

static void put_number(struct buf *out, uint64_t value, size_t bytes)
{
    while (bytes-- > 0)
        buf_byte(out, (char)(value >> (8 * bytes) & 0xFFU));
}

/* A name in canonical wire form: what is signed has no capitals (RFC 8945 4.3.3). The bytes that
 * count a label's length are below those of letters. */
static bool put_canonical(struct str name, struct buf *out)
{
    size_t start = out->n;
    if (!dns_name_write(name, out))
        return false;
    for (size_t i = start; i < out->n; i++)
        out->p[i] = ascii_lower(out->p[i]);
    return true;
}

/* ---- what is signed ---- */

struct variables {
    uint64_t time;
    uint16_t fudge, error;
    struct str other;
};

/* RFC 8945 4.3.3. */
static bool put_variables(const struct tsig_key *key, const struct variables *v, struct buf *out)
{
    if (!put_canonical(key->name, out))
        return false;
    put_number(out, CLASS_ANY, 2);
    put_number(out, 0, 4); /* TTL */
    if (!put_canonical(str_from(algorithms[key->algorithm].name), out))
        return false;
    put_number(out, v->time, TIME_BYTES);
    put_number(out, v->fudge, 2);
    put_number(out, v->error, 2);
    put_number(out, v->other.n, 2);
    buf_str(out, v->other);
    return !out->failed;
}

static bool compute(const struct tsig_key *key, struct str text, struct tsig_mac *mac)
{
    unsigned n = 0;
    if (!HMAC(algorithms[key->algorithm].digest(), key->secret, (int)key->secret_n,
              (const unsigned char *)text.p, text.n, mac->bytes, &n))
        return false;
    mac->n = n;
    return true;
}

bool tsig_sign(const struct tsig_key *key, int64_t now, struct buf *message, struct tsig_mac *mac)
{
    const struct variables v = {.time = (uint64_t)now, .fudge = FUDGE_S};
    struct buf text CLEANUP(buf_done), data CLEANUP(buf_done);
    buf_init(&text, MESSAGE_MAX * 2);
    buf_init(&data, MESSAGE_MAX);
    if (message->n < HEADER_BYTES || key->secret_n > TSIG_SECRET_MAX)
        return false;
    buf_str(&text, buf_view(message));
    if (!put_variables(key, &v, &text) || !compute(key, buf_view(&text), mac) ||
        !put_canonical(str_from(algorithms[key->algorithm].name), &data))
        return false;
    put_number(&data, v.time, TIME_BYTES);
    put_number(&data, v.fudge, 2);
    put_number(&data, mac->n, 2);
    buf_add(&data, mac->bytes, mac->n);
    buf_add(&data, message->p, 2); /* the original id */
    put_number(&data, 0, 2);       /* error */
    put_number(&data, 0, 2);       /* no other data */
    if (!put_canonical(key->name, message))
        return false;
    put_number(message, TYPE_TSIG, 2);
    put_number(message, CLASS_ANY, 2);
    put_number(message, 0, 4);
    put_number(message, data.n, 2);
    buf_str(message, buf_view(&data));
    uint64_t count = number_at(buf_view(message), ADDITIONAL_AT, 2) + 1;
    message->p[ADDITIONAL_AT] = (char)(count >> 8);
    message->p[ADDITIONAL_AT + 1] = (char)(count & 0xFFU);
    return !message->failed && !data.failed;
}

/* ---- an answer ---- */

struct record {
    struct dns_raw_record raw;
    struct buf algorithm;
    size_t start; /* of the record in the message */
    struct variables variables;
    struct str mac;
    uint16_t original_id;
};

static void record_done(struct record *r)
{
    buf_done(&r->raw.owner);
    buf_done(&r->algorithm);
}

static bool skip_questions(struct str message, size_t *at, struct record *r)
{
    for (uint64_t left = number_at(message, COUNTS_AT, 2); left > 0; left--) {
        buf_reset(&r->raw.owner);
        if (!dns_name_read(message, at, &r->raw.owner) || message.n - *at < 4)
            return false;
        *at += 4;
    }
    return true;
}

/* Walks all records: a TSIG can only be the last, in the additional section, and there is no more
 * behind it. */
static enum tsig_verdict find_record(struct str message, struct record *r)
{
    size_t at = HEADER_BYTES;
    if (message.n < HEADER_BYTES || !skip_questions(message, &at, r))
        return TSIG_MALFORMED;
    uint64_t additional = number_at(message, ADDITIONAL_AT, 2);
    uint64_t left =
        number_at(message, COUNTS_AT + 2, 2) + number_at(message, COUNTS_AT + 4, 2) + additional;
    r->raw.type = 0;
    for (; left > 0; left--) {
        r->start = at;
        if (!dns_record_next(message, &at, &r->raw) || (r->raw.type == TYPE_TSIG && left > 1))
            return TSIG_MALFORMED;
    }
    if (r->raw.type != TYPE_TSIG)
        return TSIG_ABSENT;
    return at == message.n && additional > 0 ? TSIG_GOOD : TSIG_MALFORMED;
}

/* A field of `size` bytes behind its two bytes of length. */
static bool read_field(struct str until_end, size_t *at, struct str *out)
{
    if (until_end.n - *at < 2)
        return false;
    size_t n = (size_t)number_at(until_end, *at, 2);
    if (until_end.n - *at - 2 < n)
        return false;
    *out = (struct str){until_end.p + *at + 2, n};
    *at += 2 + n;
    return true;
}

static bool read_data(struct str message, struct record *r)
{
    struct str until_end = str_head(message, r->raw.end);
    size_t at = r->raw.from;
    if (r->raw.class != CLASS_ANY || r->raw.ttl != 0 ||
        !dns_name_read(until_end, &at, &r->algorithm) || until_end.n - at < TIME_BYTES + 2)
        return false;
    r->variables.time = number_at(until_end, at, TIME_BYTES);
    r->variables.fudge = (uint16_t)number_at(until_end, at + TIME_BYTES, 2);
    at += TIME_BYTES + 2;
    if (!read_field(until_end, &at, &r->mac) || until_end.n - at < 4)
        return false;
    r->original_id = (uint16_t)number_at(until_end, at, 2);
    r->variables.error = (uint16_t)number_at(until_end, at + 2, 2);
    at += 4;
    return read_field(until_end, &at, &r->variables.other) && at == r->raw.end;
}

static bool is_of_key(const struct tsig_key *key, const struct record *r)
{
    struct str name = key->name;
    if (name.n > 1 && str_ends(name, STR(".")))
        name.n--;
    return str_ieq(buf_view(&r->raw.owner), name) &&
           str_ieq(buf_view(&r->algorithm), str_from(algorithms[key->algorithm].name));
}

/* RFC 8945 5.3.1: the request's signature, the message without the TSIG record and with the
 * original id, the variables. */
static bool is_signed(const struct tsig_key *key, const struct tsig_mac *request, struct str answer,
                      const struct record *r)
{
    struct buf text CLEANUP(buf_done);
    struct tsig_mac mac;
    buf_init(&text, MESSAGE_MAX * 2);
    put_number(&text, request->n, 2);
    buf_add(&text, request->bytes, request->n);
    put_number(&text, r->original_id, 2);
    buf_str(&text, str_skip(str_head(answer, ADDITIONAL_AT), 2));
    put_number(&text, number_at(answer, ADDITIONAL_AT, 2) - 1, 2);
    buf_str(&text, str_skip(str_head(answer, r->start), HEADER_BYTES));
    return put_variables(key, &r->variables, &text) && compute(key, buf_view(&text), &mac) &&
           r->mac.n == mac.n && CRYPTO_memcmp(mac.bytes, r->mac.p, mac.n) == 0;
}

static enum tsig_verdict judge(const struct tsig_key *key, const struct tsig_mac *request,
                               struct str answer, int64_t now, const struct record *r)
{
    if (!r->mac.n)
        return TSIG_UNSIGNED;
    if (!is_of_key(key, r))
        return TSIG_OTHER_KEY;
    if (!is_signed(key, request, answer, r))
        return TSIG_FALSE;
    uint64_t here = (uint64_t)now, there = r->variables.time;
    return (here > there ? here - there : there - here) > FUDGE_S ? TSIG_LATE : TSIG_GOOD;
}

struct tsig_answer tsig_verify(const struct tsig_key *key, const struct tsig_mac *request,
                               struct str answer, int64_t now)
{
    struct record r CLEANUP(record_done) = {.start = 0};
    struct tsig_answer out = {.verdict = TSIG_MALFORMED};
    buf_init(&r.raw.owner, DNS_NAME_TEXT_MAX);
    buf_init(&r.algorithm, DNS_NAME_TEXT_MAX);
    out.verdict = find_record(answer, &r);
    if (out.verdict != TSIG_GOOD)
        return out;
    if (!read_data(answer, &r)) {
        out.verdict = TSIG_MALFORMED;
        return out;
    }
    out.verdict = judge(key, request, answer, now, &r);
    out.error = r.variables.error;
    if (out.error == TSIG_ERROR_TIME && r.variables.other.n == TIME_BYTES)
        out.server_time = (int64_t)number_at(r.variables.other, 0, TIME_BYTES);
    return out;
}
