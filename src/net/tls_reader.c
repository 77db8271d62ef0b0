#include "net/tls_reader.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

/* ---- issuers ---- */

static void forget(struct tls_issuer *issuer)
{
    free(issuer->der);
    X509_free(issuer->certificate);
    *issuer = (struct tls_issuer){NULL};
}

/* A failure to keep it only costs time. */
static void keep(struct tls_reader *reader, struct str der, X509 *certificate)
{
    struct tls_issuer *issuer = &reader->issuers[reader->oldest];
    char *copy = malloc(der.n);
    if (!copy || !X509_up_ref(certificate)) {
        free(copy);
        return;
    }
    memcpy(copy, der.p, der.n);
    forget(issuer);
    *issuer = (struct tls_issuer){copy, der.n, certificate};
    reader->oldest = (reader->oldest + 1) % TLS_ISSUERS_MAX;
}

/* The length stands in the encoding, so bytes that begin alike are the same certificate. */
static X509 *find(struct tls_reader *reader, struct str *der)
{
    for (size_t i = 0; i < TLS_ISSUERS_MAX; i++) {
        struct tls_issuer *issuer = &reader->issuers[i];
        if (issuer->certificate && str_starts(*der, (struct str){issuer->der, issuer->n})) {
            *der = str_skip(*der, issuer->n);
            return X509_up_ref(issuer->certificate) ? issuer->certificate : NULL;
        }
    }
    return NULL;
}

X509 *tls_reader_issuer(struct tls_reader *reader, struct str *der)
{
    const unsigned char *p = (const unsigned char *)der->p, *start = p;
    X509 *certificate = reader ? find(reader, der) : NULL;
    if (certificate)
        return certificate;
    certificate = d2i_X509(NULL, &p, (long)der->n);
    if (!certificate)
        return NULL;
    size_t n = (size_t)(p - start);
    if (reader)
        keep(reader, str_head(*der, n), certificate);
    *der = str_skip(*der, n);
    return certificate;
}

/* ---- a certificate with its key ---- */

static void drop_bare(struct tls_reader *reader)
{
    if (reader->empty)
        OSSL_PROVIDER_unload(reader->empty);
    OSSL_LIB_CTX_free(reader->bare);
    reader->empty = NULL;
    reader->bare = NULL;
}

/* The null provider keeps the default one from being loaded as the last resort. */
static bool make_bare(struct tls_reader *reader)
{
    if (reader->bare)
        return true;
    reader->bare = OSSL_LIB_CTX_new();
    reader->empty = reader->bare ? OSSL_PROVIDER_load(reader->bare, "null") : NULL;
    if (reader->empty)
        return true;
    drop_bare(reader);
    return false;
}

/* Without decoders OpenSSL falls back on the parser that it had before them. */
EVP_PKEY *tls_reader_key(struct tls_reader *reader, struct str pkcs8)
{
    const unsigned char *p = (const unsigned char *)pkcs8.p;
    if (reader && !make_bare(reader))
        return NULL;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)pkcs8.n);
    EVP_PKEY *key = info ? EVP_PKCS82PKEY_ex(info, reader ? reader->bare : NULL, NULL) : NULL;
    PKCS8_PRIV_KEY_INFO_free(info);
    return key;
}

static X509 *read_leaf(struct tls_reader *reader, struct str der, size_t *n)
{
    const unsigned char *p = (const unsigned char *)der.p, *start = p;
    X509 *leaf = X509_new_ex(reader->bare, NULL);
    if (leaf && !d2i_X509(&leaf, &p, (long)der.n)) /* which frees it */
        leaf = NULL;
    *n = leaf ? (size_t)(p - start) : 0;
    return leaf;
}

static bool same(const unsigned char *a, int a_n, const unsigned char *b, int b_n)
{
    return a_n > 0 && a_n == b_n && memcmp(a, b, (size_t)a_n) == 0;
}

/* Puts the key where the decoded one would stand. True when its encoding is what stood there, byte
 * for byte, and so is the certificate's, which OpenSSL may write anew from now on. */
static bool complete(X509 *leaf, EVP_PKEY *key, struct str der)
{
    unsigned char *before = NULL, *after = NULL, *all = NULL;
    int before_n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &before), after_n = 0, all_n = 0;
    if (before_n > 0 && X509_set_pubkey(leaf, key) == 1) {
        after_n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &after);
        all_n = i2d_X509(leaf, &all);
    }
    bool done = same(before, before_n, after, after_n) &&
                same(all, all_n, (const unsigned char *)der.p, (int)der.n);
    OPENSSL_free(before);
    OPENSSL_free(after);
    OPENSSL_free(all);
    return done;
}

/* OpenSSL looks a certificate's extensions up when it is first used, and complains that this
 * library context has no SHA-1. It must not do so again in the middle of a handshake, where an old
 * complaint would be taken for the reason why there is no progress. */
static bool is_quiet(X509 *leaf)
{
    X509_get_extension_flags(leaf);
    ERR_clear_error();
    bool valid = !(X509_get_extension_flags(leaf) & EXFLAG_INVALID);
    return !ERR_peek_error() && valid;
}

bool tls_reader_pair(struct tls_reader *reader, struct str *der, struct str pkcs8, X509 **leaf,
                     EVP_PKEY **key)
{
    size_t n;
    if (der->n > INT_MAX || pkcs8.n > INT_MAX || !make_bare(reader))
        return false;
    EVP_PKEY *private = tls_reader_key(reader, pkcs8);
    X509 *certificate = read_leaf(reader, *der, &n);
    bool done = private && certificate && complete(certificate, private, str_head(*der, n)) &&
                is_quiet(certificate);
    ERR_clear_error();
    if (!done) {
        X509_free(certificate);
        EVP_PKEY_free(private);
        return false;
    }
    *der = str_skip(*der, n);
    *leaf = certificate;
    *key = private;
    return true;
}

void tls_reader_done(struct tls_reader *reader)
{
    for (size_t i = 0; i < TLS_ISSUERS_MAX; i++)
        forget(&reader->issuers[i]);
    drop_bare(reader);
}
