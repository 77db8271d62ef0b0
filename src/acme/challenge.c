#include "acme/challenge.h"

#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include "acme/jose.h"
#include "acme/key.h"
#include "acme/messages.h"
#include "base/domain.h"

#define IDENTIFIER_OID "1.3.6.1.5.5.7.1.31" /* id-pe-acmeIdentifier, RFC 8737 6.1 */
/* OCTET STRING of a SHA-256: tag, length, value. */
#define IDENTIFIER_SIZE (2 + SHA256_DIGEST_LENGTH)

/* Seconds that the certificate is good, before now (a CA's clock may be behind) and after. */
#define GOOD_BEFORE 86400
#define GOOD_AFTER  (7 * 86400)

static const char *const type_names[] = {
    [ACME_TLS_ALPN_01] = "tls-alpn-01", [ACME_HTTP_01] = "http-01", [ACME_DNS_01] = "dns-01"};

const char *acme_challenge_name(enum acme_challenge_type type)
{
    return type_names[type];
}

bool acme_challenge_read(struct str name, enum acme_challenge_type *out)
{
    for (size_t i = 0; i < ARRAY_LEN(type_names); i++) {
        if (str_eq(name, str_from(type_names[i]))) {
            *out = (enum acme_challenge_type)i;
            return true;
        }
    }
    return false;
}

bool acme_token_is_good(struct str token)
{
    for (size_t i = 0; i < token.n; i++) {
        if (!ascii_is_alnum(token.p[i]) && token.p[i] != '-' && token.p[i] != '_')
            return false;
    }
    return token.n >= 1 && token.n <= ACME_TOKEN_MAX;
}

static void hash(struct str text, unsigned char *out)
{
    SHA256((const unsigned char *)text.p, text.n, out);
}

int acme_challenge_txt(const struct acme_challenge *challenge, struct arena *arena, struct str *out,
                       struct error *err)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    hash(challenge->authorization, digest);
    return jose_base64url((struct str){(const char *)digest, sizeof digest}, arena, out, err);
}

/* ---- tls-alpn-01, RFC 8737 3 ---- */

static void free_certificate(X509 **x)
{
    X509_free(*x);
}

static void free_key(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

static void free_object(ASN1_OBJECT **object)
{
    ASN1_OBJECT_free(*object);
}

static void free_octets(ASN1_OCTET_STRING **octets)
{
    ASN1_OCTET_STRING_free(*octets);
}

static void free_extension(X509_EXTENSION **extension)
{
    X509_EXTENSION_free(*extension);
}

static void free_names(GENERAL_NAMES **names)
{
    GENERAL_NAMES_free(*names);
}

static void identifier_of(const struct acme_challenge *challenge, unsigned char *out)
{
    out[0] = V_ASN1_OCTET_STRING;
    out[1] = SHA256_DIGEST_LENGTH;
    hash(challenge->authorization, out + 2);
}

static bool add_identifier(X509 *x, const struct acme_challenge *challenge)
{
    unsigned char value[IDENTIFIER_SIZE];
    identifier_of(challenge, value);
    ASN1_OBJECT *object CLEANUP(free_object) = OBJ_txt2obj(IDENTIFIER_OID, 1);
    ASN1_OCTET_STRING *octets CLEANUP(free_octets) = ASN1_OCTET_STRING_new();
    if (!object || !octets || !ASN1_OCTET_STRING_set(octets, value, sizeof value))
        return false;
    X509_EXTENSION *extension CLEANUP(free_extension) =
        X509_EXTENSION_create_by_OBJ(NULL, object, 1, octets);
    return extension && X509_add_ext(x, extension, -1);
}

static bool add_name(X509 *x, struct str name)
{
    GENERAL_NAMES *names CLEANUP(free_names) = GENERAL_NAMES_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    GENERAL_NAME *one = GENERAL_NAME_new();
    bool ok = names && text && one && ASN1_STRING_set(text, name.p, (int)name.n);
    if (ok) {
        GENERAL_NAME_set0_value(one, GEN_DNS, text);
        text = NULL;
        ok = sk_GENERAL_NAME_push(names, one) > 0;
    }
    if (!ok) {
        ASN1_IA5STRING_free(text);
        GENERAL_NAME_free(one);
        return false;
    }
    return X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, 0) > 0;
}

