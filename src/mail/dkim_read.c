#include <openssl/crypto.h>
#include <string.h>

#include "mail/dkim.h"
#include "mail/dkim_canon.h"
#include "mail/dkim_tags.h"
#include "mail/sniff.h"

/* A header field with its folded lines, without the last line end. */
struct field {
    struct str name, all;
    bool used; /* by the signature that is being looked at */
};

/* A message as signatures see it. */
struct signed_message {
    struct field *fields;
    size_t count;
    bool too_many;  /* fields */
    bool malformed; /* a line of the header is no field */
    struct str body;
    bool hashed[2]; /* the body: simple, relaxed */
    unsigned char hash[2][DKIM_HASH_SIZE];
};

enum tag { V, A, B, BH, C, D, H, I, L, Q, S, T, X, TAG_COUNT };
static const char *const tag_names[TAG_COUNT] = {"v", "a", "b", "bh", "c", "d", "h",
                                                 "i", "l", "q", "s",  "t", "x"};

static const char *const result_names[DKIM_RESULT_COUNT] = {
    [DKIM_PENDING] = "pending",
    [DKIM_VALID] = "valid",
    [DKIM_MALFORMED] = "malformed",
    [DKIM_VERSION] = "version",
    [DKIM_ALGORITHM] = "algorithm",
    [DKIM_QUERY] = "query",
    [DKIM_LENGTH] = "length",
    [DKIM_IDENTITY] = "identity",
    [DKIM_FROM_UNSIGNED] = "from-unsigned",
    [DKIM_EXPIRED] = "expired",
    [DKIM_HEADER] = "header",
    [DKIM_TOO_LARGE] = "too-large",
    [DKIM_BODY_CHANGED] = "body-changed",
    [DKIM_KEY_MALFORMED] = "key-malformed",
    [DKIM_KEY_REVOKED] = "key-revoked",
    [DKIM_KEY_SERVICE] = "key-service",
    [DKIM_KEY_HASH] = "key-hash",
    [DKIM_KEY_TYPE] = "key-type",
    [DKIM_KEY_WEAK] = "key-weak",
    [DKIM_KEY_STRICT] = "key-strict",
    [DKIM_KEY_TESTING] = "key-testing",
    [DKIM_WRONG] = "wrong",
};

const char *dkim_result_name(enum dkim_result result)
{
    return result_names[result];
}

/* ---- the message ---- */

static struct str without_line_end(struct str s)
{
    if (!s.n || s.p[s.n - 1] != '\n')
        return s;
    s.n--;
    s.n -= s.n && s.p[s.n - 1] == '\r';
    return s;
}

/* The next line, its end included. */
static struct str next_line(struct str rest)
{
    ssize_t end = str_chr(rest, '\n');
    return end < 0 ? rest : str_head(rest, (size_t)end + 1);
}

/* The next field with the lines that are folded into it. */
static struct str next_field(struct str rest)
{
    struct str field = next_line(rest);
    for (;;) {
        struct str line = next_line(str_skip(rest, field.n));
        if (!line.n || (*line.p != ' ' && *line.p != '\t'))
            return without_line_end(field);
        field.n += line.n;
    }
}

/* A field without its last line end: RFC 5322 3.6.8, blanks before the colon allowed as in 4.5. */
static bool is_field(const struct field *field)
{
    for (size_t i = 0; i < field->name.n; i++) {
        if (field->name.p[i] < 0x21 || field->name.p[i] > 0x7e)
            return false;
    }
    return field->name.n > 0;
}

static bool add_field(struct signed_message *m, struct str all)
{
    struct str name, value;
    bool colon = str_cut(all, ':', &name, &value);
    struct field field = {.name = str_rtrim(name), .all = all};
    if (!colon || !is_field(&field))
        return m->count == 0 && sniff_is_from(all); /* which a mailbox puts in front */
    m->too_many = m->too_many || m->count == DKIM_FIELDS_MAX;
    if (!m->too_many)
        m->fields[m->count++] = field;
    return true;
}

