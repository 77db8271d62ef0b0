#include "acme/jose.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <string.h>

#include "acme/messages.h"
#include "base/json_write.h"

#define JSON_MAX        ((size_t)1024 * 1024) /* of a JWS; what goes into one is ours */
#define SIGNATURE_MAX   1024                  /* bytes; RSA with 8192 bits */
#define COORDINATE_MAX  48
#define EXPONENT_MAX    8
#define RSA_MODULUS_MAX SIGNATURE_MAX

static void free_bn(BIGNUM **bn)
{
    BN_free(*bn);
}

static void free_md_ctx(EVP_MD_CTX **ctx)
{
    EVP_MD_CTX_free(*ctx);
}

static void free_ecdsa(ECDSA_SIG **signature)
{
    ECDSA_SIG_free(*signature);
}

/* ---- base64url ---- */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int jose_base64url(struct str bytes, struct arena *arena, struct str *out, struct error *err)
{
    if (bytes.n > JSON_MAX)
        return error_set_memory(err);
    size_t n = bytes.n / 3 * 4 + (bytes.n % 3 ? bytes.n % 3 + 1 : 0), at = 0;
    char *p = arena_alloc(arena, n + 1);
    if (!p)
        return error_set_memory(err);
    const unsigned char *in = (const unsigned char *)bytes.p;
    for (size_t i = 0; i < bytes.n; i += 3) {
        uint32_t three = (uint32_t)in[i] << 16;
        three |= i + 1 < bytes.n ? (uint32_t)in[i + 1] << 8 : 0;
        three |= i + 2 < bytes.n ? in[i + 2] : 0;
        for (unsigned k = 0; k < 4 && at < n; k++)
            p[at++] = alphabet[three >> (18 - 6 * k) & 63];
    }
    *out = (struct str){p, n};
    return 0;
}

int jose_base64url_decode(struct str text, struct arena *arena, struct str *out, struct error *err)
{
    if (text.n % 4 == 1 || text.n > JSON_MAX)
        return error_set(err, ERROR_PERMANENT, msg_acme_base64url());
    char *p = arena_alloc(arena, text.n / 4 * 3 + 3);
    if (!p)
        return error_set_memory(err);
    uint32_t bits = 0;
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        const char *found = text.p[i] ? strchr(alphabet, text.p[i]) : NULL;
        if (!found)
            return error_set(err, ERROR_PERMANENT, msg_acme_base64url());
        bits = bits << 6 | (uint32_t)(found - alphabet);
        if (i % 4)
            p[n++] = (char)(bits >> (6 - 2 * (i % 4)) & 255);
    }
    /* What is left over is no byte, and must be zero: one text for one value. */
    if (text.n % 4 && bits & ((text.n % 4 == 2 ? 16U : 4U) - 1))
        return error_set(err, ERROR_PERMANENT, msg_acme_base64url());
    *out = (struct str){p, n};
    return 0;
}

/* ---- keys ---- */

struct kind {
    const char *group;        /* OpenSSL's name of the curve; NULL: RSA */
    const char *curve, *name; /* RFC 7518 6.2.1.1 and 3.1 */
    size_t size;              /* of a coordinate */
    const char *digest;
};

static const struct kind kinds[] = {
    {"prime256v1", "P-256", "ES256", 32, "SHA256"},
    {"secp384r1", "P-384", "ES384", 48, "SHA384"},
    {NULL, NULL, "RS256", 0, "SHA256"},
};

static const struct kind *kind_of(const EVP_PKEY *key)
{
    char group[64] = "";
    if (EVP_PKEY_is_a(key, "RSA"))
        return &kinds[2];
    if (!EVP_PKEY_is_a(key, "EC") || EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME,
                                                                    group, sizeof group, NULL) != 1)
        return NULL;
    for (size_t i = 0; kinds[i].group; i++) {
        if (str_eq(str_from(group), str_from(kinds[i].group)))
            return &kinds[i];
    }
    return NULL;
}

static int refuse_key(struct error *err)
{
    ERR_clear_error();
    return error_set(err, ERROR_PERMANENT, msg_acme_key_kind());
}

