#include "net/tls_key.h"

#include <limits.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <string.h>

#define PRIVATE_N 32 /* bytes of a number on P-256 */
#define PUBLIC_N  65 /* of an uncompressed point */

/* RFC 5915 3: SEQUENCE { version 1, privateKey OCTET STRING, [0] parameters OPTIONAL,
 * [1] publicKey BIT STRING }. One length byte each: all is shorter than 128 bytes. */
static bool take_apart(struct str ec_private_key, struct str *private, struct str *public)
{
    static const char begin[] = {0x02, 0x01, 0x01, 0x04, PRIVATE_N};
    static const char end[] = {(char)0xa1, PUBLIC_N + 3, 0x03, PUBLIC_N + 1, 0x00};
    static const char parameters[] = {(char)0xa0, 0x0a, 0x06, 0x08};
    struct str rest = ec_private_key;
    if (rest.n < 2 || rest.p[0] != 0x30 || rest.p[1] < 0 || (size_t)rest.p[1] != rest.n - 2)
        return false;
    rest = str_skip(rest, 2);
    if (!str_starts(rest, (struct str){begin, sizeof begin}))
        return false;
    rest = str_skip(rest, sizeof begin);
    *private = str_head(rest, PRIVATE_N);
    rest = str_skip(rest, PRIVATE_N);
    if (str_starts(rest, (struct str){parameters, sizeof parameters}))
        rest = str_skip(rest, 12);
    if (!str_starts(rest, (struct str){end, sizeof end}) || rest.n != sizeof end + PUBLIC_N)
        return false;
    *public = str_skip(rest, sizeof end);
    return true;
}

/* The ECPrivateKey within, when the key is on P-256 (RFC 5480 2.1.1). */
static bool is_p256(const PKCS8_PRIV_KEY_INFO *info, struct str *ec_private_key)
{
    const ASN1_OBJECT *kind, *curve = NULL;
    const X509_ALGOR *algorithm;
    const unsigned char *bytes;
    const void *parameter;
    int n, type;
    if (!PKCS8_pkey_get0(&kind, &bytes, &n, &algorithm, info) ||
        OBJ_obj2nid(kind) != NID_X9_62_id_ecPublicKey)
        return false;
    X509_ALGOR_get0(NULL, &type, &parameter, algorithm);
    if (type == V_ASN1_OBJECT)
        curve = parameter;
    *ec_private_key = (struct str){(const char *)bytes, (size_t)n};
    return curve && OBJ_obj2nid(curve) == NID_X9_62_prime256v1;
}

static EVP_PKEY *from_parameters(OSSL_PARAM *parameters)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;
    if (ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, parameters) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static EVP_PKEY *from_numbers(struct str private, struct str public)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *number = BN_bin2bn((const unsigned char *)private.p, (int)private.n, NULL);
    OSSL_PARAM *parameters = NULL;
    EVP_PKEY *key = NULL;
    if (build && number &&
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, SN_X9_62_prime256v1,
                                        0) &&
        OSSL_PARAM_BLD_push_BN_pad(build, OSSL_PKEY_PARAM_PRIV_KEY, number, PRIVATE_N) &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, public.p, public.n))
        parameters = OSSL_PARAM_BLD_to_param(build);
    if (parameters)
        key = from_parameters(parameters);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(build);
    BN_clear_free(number);
    return key;
}

EVP_PKEY *tls_key_read(struct str pkcs8)
{
    const unsigned char *p = (const unsigned char *)pkcs8.p;
    struct str inner, private, public;
    EVP_PKEY *key = NULL;
    if (pkcs8.n > INT_MAX)
        return NULL;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)pkcs8.n);
    if (info && is_p256(info, &inner) && take_apart(inner, &private, &public))
        key = from_numbers(private, public);
    if (info && !key)
        key = EVP_PKCS82PKEY(info);
    PKCS8_PRIV_KEY_INFO_free(info);
    return key;
}