static bool split(struct signed_message *m, struct str message, struct arena *arena)
{
    m->fields = arena_array(arena, DKIM_FIELDS_MAX, sizeof *m->fields);
    if (!m->fields)
        return false;
    while (message.n) {
        struct str line = next_line(message);
        if (!without_line_end(line).n) {
            message = str_skip(message, line.n);
            break;
        }
        struct str all = next_field(message);
        message = str_skip(message, all.n);
        message = str_skip(message, next_line(message).n); /* the line end */
        m->malformed = !add_field(m, all) || m->malformed;
    }
    m->body = message;
    return true;
}

static bool hash_body(struct signed_message *m, bool relaxed)
{
    struct dkim_sink sink;
    if (m->hashed[relaxed])
        return true;
    if (!dkim_sink_begin(&sink))
        return false;
    dkim_add_body(&sink, m->body, relaxed);
    m->hashed[relaxed] = dkim_sink_end(&sink, m->hash[relaxed]);
    return m->hashed[relaxed];
}

/* ---- a signature ---- */

/* The last field of the name that was not taken yet: RFC 6376 5.4.2. */
static struct field *take_field(struct signed_message *m, struct str name)
{
    for (size_t i = m->count; i > 0; i--) {
        struct field *field = &m->fields[i - 1];
        if (!field->used && str_ieq(field->name, name)) {
            field->used = true;
            return field;
        }
    }
    return NULL;
}

static bool hash_fields(struct signed_message *m, const struct field *own, const struct str *tags,
                        bool relaxed, unsigned char hash[DKIM_HASH_SIZE])
{
    const struct str none = {NULL, 0};
    struct dkim_sink sink;
    struct str names = tags[H], name;
    if (!dkim_sink_begin(&sink))
        return false;
    for (size_t i = 0; i < m->count; i++)
        m->fields[i].used = false;
    while (dkim_next_word(&names, &name)) {
        const struct field *field = take_field(m, name);
        if (!field)
            continue; /* that there is none is signed, too */
        dkim_add_field(&sink, field->all, none, relaxed);
        dkim_add_line_end(&sink);
    }
    dkim_add_field(&sink, own->all, tags[B], relaxed);
    return dkim_sink_end(&sink, hash);
}

/* header-form ["/" body-form], "simple" where one is absent: RFC 6376 3.5. */
static bool read_forms(struct str value, bool *header, bool *body)
{
    struct str first, second;
    *header = *body = false;
    if (!value.p)
        return true;
    bool both = str_cut(str_trim(value), '/', &first, &second);
    *header = str_ieq(first, STR("relaxed"));
    *body = str_ieq(second, STR("relaxed"));
    return (*header || str_ieq(first, STR("simple"))) &&
           (!both || *body || str_ieq(second, STR("simple")));
}

/* i=: [local part] "@" domain, the domain that of d= or below it. */
static bool read_identity(struct dkim_signature *s, struct str value)
{
    ssize_t at = str_rchr(value, '@');
    struct str domain = str_trim(str_skip(value, (size_t)(at + 1)));
    if (!value.p)
        return true;
    s->below = domain_is_below(domain, s->domain);
    return at >= 0 && (s->below || domain_eq(domain, s->domain));
}

static enum dkim_result check_names(struct str names)
{
    struct str name;
    size_t count = 0;
    bool from = false;
    while (dkim_next_word(&names, &name)) {
        if (!name.n)
            return DKIM_MALFORMED;
        if (++count > DKIM_SIGNED_MAX)
            return DKIM_TOO_LARGE;
        from = from || str_ieq(name, STR("from"));
    }
    return from ? DKIM_PENDING : DKIM_FROM_UNSIGNED;
}

static enum dkim_result check_time(const struct str *tags, int64_t now)
{
    uint64_t signed_at = 0, until = UINT64_MAX;
    if ((tags[T].p && !str_to_u64(str_trim(tags[T]), &signed_at)) ||
        (tags[X].p && (!str_to_u64(str_trim(tags[X]), &until) || until < signed_at)))
        return DKIM_MALFORMED;
    return now > 0 && until < (uint64_t)now ? DKIM_EXPIRED : DKIM_PENDING;
}

