/*
 * challenge.h - the three ways to show a CA that a name is ours, and who does it.
 *
 *     http-01      RFC 8555 8.3   a text at http://NAME/.well-known/acme-challenge/TOKEN
 *     dns-01       RFC 8555 8.4   a TXT record at _acme-challenge.NAME
 *     tls-alpn-01  RFC 8737       a certificate in a handshake with the protocol acme-tls/1
 *
 * A solver puts the answer where the CA looks, waits until it is there, and takes it away again.
 */
#ifndef SEALPOST_ACME_CHALLENGE_H
#define SEALPOST_ACME_CHALLENGE_H

#include <openssl/evp.h>

#include "base/arena.h"
#include "base/error.h"

enum acme_challenge_type { ACME_TLS_ALPN_01, ACME_HTTP_01, ACME_DNS_01, ACME_CHALLENGE_TYPES };

/* "tls-alpn-01" and so on. */
const char *acme_challenge_name(enum acme_challenge_type type);
bool acme_challenge_read(struct str name, enum acme_challenge_type *out);

#define ACME_TOKEN_MAX 256

/* Whether a token is what RFC 8555 8.1 says: base64url, and as such harmless as the name of a file.
 */
bool acme_token_is_good(struct str token);

struct acme_challenge {
    enum acme_challenge_type type;
    struct str name;          /* of the host */
    struct str token;         /* checked: base64url, at most ACME_TOKEN_MAX */
    struct str authorization; /* TOKEN.THUMBPRINT, RFC 8555 8.1 */
};

/* What dns-01 wants in the record: base64url(SHA-256(authorization)). */
int acme_challenge_txt(const struct acme_challenge *challenge, struct arena *arena, struct str *out,
                       struct error *err) NODISCARD;

/* What tls-alpn-01 wants in the handshake: a self-signed certificate for the name with the critical
 * acmeIdentifier extension, and its key (P-256), both DER. */
int acme_challenge_certificate(const struct acme_challenge *challenge, int64_t now,
                               struct arena *arena, struct str *certificate, struct str *key,
                               struct error *err) NODISCARD;

/* Whether a certificate (DER) that somebody showed is that of the challenge: what a CA looks at,
 * RFC 8737 3. */
bool acme_challenge_is_shown(const struct acme_challenge *challenge, struct str certificate);

/* Where http-01 is looked for; what stands before the name that dns-01's record is at. */
#define ACME_HTTP_FOLDER "/.well-known/acme-challenge/"
#define ACME_DNS_LABEL   "_acme-challenge."

/* The protocol of tls-alpn-01, in ALPN's form. */
#define ACME_ALPN                                                                                  \
    "\x0a"                                                                                         \
    "acme-tls/1"

struct acme_solver {
    enum acme_challenge_type type;
    /* Puts the answer in place. */
    int (*present)(void *context, const struct acme_challenge *challenge, struct error *err);
    /* Returns when the CA may look. May return early with -ERROR_TEMPORARY. */
    int (*wait)(void *context, const struct acme_challenge *challenge, struct error *err);
    /* Takes it away; called after present whatever came then. What fails is logged there. */
    void (*remove)(void *context, const struct acme_challenge *challenge);
    void *context;
};

#endif
