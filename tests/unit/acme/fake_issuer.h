/*
 * fake_issuer.h - the part of fake_ca.h that signs certificates: a root, an intermediate that is
 * signed by another root too, leaves with all that a client looks at.
 */
#ifndef SEALPOST_TESTS_FAKE_ISSUER_H
#define SEALPOST_TESTS_FAKE_ISSUER_H

#include <openssl/x509.h>

#include "base/arena.h"

#define FAKE_ROOT       "Fake Root"
#define FAKE_OTHER_ROOT "Fake Other Root"

struct fake_issuer {
    EVP_PKEY *root_key, *other_key, *key;
    X509 *root, *other, *intermediate, *cross;
    long serial;
};

void fake_issuer_init(struct fake_issuer *issuer, int64_t now);
void fake_issuer_done(struct fake_issuer *issuer);

struct fake_leaf {
    struct str chain, alternate; /* PEM */
    char id[160];                /* RFC 9773 4.1, by its own reckoning */
    char serial[64];
    EVP_PKEY *key; /* that it is for; release it */
};

/* Of a request (DER) for just this name; wrong_name and wrong_key as in fake_ca.h. False: not a
 * request that a CA takes. */
bool fake_issuer_sign(struct fake_issuer *issuer, struct str request, const char *name,
                      const char *wrong_name, bool wrong_key, int64_t from, int64_t until,
                      struct arena *arena, struct fake_leaf *out);

#endif
