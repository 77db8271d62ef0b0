#include "fake_issuer.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#define YEAR INT64_C(31557600)

static void add_extension(X509 *x, X509 *by, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, by, x, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
}

static X509 *make(struct fake_issuer *issuer, const char *common_name, EVP_PKEY *key, int64_t from,
                  int64_t until)
{
    X509 *x = X509_new();
    X509_set_version(x, X509_VERSION_3);
    /* The first byte is high, so that its DER has a zero before it (RFC 9773 4.1). */
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(x),
                            UINT64_C(0x8765432100000000) + (uint64_t)issuer->serial++);
    ASN1_TIME_set(X509_getm_notBefore(x), from);
    ASN1_TIME_set(X509_getm_notAfter(x), until);
    if (common_name)
        X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                                   (const unsigned char *)common_name, -1, -1, 0);
    X509_set_pubkey(x, key);
    return x;
}

static X509 *authority(struct fake_issuer *issuer, const char *name, EVP_PKEY *key, X509 *by,
                       EVP_PKEY *by_key, int64_t now)
{
    X509 *x = make(issuer, name, key, now - 5 * YEAR, now + 50 * YEAR);
    X509_set_issuer_name(x, X509_get_subject_name(by ? by : x));
    add_extension(x, by ? by : x, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(x, by ? by : x, NID_subject_key_identifier, "hash");
    X509_sign(x, by_key, EVP_sha256());
    return x;
}

void fake_issuer_init(struct fake_issuer *issuer, int64_t now)
{
    *issuer = (struct fake_issuer){EVP_EC_gen("P-256"), EVP_EC_gen("P-256"), EVP_EC_gen("P-256")};
    issuer->root = authority(issuer, FAKE_ROOT, issuer->root_key, NULL, issuer->root_key, now);
    issuer->other =
        authority(issuer, FAKE_OTHER_ROOT, issuer->other_key, NULL, issuer->other_key, now);
    issuer->intermediate =
        authority(issuer, "Fake E1", issuer->key, issuer->root, issuer->root_key, now);
    issuer->cross =
        authority(issuer, "Fake E1", issuer->key, issuer->other, issuer->other_key, now);
}

void fake_issuer_done(struct fake_issuer *issuer)
{
    EVP_PKEY_free(issuer->root_key);
    EVP_PKEY_free(issuer->other_key);
    EVP_PKEY_free(issuer->key);
    X509_free(issuer->root);
    X509_free(issuer->other);
    X509_free(issuer->intermediate);
    X509_free(issuer->cross);
}

static struct str pem_of(X509 *leaf, X509 *above, struct arena *arena)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes;
    PEM_write_bio_X509(bio, leaf);
    PEM_write_bio_X509(bio, above);
    long n = BIO_get_mem_data(bio, &bytes);
    struct str copy = arena_str(arena, (struct str){bytes, (size_t)n});
    BIO_free(bio);
    return copy;
}

static size_t base64url(const unsigned char *bytes, size_t n, char *out)
{
    size_t length = (size_t)EVP_EncodeBlock((unsigned char *)out, bytes, (int)n);
    while (length && out[length - 1] == '=')
        length--;
    for (size_t i = 0; i < length; i++)
        out[i] = out[i] == '+' ? '-' : out[i] == '/' ? '_' : out[i];
    out[length] = '\0';
    return length;
}

static void print_id(X509 *leaf, struct fake_leaf *out)
{
    const ASN1_OCTET_STRING *aki = X509_get0_authority_key_id(leaf);
    char first[96], second[48];
    unsigned char serial[9] = {0};
    BIGNUM *bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(leaf), NULL);
    BN_bn2binpad(bn, serial + 1, 8);
    char *hex = BN_bn2hex(bn);
    snprintf(out->serial, sizeof out->serial, "%s", hex);
    OPENSSL_free(hex);
    BN_free(bn);
    base64url(ASN1_STRING_get0_data(aki), (size_t)ASN1_STRING_length(aki), first);
    base64url(serial, sizeof serial, second);
    snprintf(out->id, sizeof out->id, "%s.%s", first, second);
}

/* RFC 8555 7.4: the names of the order, no more, no fewer. */
static bool names_just(X509_REQ *request, const char *name)
{
    STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(request);
    GENERAL_NAMES *names = X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL);
    bool just = sk_GENERAL_NAME_num(names) == 1;
    if (just) {
        const GENERAL_NAME *one = sk_GENERAL_NAME_value(names, 0);
        just = one->type == GEN_DNS && (size_t)ASN1_STRING_length(one->d.dNSName) == strlen(name) &&
               memcmp(ASN1_STRING_get0_data(one->d.dNSName), name, strlen(name)) == 0;
    }
    GENERAL_NAMES_free(names);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    return just && X509_NAME_entry_count(X509_REQ_get_subject_name(request)) == 0;
}

bool fake_issuer_sign(struct fake_issuer *issuer, struct str der, const char *name,
                      const char *wrong_name, bool wrong_key, int64_t from, int64_t until,
                      struct arena *arena, struct fake_leaf *out)
{
    const unsigned char *at = (const unsigned char *)der.p;
    X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)der.n);
    bool good = request && names_just(request, name) &&
                X509_REQ_verify(request, X509_REQ_get0_pubkey(request)) == 1;
    if (good) {
        char names[512];
        out->key = wrong_key ? EVP_EC_gen("P-256") : X509_REQ_get_pubkey(request);
        X509 *leaf = make(issuer, NULL, out->key, from, until);
        snprintf(names, sizeof names, "DNS:%s", wrong_name ? wrong_name : name);
        X509_set_issuer_name(leaf, X509_get_subject_name(issuer->intermediate));
        add_extension(leaf, issuer->intermediate, NID_subject_alt_name, names);
        add_extension(leaf, issuer->intermediate, NID_authority_key_identifier, "keyid:always");
        add_extension(leaf, issuer->intermediate, NID_ext_key_usage, "serverAuth");
        X509_sign(leaf, issuer->key, EVP_sha256());
        out->chain = pem_of(leaf, issuer->intermediate, arena);
        out->alternate = pem_of(leaf, issuer->cross, arena);
        print_id(leaf, out);
        X509_free(leaf);
    }
    X509_REQ_free(request);
    ERR_clear_error();
    return good;
}
