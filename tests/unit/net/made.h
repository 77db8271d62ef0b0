/*
 * made.h - certificates and keys that tests make themselves, in memory.
 */
#ifndef SEALPOST_TESTS_MADE_H
#define SEALPOST_TESTS_MADE_H

#include <openssl/x509.h>

#include "base/arena.h"

struct made {
    X509 *certificate;
    EVP_PKEY *key;
};

/* What a certificate is to be. */
struct made_options {
    const char *common_name;  /* NULL: none */
    const char *organisation; /* NULL: none */
    const char *names;        /* a subjectAltName in OpenSSL's notation ("DNS:a.test,DNS:b.test") */
    bool authority;           /* may issue */
    const char *extended_use; /* in OpenSSL's notation: "serverAuth"; NULL: none */
    const struct made *issuer; /* NULL: itself */
    int64_t from, until;       /* valid, in seconds since 1970 */
    unsigned rsa_bits;         /* 0: a key on the curve P-256 */
    bool sha1;                 /* signed over SHA-1 instead of SHA-256 */
};

/* Fails the test when it cannot be made. */
struct made made_with(const struct made_options *options);

/* The usual one. names is NULL for an authority. */
struct made made_new(const char *common_name, const char *names, const struct made *issuer,
                     int64_t from, int64_t until);
void made_done(struct made *m);

/* As PEM and as DER, in the arena. */
struct str made_pem(const struct made *m, struct arena *arena);
struct str made_key_pem(const struct made *m, const char *passphrase, struct arena *arena);
struct str made_der(const struct made *m, struct arena *arena);
struct str made_key_der(const struct made *m, struct arena *arena); /* PKCS #8 */

#endif