/* d= and s=, in lower case. */
static bool read_place(struct dkim_signature *s, const struct str *tags, struct arena *arena)
{
    struct buf name CLEANUP(buf_done);
    struct str domain = dkim_without_space(tags[D], arena);
    struct str selector = dkim_without_space(tags[S], arena);
    buf_init(&name, DOMAIN_NAME_MAX + 1);
    if (domain_check_dns(selector) != DOMAIN_OK || !domain_to_ascii(domain, &name))
        return false;
    s->selector = selector;
    s->domain = arena_str(arena, buf_view(&name));
    return true;
}

static enum dkim_result check_tags(struct dkim_signature *s, const struct str *tags, int64_t now)
{
    struct str algorithm = str_trim(tags[A]);
    if (!str_eq(str_trim(tags[V]), STR("1")))
        return DKIM_VERSION;
    s->ed25519 = str_ieq(algorithm, STR("ed25519-sha256"));
    if (!s->ed25519 && !str_ieq(algorithm, STR("rsa-sha256")))
        return DKIM_ALGORITHM;
    if (tags[Q].p && !dkim_has_word(tags[Q], STR("dns/txt")))
        return DKIM_QUERY;
    if (tags[L].p)
        return DKIM_LENGTH;
    if (!read_identity(s, tags[I]))
        return DKIM_IDENTITY;
    enum dkim_result result = check_names(tags[H]);
    return result == DKIM_PENDING ? check_time(tags, now) : result;
}

static enum dkim_result check_hashes(struct dkim_signature *s, struct signed_message *m,
                                     const struct field *own, const struct str *tags,
                                     struct arena *arena)
{
    bool header, body;
    struct str hash;
    if (!read_forms(tags[C], &header, &body) || !dkim_base64(tags[B], arena, &s->signature) ||
        !dkim_base64(tags[BH], arena, &hash) || hash.n != DKIM_HASH_SIZE)
        return DKIM_MALFORMED;
    if (!hash_body(m, body) || !hash_fields(m, own, tags, header, s->fields)) {
        arena->failed = true;
        return DKIM_MALFORMED;
    }
    return CRYPTO_memcmp(hash.p, m->hash[body], DKIM_HASH_SIZE) == 0 ? DKIM_PENDING
                                                                     : DKIM_BODY_CHANGED;
}

static enum dkim_result read_signature(struct dkim_signature *s, struct signed_message *m,
                                       const struct field *own, int64_t now, struct arena *arena)
{
    struct str tags[TAG_COUNT], name, list;
    str_cut(own->all, ':', &name, &list);
    if (!dkim_tags_read(list, tag_names, TAG_COUNT, tags) || !tags[V].p || !tags[A].p ||
        !tags[B].p || !tags[BH].p || !tags[D].p || !tags[H].p || !tags[S].p ||
        !read_place(s, tags, arena))
        return DKIM_MALFORMED;
    if (m->malformed || m->too_many)
        return m->malformed ? DKIM_HEADER : DKIM_TOO_LARGE;
    enum dkim_result result = check_tags(s, tags, now);
    return result == DKIM_PENDING ? check_hashes(s, m, own, tags, arena) : result;
}

int dkim_read(struct dkim *dkim, struct str message, int64_t now, struct arena *arena)
{
    struct signed_message m = {NULL};
    *dkim = (struct dkim){.count = 0};
    if (!split(&m, message, arena))
        return -1;
    for (size_t i = 0; i < m.count && !dkim->more; i++) {
        if (!str_ieq(m.fields[i].name, STR("dkim-signature")))
            continue;
        dkim->more = dkim->count == DKIM_SIGNATURES_MAX;
        if (dkim->more)
            break;
        struct dkim_signature *s = &dkim->items[dkim->count++];
        s->result = read_signature(s, &m, &m.fields[i], now, arena);
    }
    return arena->failed ? -1 : 0;
}
