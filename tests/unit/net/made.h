/*
 * made.h - certificates and keys that tests make themselves, in memory.
 */
#ifndef SEALPOST_TESTS_MADE_H
#define SEALPOST_TESTS_MADE_H

#include <openssl/x509.h>

#include "base/arena.h"

struct made {
    X509 *certificate;
    EVP_PKEY *key; /* EC P-256 */
};

/* A certificate valid from `from` to `until` (seconds since 1970), issued by `issuer`, or by itself
 * when that is NULL. names is a subjectAltName in OpenSSL's notation ("DNS:a.test,DNS:b.test") or
 * NULL for an authority. Fails the test when it cannot be made. */
struct made made_new(const char *common_name, const char *names, const struct made *issuer,
                     int64_t from, int64_t until);
void made_done(struct made *m);

/* As PEM and as DER, in the arena. */
struct str made_pem(const struct made *m, struct arena *arena);
struct str made_key_pem(const struct made *m, const char *passphrase, struct arena *arena);
struct str made_der(const struct made *m, struct arena *arena);
struct str made_key_der(const struct made *m, struct arena *arena); /* PKCS #8 */

#endif
