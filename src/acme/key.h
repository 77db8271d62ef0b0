/*
 * key.h - keys for accounts and certificates, and the request for a certificate (RFC 2986).
 */
#ifndef SEALPOST_ACME_KEY_H
#define SEALPOST_ACME_KEY_H

#include <openssl/evp.h>

#include "base/arena.h"
#include "base/error.h"

enum acme_key_type { ACME_KEY_P256, ACME_KEY_P384, ACME_KEY_RSA2048, ACME_KEY_RSA4096 };

/* The name of a type as settings spell it ("p256", "rsa2048"); NULL-ended list for messages. */
extern const char *const acme_key_types[];
bool acme_key_type_read(struct str name, enum acme_key_type *out);

/* Release with EVP_PKEY_free. */
int acme_key_new(enum acme_key_type type, EVP_PKEY **out, struct error *err) NODISCARD;

/* DER of PKCS #8, both ways. The text is secret: whoever holds the arena wipes it. */
int acme_key_write(EVP_PKEY *key, struct arena *arena, struct str *der,
                   struct error *err) NODISCARD;
int acme_key_read(struct str der, EVP_PKEY **out, struct error *err) NODISCARD;

/* DER of a certificate request for these DNS names: all of them in subjectAltName, no subject. */
int acme_request_new(EVP_PKEY *key, const struct str *names, size_t count, struct arena *arena,
                     struct str *der, struct error *err) NODISCARD;

#endif
