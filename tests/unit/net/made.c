#include "made.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "check.h"

static void add_extension(const struct made *m, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, m->certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(m->certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static void add_entry(X509_NAME *name, const char *field, const char *value)
{
    if (value)
        X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const unsigned char *)value, -1, -1,
                                   0);
}

struct made made_with(const struct made_options *o)
{
    static long serial = 1;
    struct made m = {X509_new(), o->rsa_bits ? EVP_RSA_gen(o->rsa_bits) : EVP_EC_gen("P-256")};
    assert_true(m.certificate && m.key);
    X509 *by = o->issuer ? o->issuer->certificate : m.certificate;
    X509_set_version(m.certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(m.certificate), serial++);
    ASN1_TIME_set(X509_getm_notBefore(m.certificate), o->from);
    ASN1_TIME_set(X509_getm_notAfter(m.certificate), o->until);
    add_entry(X509_get_subject_name(m.certificate), "O", o->organisation);
    add_entry(X509_get_subject_name(m.certificate), "CN", o->common_name);
    X509_set_issuer_name(m.certificate, X509_get_subject_name(by));
    X509_set_pubkey(m.certificate, m.key);
    add_extension(&m, by, NID_basic_constraints, o->authority ? "critical,CA:TRUE" : "CA:FALSE");
    if (o->names)
        add_extension(&m, by, NID_subject_alt_name, o->names);
    if (o->extended_use)
        add_extension(&m, by, NID_ext_key_usage, o->extended_use);
    assert_true(X509_sign(m.certificate, o->issuer ? o->issuer->key : m.key,
                          o->sha1 ? EVP_sha1() : EVP_sha256()) > 0);
    return m;
}

struct made made_new(const char *common_name, const char *names, const struct made *issuer,
                     int64_t from, int64_t until)
{
    return made_with(&(struct made_options){.common_name = common_name,
                                            .names = names,
                                            .authority = !names,
                                            .issuer = issuer,
                                            .from = from,
                                            .until = until});
}

void made_done(struct made *m)
{
    X509_free(m->certificate);
    EVP_PKEY_free(m->key);
}

/* What the memory BIO holds, which ends here. */
static struct str take(BIO *bio, struct arena *arena)
{
    char *bytes;
    long n = BIO_get_mem_data(bio, &bytes);
    assert_true(n > 0);
    struct str copy = arena_str(arena, (struct str){bytes, (size_t)n});
    BIO_free(bio);
    return copy;
}

struct str made_pem(const struct made *m, struct arena *arena)
{
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509(bio, m->certificate), 1);
    return take(bio, arena);
}

struct str made_key_pem(const struct made *m, const char *passphrase, struct arena *arena)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int length = passphrase ? (int)strlen(passphrase) : 0;
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, m->key,
                                                   passphrase ? EVP_aes_128_cbc() : NULL,
                                                   passphrase, length, NULL, NULL),
                     1);
    return take(bio, arena);
}

struct str made_der(const struct made *m, struct arena *arena)
{
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(i2d_X509_bio(bio, m->certificate), 1);
    return take(bio, arena);
}

struct str made_key_der(const struct made *m, struct arena *arena)
{
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(i2d_PKCS8PrivateKeyInfo_bio(bio, m->key), 1);
    return take(bio, arena);
}
