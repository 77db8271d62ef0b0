/*
 * tls_verify.h - whether a certificate chain is good for a name, and if not, exactly why.
 *
 * Verification happens after the handshake, over the chain as the peer sent it, so that one
 * connection tells everything: which certificate of the chain, which name, which date. Pure but for
 * the trust store that it is given; the time is an argument. PKIX by OpenSSL's verifier (RFC 5280),
 * names by RFC 6125 with DNS-IDs only (RFC 8461 3.3 and 4.1), DANE by OpenSSL's DANE code (RFC
 * 7671, RFC 7672).
 */
#ifndef SEALPOST_NET_TLS_VERIFY_H
#define SEALPOST_NET_TLS_VERIFY_H

#include "base/arena.h"
#include "base/error.h"
#include "net/peer.h"

/* The roots that are trusted; immutable, shared by threads. */
struct tls_trust;

/* ca_file: PEM with the roots that are trusted INSTEAD of the system's; NULL or "": those that this
 * system trusts (Debian's ca-certificates). Errors: tls-trust-file, tls-trust-empty. */
int tls_trust_new(struct tls_trust **out, const char *ca_file, struct error *err) NODISCARD;
void tls_trust_free(struct tls_trust *trust);

enum tls_chain_fault {
    TLS_CHAIN_OK,
    TLS_CHAIN_ABSENT,      /* the peer sent no certificate */
    TLS_CHAIN_UNREADABLE,  /* certificate number `chain_at` is no X.509 certificate */
    TLS_CHAIN_SELF_SIGNED, /* the leaf is signed by itself */
    TLS_CHAIN_INCOMPLETE,  /* the issuer of number `chain_at`, the last one that leads on from the
                              leaf, was not sent, and that one is the leaf */
    TLS_CHAIN_UNKNOWN_ISSUER, /* it leads to an authority that is not trusted here, or whose root
                                 here is out of date; `chain_at` is the last one that was sent */
    TLS_CHAIN_WEAK,    /* a key or a signature of number `chain_at` is too weak (< 112 bits) */
    TLS_CHAIN_INVALID, /* another reason: a bad signature, an authority that is none, a purpose that
                          is not a server's; `chain_reason` has OpenSSL's words, and for the first
                          two "no-certificate", "unreadable-certificate" */
};

enum tls_name_fault {
    TLS_NAME_OK,
    TLS_NAME_MISMATCH, /* the leaf's DNS names are others */
    TLS_NAME_NONE,     /* it has no DNS name at all, only a common name perhaps */
};

enum tls_date_fault {
    TLS_DATE_OK,
    TLS_DATE_EXPIRED, /* number `date_at` */
    TLS_DATE_NOT_YET, /* likewise */
};

struct tls_certificate {
    struct str subject, issuer; /* for people: the common name, else the whole name on one line */
    struct str issuer_organisation; /* "Let's Encrypt"; may be empty */
    struct str common_name;         /* of the subject; may be empty */
    struct str *names;              /* DNS names, lower case, at most TLS_NAMES_MAX */
    size_t name_count;
    int64_t not_before, not_after;
};

#define TLS_NAMES_MAX 100

/* The three kinds of fault are independent: an expired certificate for another name shows both. Of
 * several faults of the chain the first from the leaf is told, a weak key only where there is no
 * other; of several dates that of the certificate nearest to the leaf. Certificates that were sent
 * and lead nowhere do not count. What cannot be looked at, since there is no leaf, has no fault. */
struct tls_verified {
    bool trusted; /* no fault of any kind */
    enum tls_chain_fault chain;
    enum tls_name_fault name;
    enum tls_date_fault date;
    size_t chain_at, date_at; /* from 0, the leaf */
    struct str chain_reason;
    struct str missing_issuer; /* TLS_CHAIN_INCOMPLETE, TLS_CHAIN_UNKNOWN_ISSUER: its name */
    struct tls_certificate *certificates; /* as sent, up to the first that cannot be read */
    size_t certificate_count;
};

/* Looks at peer->chain for `host` (an A-label) at `now`. Everything in *out lives in arena. */
int tls_verify(const struct tls_trust *trust, const struct tls_peer *peer, struct str host,
               int64_t now, struct arena *arena, struct tls_verified *out,
               struct error *err) NODISCARD;

/* ---- DANE, RFC 7672 ---- */

struct tls_tlsa {
    uint8_t usage, selector, matching;
    struct str data; /* raw bytes */
};

#define TLS_TLSA_MAX 64 /* records looked at; more are passed over */

enum tls_dane_status {
    TLS_DANE_MATCH,
    TLS_DANE_NONE_USABLE, /* no record that SMTP can use (RFC 7672 3.1: usage 2 and 3) */
    TLS_DANE_MISMATCH,    /* usable ones, none matches what the peer sent */
    TLS_DANE_NAME,        /* usage 2 matches, the leaf's names do not */
    TLS_DANE_DATE, /* usage 2 matches, a certificate of the chain has expired or is not yet valid */
};

struct tls_dane {
    enum tls_dane_status status;
    size_t count;   /* records looked at */
    bool *usable;   /* for each record */
    bool *matches;  /* for each record: it alone lets the peer in */
    size_t matched; /* the first that matches, when status is TLS_DANE_MATCH */
};

/* All records together make the status: a stronger digest overrules a weaker one for the same usage
 * and selector (RFC 7671 section 9), so that a record may match alone and the status be
 * TLS_DANE_MISMATCH. A chain that is empty or cannot be read matches nothing. Weak keys are
 * tls_verify's to tell.
 *
 * names: those that count as the peer's for usage 2 (RFC 7672 3.2.2): the MX host, the TLSA base
 * domain, the next-hop domain. */
int tls_verify_dane(const struct tls_peer *peer, const struct tls_tlsa *records, size_t count,
                    const struct str *names, size_t name_count, int64_t now, struct arena *arena,
                    struct tls_dane *out, struct error *err) NODISCARD;

#endif
