/*
 * jose.h - what ACME signs: JWK, thumbprint and JWS, RFC 7515, 7517, 7638, 7518.
 *
 * Pure: keys and bytes in, JSON out. Keys are EC P-256 (ES256, all account keys), P-384 (ES384) or
 * RSA (RS256), since a certificate may be revoked by its own key; the HMAC of an external account
 * binding is HS256 (RFC 8555 7.3.4).
 */
#ifndef SEALPOST_ACME_JOSE_H
#define SEALPOST_ACME_JOSE_H

#include <openssl/evp.h>

#include "base/arena.h"
#include "base/error.h"

/* base64url without padding, RFC 7515 2. Decoding refuses padding, blanks and other alphabets. */
int jose_base64url(struct str bytes, struct arena *arena, struct str *out,
                   struct error *err) NODISCARD;
int jose_base64url_decode(struct str text, struct arena *arena, struct str *out,
                          struct error *err) NODISCARD;

/* The public key as JWK, its members in the order of RFC 7638, without blanks. */
int jose_jwk(EVP_PKEY *key, struct arena *arena, struct str *out, struct error *err) NODISCARD;

/* base64url(SHA-256(JWK)), RFC 7638. */
int jose_thumbprint(EVP_PKEY *key, struct arena *arena, struct str *out,
                    struct error *err) NODISCARD;

/* What stands in the protected header, RFC 8555 6.2. */
struct jose_header {
    struct str kid;   /* the account's URL; empty: the JWK stands there instead */
    struct str nonce; /* empty: none (the inner JWS of a key change, an external binding) */
    struct str url;
};

/* The flattened JWS of payload (empty: POST-as-GET), signed by key. */
int jose_sign(EVP_PKEY *key, const struct jose_header *header, struct str payload,
              struct arena *arena, struct str *out, struct error *err) NODISCARD;

/* The same with HS256 and the bytes of a shared key. */
int jose_sign_hmac(struct str mac_key, const struct jose_header *header, struct str payload,
                   struct arena *arena, struct str *out, struct error *err) NODISCARD;

#endif