static bool fill(X509 *x, EVP_PKEY *key, const struct acme_challenge *challenge, int64_t now)
{
    static const unsigned char who[] = "sealpost";
    X509_NAME *subject = X509_get_subject_name(x);
    return X509_set_version(x, X509_VERSION_3) && ASN1_INTEGER_set(X509_get_serialNumber(x), 1) &&
           ASN1_TIME_set(X509_getm_notBefore(x), (time_t)(now - GOOD_BEFORE)) &&
           ASN1_TIME_set(X509_getm_notAfter(x), (time_t)(now + GOOD_AFTER)) &&
           X509_NAME_add_entry_by_NID(subject, NID_organizationName, MBSTRING_UTF8, who, -1, -1,
                                      0) &&
           X509_set_issuer_name(x, subject) && X509_set_pubkey(x, key) &&
           add_name(x, challenge->name) && add_identifier(x, challenge) &&
           X509_sign(x, key, EVP_sha256()) > 0;
}

static int print_certificate(X509 *x, struct arena *arena, struct str *out, struct error *err)
{
    int n = i2d_X509(x, NULL);
    unsigned char *der = n > 0 ? arena_alloc(arena, (size_t)n) : NULL;
    unsigned char *at = der;
    if (!der || i2d_X509(x, &at) != n)
        return error_set_memory(err);
    *out = (struct str){(const char *)der, (size_t)n};
    return 0;
}

int acme_challenge_certificate(const struct acme_challenge *challenge, int64_t now,
                               struct arena *arena, struct str *certificate, struct str *key,
                               struct error *err)
{
    EVP_PKEY *made CLEANUP(free_key) = NULL;
    X509 *x CLEANUP(free_certificate) = NULL;
    if (domain_check(challenge->name) != DOMAIN_OK)
        return error_set(err, ERROR_PERMANENT, msg_acme_name(challenge->name));
    int rc = acme_key_new(ACME_KEY_P256, &made, err);
    if (rc < 0)
        return rc;
    x = X509_new();
    if (!x || !fill(x, made, challenge, now))
        return error_set_memory(err);
    rc = print_certificate(x, arena, certificate, err);
    return rc < 0 ? rc : acme_key_write(made, arena, key, err);
}

static bool has_identifier(X509 *x, const struct acme_challenge *challenge)
{
    unsigned char expected[IDENTIFIER_SIZE];
    ASN1_OBJECT *object CLEANUP(free_object) = OBJ_txt2obj(IDENTIFIER_OID, 1);
    int at = object ? X509_get_ext_by_OBJ(x, object, -1) : -1;
    X509_EXTENSION *extension = at < 0 ? NULL : X509_get_ext(x, at);
    if (!extension || !X509_EXTENSION_get_critical(extension))
        return false;
    const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(extension);
    identifier_of(challenge, expected);
    return ASN1_STRING_length(value) == IDENTIFIER_SIZE &&
           memcmp(ASN1_STRING_get0_data(value), expected, IDENTIFIER_SIZE) == 0;
}

/* The name, and no other. */
static bool has_name(X509 *x, struct str name)
{
    GENERAL_NAMES *names CLEANUP(free_names) =
        X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
    const GENERAL_NAME *one =
        sk_GENERAL_NAME_num(names) == 1 ? sk_GENERAL_NAME_value(names, 0) : NULL;
    if (!one || one->type != GEN_DNS)
        return false;
    return domain_eq((struct str){(const char *)ASN1_STRING_get0_data(one->d.dNSName),
                                  (size_t)ASN1_STRING_length(one->d.dNSName)},
                     name);
}

bool acme_challenge_is_shown(const struct acme_challenge *challenge, struct str certificate)
{
    const unsigned char *at = (const unsigned char *)certificate.p;
    X509 *x CLEANUP(free_certificate) =
        certificate.n <= LONG_MAX ? d2i_X509(NULL, &at, (long)certificate.n) : NULL;
    return x && has_name(x, challenge->name) && has_identifier(x, challenge);
}
