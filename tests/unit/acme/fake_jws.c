#include "fake_jws.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <string.h>

bool fake_base64url(struct str text, struct arena *arena, struct str *out)
{
    size_t padded = (text.n + 3) / 4 * 4;
    char *in = arena_alloc(arena, padded + 1);
    unsigned char *bytes = arena_alloc(arena, padded + 1);
    memset(in, '=', padded);
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (!ascii_is_alnum(c) && c != '-' && c != '_')
            return false;
        in[i] = c == '-' ? '+' : c == '_' ? '/' : c;
    }
    int n = EVP_DecodeBlock(bytes, (unsigned char *)in, (int)padded);
    if (n < 0 || text.n % 4 == 1)
        return false;
    *out = (struct str){(char *)bytes, (size_t)n - (padded - text.n)};
    return true;
}

static struct str member(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return (struct str){json_string_value(value), json_string_length(value)};
}

struct str fake_jws_text(const struct fake_jws *jws, const char *name)
{
    return member(jws->header, name);
}

bool fake_jws_read(struct str body, struct arena *arena, struct fake_jws *out)
{
    *out = (struct fake_jws){NULL};
    json_t *json = json_loadb(body.p ? body.p : "", body.n, 0, NULL);
    struct str header = member(json, "protected"), payload = member(json, "payload"), text;
    bool read = json_object_size(json) == 3 && header.n && fake_base64url(header, arena, &text) &&
                fake_base64url(payload, arena, &out->payload) &&
                fake_base64url(member(json, "signature"), arena, &out->signature);
    if (read) {
        char *input = arena_alloc(arena, header.n + payload.n + 2);
        snprintf(input, header.n + payload.n + 2, "%.*s.%.*s", STR_ARG(header), STR_ARG(payload));
        out->input = (struct str){input, header.n + payload.n + 1};
        out->header = json_loadb(text.p, text.n, 0, NULL);
    }
    json_decref(json);
    return read && json_is_object(out->header);
}

void fake_jws_done(struct fake_jws *jws)
{
    json_decref(jws->header);
}

static EVP_PKEY *key_from(const char *type, OSSL_PARAM_BLD *build)
{
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;
    EVP_PKEY_fromdata_init(ctx);
    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    ERR_clear_error();
    return key;
}

static EVP_PKEY *rsa_key(const json_t *jwk, struct arena *arena)
{
    struct str e, n;
    if (!fake_base64url(member(jwk, "e"), arena, &e) ||
        !fake_base64url(member(jwk, "n"), arena, &n))
        return NULL;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *be = BN_bin2bn((const unsigned char *)e.p, (int)e.n, NULL);
    BIGNUM *bn = BN_bin2bn((const unsigned char *)n.p, (int)n.n, NULL);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, be);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, bn);
    EVP_PKEY *key = key_from("RSA", build);
    OSSL_PARAM_BLD_free(build);
    BN_free(be);
    BN_free(bn);
    return key;
}

EVP_PKEY *fake_jwk_key(const json_t *jwk, struct arena *arena)
{
    struct str x, y;
    if (str_eq(member(jwk, "kty"), STR("RSA")))
        return rsa_key(jwk, arena);
    bool p256 = str_eq(member(jwk, "crv"), STR("P-256"));
    size_t size = p256 ? 32 : 48;
    if (!str_eq(member(jwk, "kty"), STR("EC")) ||
        !(p256 || str_eq(member(jwk, "crv"), STR("P-384"))) ||
        !fake_base64url(member(jwk, "x"), arena, &x) ||
        !fake_base64url(member(jwk, "y"), arena, &y) || x.n != size || y.n != size)
        return NULL;
    unsigned char point[1 + 2 * 48] = {4};
    memcpy(point + 1, x.p, size);
    memcpy(point + 1 + size, y.p, size);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, p256 ? "P-256" : "P-384", 0);
    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * size);
    EVP_PKEY *key = key_from("EC", build);
    OSSL_PARAM_BLD_free(build);
    return key;
}

/* RFC 7518 3.4: r and s, each as long as a coordinate. */
static bool verify_ec(const struct fake_jws *jws, EVP_PKEY *key, const EVP_MD *md, size_t size)
{
    if (jws->signature.n != 2 * size)
        return false;
    const unsigned char *plain = (const unsigned char *)jws->signature.p;
    ECDSA_SIG *signature = ECDSA_SIG_new();
    ECDSA_SIG_set0(signature, BN_bin2bn(plain, (int)size, NULL),
                   BN_bin2bn(plain + size, (int)size, NULL));
    unsigned char *der = NULL;
    int n = i2d_ECDSA_SIG(signature, &der);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = EVP_DigestVerifyInit(ctx, NULL, md, NULL, key) == 1 &&
                EVP_DigestVerify(ctx, der, (size_t)n, (const unsigned char *)jws->input.p,
                                 jws->input.n) == 1;
    EVP_MD_CTX_free(ctx);
    OPENSSL_free(der);
    ECDSA_SIG_free(signature);
    return good;
}

static bool verify_rsa(const struct fake_jws *jws, EVP_PKEY *key)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestVerify(ctx, (const unsigned char *)jws->signature.p, jws->signature.n,
                                 (const unsigned char *)jws->input.p, jws->input.n) == 1;
    EVP_MD_CTX_free(ctx);
    return good;
}

bool fake_jws_verify(const struct fake_jws *jws, EVP_PKEY *key)
{
    struct str algorithm = fake_jws_text(jws, "alg");
    bool good = false;
    if (str_eq(algorithm, STR("ES256")) && EVP_PKEY_get_bits(key) == 256)
        good = verify_ec(jws, key, EVP_sha256(), 32);
    else if (str_eq(algorithm, STR("ES384")) && EVP_PKEY_get_bits(key) == 384)
        good = verify_ec(jws, key, EVP_sha384(), 48);
    else if (str_eq(algorithm, STR("RS256")) && EVP_PKEY_is_a(key, "RSA"))
        good = verify_rsa(jws, key);
    ERR_clear_error();
    return good;
}

bool fake_jws_verify_hmac(const struct fake_jws *jws, struct str key)
{
    unsigned char mac[32];
    unsigned n = 0;
    return str_eq(fake_jws_text(jws, "alg"), STR("HS256")) &&
           HMAC(EVP_sha256(), key.p, (int)key.n, (const unsigned char *)jws->input.p, jws->input.n,
                mac, &n) &&
           n == jws->signature.n && CRYPTO_memcmp(mac, jws->signature.p, n) == 0;
}
