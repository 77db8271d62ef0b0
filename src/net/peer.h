/*
 * peer.h - what our clients (http_client.h, smtp_client.h, tls_client.h, dns_direct.h) have in
 * common.
 *
 * A client never judges: it does what it was told, up to where that goes, and tells how far it came
 * and what it saw. Each has one deadline in all, from start to callback.
 */
#ifndef SEALPOST_NET_PEER_H
#define SEALPOST_NET_PEER_H

#include "base/arena.h"
#include "net/address.h"

/* Why a client stopped before its end. */
enum net_failure {
    NET_OK,          /* it did not */
    NET_FORBIDDEN,   /* the guard of address.h: nothing was sent there */
    NET_REFUSED,     /* ECONNREFUSED: the host is up and nobody listens */
    NET_UNREACHABLE, /* no route to the host or its network; no address of that family here */
    NET_TIMEOUT,     /* the deadline passed */
    NET_CLOSED,      /* the peer ended the connection (FIN or RST) where it should have spoken */
    NET_TLS,         /* the handshake failed; `detail` has the reason */
    NET_PROTOCOL,    /* what came is not the protocol; `detail` says what */
    NET_TOO_LARGE,   /* more than the limit that was given */
    NET_REPLY,       /* the peer refused by its protocol: SMTP's reply, see there */
    NET_LOCAL,       /* this machine could not: no memory, no descriptors; `detail` says what */
};

/* "refused", "timeout": what JSON carries. */
const char *net_failure_name(enum net_failure failure);

/* What an errno of socket(2), connect(2), a read or a write means; NET_CLOSED for those that end a
 * connection that stood. */
enum net_failure net_failure_from_errno(int errnum);

/* Certificates kept of what a peer sends; more are passed over. Bytes of them all together: OpenSSL
 * takes no more. */
#define TLS_CHAIN_MAX       10
#define TLS_CHAIN_BYTES_MAX ((size_t)100 * 1024)

struct stack_st_X509; /* OpenSSL's */

/* What a peer showed in a handshake. All of it lives in the caller's arena. */
struct tls_peer {
    unsigned version; /* 0x0303 TLS 1.2, 0x0304 TLS 1.3; 0: the handshake was not completed */
    struct str cipher;
    struct str protocol; /* that ALPN chose (RFC 7301); empty: none */
    struct str
        *chain; /* DER, as sent, the leaf first; may be there without a completed handshake */
    size_t chain_count;
    /* The same certificates as OpenSSL has read them in the handshake (a STACK_OF(X509)), which
     * saves reading them again; NULL: only the DER is there. Borrowed from the client that tells of
     * the peer, and good as long as its callback runs. */
    struct stack_st_X509 *read;
};

/* Copies what a peer points at, without `read`; arena->failed says whether there was memory. */
void tls_peer_copy(struct tls_peer *to, const struct tls_peer *from, struct arena *arena);

/* "TLS 1.3"; "" for 0. */
const char *tls_version_name(unsigned version);

#endif
