/*
 * dkim.h - verifies the signatures on an e-mail (RFC 6376, RFC 8301, RFC 8463).
 *
 * Verifying takes two steps, since between them somebody asks DNS: dkim_read does all that needs
 * the message, dkim_verify all that needs the key. What lies between is small, and the message is
 * not needed any more. Nothing here does I/O or reads a clock.
 *
 * Read more strictly than RFC 6376 where a report is concerned:
 * - `l=` is refused: what stands behind the signed part of a body could be anybody's report;
 * - rsa-sha1 and RSA keys below 1,024 bits are refused (RFC 8301 3);
 * - a key must be for reports or for everything: `s=tlsrpt` (RFC 8460 3), `s=email`, since a mailed
 *   report is an e-mail, or `*`.
 * - a message with a line in its header that is no field has no valid signature: other readers take
 *   such a line for the begin of the body, and would find a report that nobody signed.
 * And less strictly in one point: lines of the message may end in a bare LF, which is how files and
 * pipes have what was CRLF when it was signed.
 */
#ifndef SEALPOST_MAIL_DKIM_H
#define SEALPOST_MAIL_DKIM_H

#include "base/arena.h"
#include "base/domain.h"

#define DKIM_SIGNATURES_MAX 8    /* looked at in one message, the topmost ones */
#define DKIM_FIELDS_MAX     1024 /* header fields of a message that can be signed */
#define DKIM_SIGNED_MAX     256  /* names in h= */
#define DKIM_RSA_BITS_MIN   1024u
#define DKIM_RSA_BITS_MAX   8192u

enum dkim_result {
    DKIM_PENDING, /* right as far as can be told without the key */
    DKIM_VALID,
    /* the signature (RFC 6376 6.1.1) */
    DKIM_MALFORMED,     /* no list of tags, a tag is missing or has no such value */
    DKIM_VERSION,       /* v= is not 1 */
    DKIM_ALGORITHM,     /* a= is neither rsa-sha256 nor ed25519-sha256 */
    DKIM_QUERY,         /* q= does not have dns/txt */
    DKIM_LENGTH,        /* it has l= */
    DKIM_IDENTITY,      /* the domain of i= is not that of d=, nor below it */
    DKIM_FROM_UNSIGNED, /* h= does not have From */
    DKIM_EXPIRED,       /* x= has passed */
    DKIM_HEADER,        /* a line of the message's header is no field */
    DKIM_TOO_LARGE,     /* more header fields or names than are looked at */
    DKIM_BODY_CHANGED,  /* the body's hash is not bh= */
    /* the key (RFC 6376 6.1.2) */
    DKIM_KEY_MALFORMED,
    DKIM_KEY_REVOKED, /* p= is empty */
    DKIM_KEY_SERVICE, /* not for reports: s= */
    DKIM_KEY_HASH,    /* not with SHA-256: h= */
    DKIM_KEY_TYPE,    /* k= is another than the signature's algorithm */
    DKIM_KEY_WEAK,    /* RSA with fewer than DKIM_RSA_BITS_MIN bits */
    DKIM_KEY_STRICT,  /* t=s, and the domain of i= is not that of d= */
    DKIM_KEY_TESTING, /* t=y, and otherwise valid: to be treated as if it were not signed */
    DKIM_WRONG,       /* the signature is not one of this key over these header fields */
    DKIM_RESULT_COUNT,
};

/* A short name for logs and records: "body-changed". Never NULL. */
const char *dkim_result_name(enum dkim_result result);

struct dkim_signature {
    enum dkim_result result;
    bool ed25519;             /* else RSA */
    bool below;               /* the domain of i= is below that of d= */
    struct str domain;        /* d=, in lower case; empty when it could not be read */
    struct str selector;      /* s= */
    struct str signature;     /* b=, decoded */
    unsigned char fields[32]; /* SHA-256 of the signed header fields */
};

/* The signatures of a message, from the top. */
struct dkim {
    struct dkim_signature items[DKIM_SIGNATURES_MAX];
    size_t count;
    bool more; /* there are further ones */
};

/* Reads the signatures of a message and computes what they are over. `now` (Unix time) is when the
 * message came. The strings are in the arena. Negative: no memory (the arena's maximum included;
 * the size of the header is enough). */
int dkim_read(struct dkim *dkim, struct str message, int64_t now, struct arena *arena) NODISCARD;

/* The name whose TXT record has the key: SELECTOR._domainkey.DOMAIN. Empty when there is none. */
struct str dkim_key_name(const struct dkim_signature *signature, char text[DOMAIN_NAME_MAX + 1]);

/* What the signature (pending) is worth with the key in this record. DKIM_PENDING: no memory. */
enum dkim_result dkim_verify(const struct dkim_signature *signature, struct str record);

#endif