/* A number of the key as base64url: in `size` bytes, or, with 0, in as many as it needs. */
static int print_number(const EVP_PKEY *key, const char *name, size_t size, struct arena *arena,
                        struct str *out, struct error *err)
{
    BIGNUM *bn CLEANUP(free_bn) = NULL;
    unsigned char bytes[RSA_MODULUS_MAX];
    if (EVP_PKEY_get_bn_param(key, name, &bn) != 1)
        return refuse_key(err);
    size = size ? size : (size_t)BN_num_bytes(bn);
    if (size > sizeof bytes || BN_bn2binpad(bn, bytes, (int)size) < 0)
        return refuse_key(err);
    return jose_base64url((struct str){(const char *)bytes, size}, arena, out, err);
}

static int take_text(const struct buf *b, struct arena *arena, struct str *out, struct error *err)
{
    struct str copy = arena_str(arena, buf_view(b));
    if (b->failed || arena->failed)
        return error_set_memory(err);
    *out = copy;
    return 0;
}

int jose_jwk(EVP_PKEY *key, struct arena *arena, struct str *out, struct error *err)
{
    const struct kind *kind = kind_of(key);
    struct buf json CLEANUP(buf_done);
    struct str a = STR(""), b = STR("");
    buf_init(&json, JSON_MAX);
    if (!kind)
        return refuse_key(err);
    int rc = print_number(key, kind->group ? OSSL_PKEY_PARAM_EC_PUB_X : OSSL_PKEY_PARAM_RSA_E,
                          kind->size, arena, &a, err);
    if (rc == 0)
        rc = print_number(key, kind->group ? OSSL_PKEY_PARAM_EC_PUB_Y : OSSL_PKEY_PARAM_RSA_N,
                          kind->size, arena, &b, err);
    if (rc < 0)
        return rc;
    if (kind->group)
        buf_printf(&json, "{\"crv\":\"%s\",\"kty\":\"EC\",\"x\":\"%.*s\",\"y\":\"%.*s\"}",
                   kind->curve, STR_ARG(a), STR_ARG(b));
    else
        buf_printf(&json, "{\"e\":\"%.*s\",\"kty\":\"RSA\",\"n\":\"%.*s\"}", STR_ARG(a),
                   STR_ARG(b));
    return take_text(&json, arena, out, err);
}

int jose_thumbprint(EVP_PKEY *key, struct arena *arena, struct str *out, struct error *err)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    struct str jwk = STR("");
    int rc = jose_jwk(key, arena, &jwk, err);
    if (rc < 0)
        return rc;
    if (EVP_Digest(jwk.p, jwk.n, hash, &n, EVP_sha256(), NULL) != 1)
        return error_set_memory(err);
    return jose_base64url((struct str){(const char *)hash, n}, arena, out, err);
}

/* ---- signatures ---- */

/* r and s, each in the size of a coordinate, RFC 7518 3.4. */
static size_t write_ecdsa(const unsigned char *der, size_t n, size_t size, unsigned char *out)
{
    ECDSA_SIG *signature CLEANUP(free_ecdsa) = d2i_ECDSA_SIG(NULL, &der, (long)n);
    if (!signature || BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, (int)size) < 0 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + size, (int)size) < 0)
        return 0;
    return 2 * size;
}

static int sign_bytes(EVP_PKEY *key, const struct kind *kind, struct str bytes, struct arena *arena,
                      struct str *out, struct error *err)
{
    EVP_MD_CTX *ctx CLEANUP(free_md_ctx) = EVP_MD_CTX_new();
    unsigned char made[SIGNATURE_MAX], plain[2 * COORDINATE_MAX];
    size_t n = sizeof made;
    if (!ctx || EVP_DigestSignInit_ex(ctx, NULL, kind->digest, NULL, NULL, key, NULL) != 1 ||
        EVP_DigestSign(ctx, made, &n, (const unsigned char *)bytes.p, bytes.n) != 1)
        return refuse_key(err);
    if (!kind->group)
        return jose_base64url((struct str){(const char *)made, n}, arena, out, err);
    n = write_ecdsa(made, n, kind->size, plain);
    if (n == 0)
        return refuse_key(err);
    return jose_base64url((struct str){(const char *)plain, n}, arena, out, err);
}

