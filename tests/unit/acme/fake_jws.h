/*
 * fake_jws.h - reads and verifies what an ACME client signs, without the client's own code.
 */
#ifndef SEALPOST_TESTS_FAKE_JWS_H
#define SEALPOST_TESTS_FAKE_JWS_H

#include <jansson.h>
#include <openssl/evp.h>

#include "base/arena.h"

struct fake_jws {
    json_t *header;     /* protected */
    struct str payload; /* decoded; in the arena */
    struct str input;   /* what was signed */
    struct str signature;
};

/* False: not a flattened JWS. Release with fake_jws_done whatever it gave. */
bool fake_jws_read(struct str body, struct arena *arena, struct fake_jws *out);
void fake_jws_done(struct fake_jws *jws);

struct str fake_jws_text(const struct fake_jws *jws, const char *name);

bool fake_base64url(struct str text, struct arena *arena, struct str *out);

/* The public key that a JWK is; NULL: none that is known. */
EVP_PKEY *fake_jwk_key(const json_t *jwk, struct arena *arena);

/* Whether key made the signature by the algorithm that the header names. */
bool fake_jws_verify(const struct fake_jws *jws, EVP_PKEY *key);
bool fake_jws_verify_hmac(const struct fake_jws *jws, struct str key);

#endif
