/*
 * tsig.h - signatures of DNS messages by a shared secret (RFC 8945).
 *
 * Pure. One request and its one answer, over TCP; no truncated signatures, neither sent nor taken.
 */
#ifndef SEALPOST_NET_TSIG_H
#define SEALPOST_NET_TSIG_H

#include "base/buf.h"

enum tsig_algorithm { TSIG_HMAC_SHA256, TSIG_HMAC_SHA384, TSIG_HMAC_SHA512 };

#define TSIG_SECRET_MAX 256 /* bytes; a longer one is hashed by HMAC and gains nothing */
#define TSIG_MAC_MAX    64

/* "hmac-sha256" and so on, without regard to case or to a trailing dot. */
bool tsig_algorithm_read(struct str name, enum tsig_algorithm *out) NODISCARD;
const char *tsig_algorithm_name(enum tsig_algorithm algorithm);

struct tsig_key {
    struct str name;
    enum tsig_algorithm algorithm;
    unsigned char secret[TSIG_SECRET_MAX];
    size_t secret_n;
};

struct tsig_mac {
    unsigned char bytes[TSIG_MAC_MAX];
    size_t n;
};

/* Signs the message that the buffer holds, which has no TSIG record yet: appends one and counts it.
 * *mac is what tsig_verify wants of the answer. now: seconds since 1970. False when the key's name
 * is none, when there is no memory or the message is full; the buffer is then of no use. */
bool tsig_sign(const struct tsig_key *key, int64_t now, struct buf *message,
               struct tsig_mac *mac) NODISCARD;

enum tsig_verdict {
    TSIG_GOOD,
    TSIG_ABSENT,    /* there is no TSIG record */
    TSIG_MALFORMED, /* the message cannot be walked, or its TSIG is not the last record and alone */
    TSIG_UNSIGNED,  /* a TSIG record without a signature: the error in it is all there is */
    TSIG_OTHER_KEY, /* by another key or algorithm */
    TSIG_FALSE,     /* not by this key's secret, or not for this request */
    TSIG_LATE,      /* good, but for a time too far from now */
};

/* What RFC 8945 5.2 lets a server say; in tsig_answer.error. */
#define TSIG_ERROR_SIGNATURE 16U /* BADSIG */
#define TSIG_ERROR_KEY       17U /* BADKEY */
#define TSIG_ERROR_TIME      18U /* BADTIME */

struct tsig_answer {
    enum tsig_verdict verdict;
    uint16_t error;      /* of the TSIG record; 0 without one */
    int64_t server_time; /* BADTIME: what the server's clock says; else 0 */
};

/* Whether the answer was signed by the key, for the request with that mac (RFC 8945 5.3). */
struct tsig_answer tsig_verify(const struct tsig_key *key, const struct tsig_mac *request,
                               struct str answer, int64_t now);

#endif