/* jwk is JSON; empty where the header's kid stands. */
static int print_header(const char *algorithm, const struct jose_header *header, struct str jwk,
                        struct arena *arena, struct str *out, struct error *err)
{
    struct buf json CLEANUP(buf_done);
    struct json_writer w;
    buf_init(&json, JSON_MAX);
    json_writer_init(&w, &json, false);
    json_open(&w, '{');
    json_key(&w, "alg");
    json_put_str(&w, str_from(algorithm));
    json_key(&w, jwk.n ? "jwk" : "kid");
    if (jwk.n)
        json_put_raw(&w, jwk);
    else
        json_put_str(&w, header->kid);
    if (header->nonce.n) {
        json_key(&w, "nonce");
        json_put_str(&w, header->nonce);
    }
    json_key(&w, "url");
    json_put_str(&w, header->url);
    json_close(&w);
    if (json.failed)
        return error_set_memory(err);
    return jose_base64url(buf_view(&json), arena, out, err);
}

/* What is signed, RFC 7515 5.1: the header's base64url, a dot, the payload's. */
struct input {
    struct str header, payload, both;
};

static int make_input(const char *algorithm, const struct jose_header *header, struct str jwk,
                      struct str payload, struct arena *arena, struct input *out, struct error *err)
{
    int rc = print_header(algorithm, header, jwk, arena, &out->header, err);
    if (rc == 0)
        rc = jose_base64url(payload, arena, &out->payload, err);
    if (rc < 0)
        return rc;
    struct buf both CLEANUP(buf_done);
    buf_init(&both, 2 * JSON_MAX);
    buf_str(&both, out->header);
    buf_byte(&both, '.');
    buf_str(&both, out->payload);
    return take_text(&both, arena, &out->both, err);
}

static int print_jws(const struct input *input, struct str signature, struct arena *arena,
                     struct str *out, struct error *err)
{
    struct buf json CLEANUP(buf_done);
    buf_init(&json, 4 * JSON_MAX);
    buf_printf(&json, "{\"protected\":\"%.*s\",\"payload\":\"%.*s\",\"signature\":\"%.*s\"}",
               STR_ARG(input->header), STR_ARG(input->payload), STR_ARG(signature));
    return take_text(&json, arena, out, err);
}

int jose_sign(EVP_PKEY *key, const struct jose_header *header, struct str payload,
              struct arena *arena, struct str *out, struct error *err)
{
    const struct kind *kind = kind_of(key);
    struct str jwk = STR(""), signature = STR("");
    struct input input = {STR("")};
    if (!kind)
        return refuse_key(err);
    int rc = header->kid.n ? 0 : jose_jwk(key, arena, &jwk, err);
    if (rc == 0)
        rc = make_input(kind->name, header, jwk, payload, arena, &input, err);
    if (rc == 0)
        rc = sign_bytes(key, kind, input.both, arena, &signature, err);
    return rc < 0 ? rc : print_jws(&input, signature, arena, out, err);
}

int jose_sign_hmac(struct str mac_key, const struct jose_header *header, struct str payload,
                   struct arena *arena, struct str *out, struct error *err)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    struct str signature = STR("");
    struct input input = {STR("")};
    int rc = make_input("HS256", header, STR(""), payload, arena, &input, err);
    if (rc < 0)
        return rc;
    if (mac_key.n > INT32_MAX || !HMAC(EVP_sha256(), mac_key.n ? mac_key.p : "", (int)mac_key.n,
                                       (const unsigned char *)input.both.p, input.both.n, mac, &n))
        return error_set_memory(err);
    rc = jose_base64url((struct str){(const char *)mac, n}, arena, &signature, err);
    return rc < 0 ? rc : print_jws(&input, signature, arena, out, err);
}
