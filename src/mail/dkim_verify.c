#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "mail/dkim.h"
#include "mail/dkim_canon.h"
#include "mail/dkim_tags.h"

#define RECORD_MAX   ((size_t)64 * 1024) /* what DNS can give */
#define ED25519_SIZE 32

enum tag { V, H, K, P, S, T, TAG_COUNT };
static const char *const tag_names[TAG_COUNT] = {"v", "h", "k", "p", "s", "t"};

struct str dkim_key_name(const struct dkim_signature *signature, char text[DOMAIN_NAME_MAX + 1])
{
    struct buf name CLEANUP(buf_done);
    buf_init(&name, DOMAIN_NAME_MAX);
    buf_str(&name, signature->selector);
    buf_cstr(&name, "._domainkey.");
    buf_str(&name, signature->domain);
    if (name.failed || !signature->domain.n)
        return STR("");
    for (size_t i = 0; i < name.n; i++)
        text[i] = ascii_lower(name.p[i]);
    text[name.n] = 0;
    return (struct str){text, name.n};
}

/* RFC 6376 3.6.1 has an RSAPublicKey, its examples, and everybody, a SubjectPublicKeyInfo around
 * it: its appendix C. */
static EVP_PKEY *read_rsa(struct str der)
{
    const unsigned char *p = (const unsigned char *)der.p;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)der.n);
    if (!key) {
        p = (const unsigned char *)der.p;
        key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, (long)der.n);
    }
    if (!key || (p == (const unsigned char *)der.p + der.n && EVP_PKEY_is_a(key, "RSA")))
        return key;
    EVP_PKEY_free(key);
    return NULL;
}

static EVP_PKEY *read_key(const struct dkim_signature *s, struct str bytes)
{
    if (!s->ed25519)
        return read_rsa(bytes);
    return bytes.n == ED25519_SIZE
               ? EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL,
                                                (const unsigned char *)bytes.p, bytes.n)
               : NULL;
}

/* Both sign the hash of the header fields: RSA as the hash that it is, Ed25519 as its message
 * (RFC 8463 3). */
static bool fits(const struct dkim_signature *s, EVP_PKEY *key)
{
    const unsigned char *signature = (const unsigned char *)s->signature.p;
    bool done = false;
    if (s->ed25519) {
        EVP_MD_CTX *md = EVP_MD_CTX_new();
        done = md && EVP_DigestVerifyInit(md, NULL, NULL, NULL, key) == 1 &&
               EVP_DigestVerify(md, signature, s->signature.n, s->fields, sizeof s->fields) == 1;
        EVP_MD_CTX_free(md);
        return done;
    }
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    done = ctx && EVP_PKEY_verify_init(ctx) == 1 &&
           EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
           EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 &&
           EVP_PKEY_verify(ctx, signature, s->signature.n, s->fields, sizeof s->fields) == 1;
    EVP_PKEY_CTX_free(ctx);
    return done;
}

static enum dkim_result verify_with(const struct dkim_signature *s, EVP_PKEY *key)
{
    unsigned bits = (unsigned)EVP_PKEY_get_bits(key);
    if (!s->ed25519 && bits < DKIM_RSA_BITS_MIN)
        return DKIM_KEY_WEAK;
    if (!s->ed25519 && bits > DKIM_RSA_BITS_MAX)
        return DKIM_KEY_MALFORMED;
    return fits(s, key) ? DKIM_VALID : DKIM_WRONG;
}

/* What the record says about the use of its key. Flags and types that are unknown mean nothing. */
static enum dkim_result check_use(const struct dkim_signature *s, const struct str *tags)
{
    struct str kind = tags[K].p ? str_trim(tags[K]) : STR("rsa");
    if (!str_ieq(kind, s->ed25519 ? STR("ed25519") : STR("rsa")))
        return DKIM_KEY_TYPE;
    if (tags[H].p && !dkim_has_word(tags[H], STR("sha256")))
        return DKIM_KEY_HASH;
    if (tags[S].p && !dkim_has_word(tags[S], STR("*")) && !dkim_has_word(tags[S], STR("tlsrpt")) &&
        !dkim_has_word(tags[S], STR("email")))
        return DKIM_KEY_SERVICE;
    if (tags[T].p && s->below && dkim_has_word(tags[T], STR("s")))
        return DKIM_KEY_STRICT;
    return DKIM_PENDING;
}

static enum dkim_result verify(const struct dkim_signature *s, struct str record,
                               struct arena *arena)
{
    struct str tags[TAG_COUNT], bytes;
    if (!dkim_tags_read(record, tag_names, TAG_COUNT, tags) || !tags[P].p ||
        (tags[V].p && !str_eq(str_trim(tags[V]), STR("DKIM1"))))
        return DKIM_KEY_MALFORMED;
    if (!str_trim(tags[P]).n)
        return DKIM_KEY_REVOKED;
    enum dkim_result result = check_use(s, tags);
    if (result != DKIM_PENDING)
        return result;
    EVP_PKEY *key = dkim_base64(tags[P], arena, &bytes) ? read_key(s, bytes) : NULL;
    result = key ? verify_with(s, key) : DKIM_KEY_MALFORMED;
    EVP_PKEY_free(key);
    bool testing = tags[T].p && dkim_has_word(tags[T], STR("y"));
    return result == DKIM_VALID && testing ? DKIM_KEY_TESTING : result;
}

enum dkim_result dkim_verify(const struct dkim_signature *signature, struct str record)
{
    struct arena arena CLEANUP(arena_done);
    arena_init(&arena, 2 * RECORD_MAX);
    if (record.n > RECORD_MAX)
        return DKIM_KEY_MALFORMED;
    enum dkim_result result = verify(signature, record, &arena);
    ERR_clear_error();
    return arena.failed ? DKIM_PENDING : result;
}
