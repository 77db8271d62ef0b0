/*
 * certificates - certificates for very many policy hosts, quickly.
 *
 *     certificates COUNT
 *
 * Prints, in hexadecimal, a line each: a private key (DER of PKCS #8), the certificate of an issuer
 * (DER), and COUNT certificates of that issuer, number i for mta-sts.dNNNNNNN.test with i in seven
 * digits. All are for the one key, on P-256, and hold what those of a public CA hold, except its
 * proofs of transparency. Valid for a week.
 */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

#define COUNT_MAX 10000000 /* that seven digits can tell */

static void stop(const char *what)
{
    fprintf(stderr, "certificates: %s failed\n", what);
    exit(3);
}

static void add(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    if (!extension || !X509_add_ext(x, extension, -1))
        stop(value);
    X509_EXTENSION_free(extension);
}

/* All that the certificates of one issuer have in common. */
static X509 *make(X509 *issuer, EVP_PKEY *key, const char *name)
{
    X509 *x = X509_new();
    if (!x || !X509_set_version(x, X509_VERSION_3) || !X509_set_pubkey(x, key) ||
        !X509_gmtime_adj(X509_getm_notBefore(x), -3600) ||
        !X509_gmtime_adj(X509_getm_notAfter(x), 7L * 86400) ||
        !ASN1_INTEGER_set(X509_get_serialNumber(x), 1) ||
        !X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                                    (const unsigned char *)name, -1, -1, 0) ||
        !X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer : x)))
        stop("a certificate");
    if (!issuer)
        issuer = x;
    add(x, issuer, NID_subject_key_identifier, "hash");
    add(x, issuer, NID_authority_key_identifier, "keyid");
    return x;
}

static void print(const unsigned char *der, int n)
{
    static const char digits[] = "0123456789abcdef";
    if (n <= 0)
        stop("encoding");
    for (int i = 0; i < n; i++) {
        putchar(digits[der[i] >> 4]);
        putchar(digits[der[i] & 15]);
    }
    putchar('\n');
}

static void print_certificate(X509 *x, EVP_PKEY *signer)
{
    unsigned char *der = NULL;
    if (!X509_sign(x, signer, EVP_sha256()))
        stop("signing");
    int n = i2d_X509(x, &der);
    print(der, n);
    OPENSSL_free(der);
}

static void print_key(const EVP_PKEY *key)
{
    unsigned char *der = NULL;
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
    int n = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : 0;
    print(der, n);
    PKCS8_PRIV_KEY_INFO_free(info);
    OPENSSL_free(der);
}

/* Puts name i in place of the one that the certificate was for. */
static void rename_to(X509 *x, uint64_t i)
{
    char name[32];
    snprintf(name, sizeof name, "mta-sts.d%07u.test", (unsigned)i);
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    GENERAL_NAME *general = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    if (!names || !general || !text || !ASN1_STRING_set(text, name, -1) ||
        !sk_GENERAL_NAME_push(names, general))
        stop("a name");
    GENERAL_NAME_set0_value(general, GEN_DNS, text);
    if (X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, X509V3_ADD_REPLACE) != 1 ||
        !ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), i + 2) ||
        !X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                                    (const unsigned char *)name, -1, -1, 0))
        stop("a name");
    X509_NAME_ENTRY_free(X509_NAME_delete_entry(X509_get_subject_name(x), 0));
    GENERAL_NAMES_free(names);
}

int main(int argc, char **argv)
{
    uint64_t count;
    if (argc != 2 || !str_to_u64(str_from(argv[1]), &count) || count > COUNT_MAX)
        return 2;
    EVP_PKEY *signer = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
    if (!signer || !key)
        stop("a key");
    X509 *issuer = make(NULL, signer, "sealpost bench");
    add(issuer, issuer, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    add(issuer, issuer, NID_key_usage, "critical,digitalSignature,keyCertSign,cRLSign");
    X509 *leaf = make(issuer, key, "nobody");
    add(leaf, issuer, NID_basic_constraints, "critical,CA:FALSE");
    add(leaf, issuer, NID_key_usage, "critical,digitalSignature");
    add(leaf, issuer, NID_ext_key_usage, "serverAuth");
    print_key(key);
    print_certificate(issuer, signer);
    for (uint64_t i = 0; i < count; i++) {
        rename_to(leaf, i);
        print_certificate(leaf, signer);
    }
    X509_free(leaf);
    X509_free(issuer);
    EVP_PKEY_free(signer);
    EVP_PKEY_free(key);
    return ferror(stdout) || fflush(stdout) ? 3 : 0;
}
