/*
 * tls_issuers.h - the certificates of a few issuers, parsed once for all chains that they are in.
 *
 * Thousands of chains end in the same intermediates. To parse one takes 0.1 ms, a third of a
 * handshake, and 4 KB. Not shared by threads; the certificates that it gives may be.
 */
#ifndef SEALPOST_NET_TLS_ISSUERS_H
#define SEALPOST_NET_TLS_ISSUERS_H

#include <openssl/x509.h>

#include "base/str.h"

#define TLS_ISSUERS_MAX 8 /* kept; a new one takes the place of the oldest */

/* Zero is empty. */
struct tls_issuers {
    struct tls_issuer {
        char *der;
        size_t n;
        X509 *certificate;
    } kept[TLS_ISSUERS_MAX];
    unsigned oldest;
};

void tls_issuers_done(struct tls_issuers *issuers);

/* Takes the certificate at the beginning of *der off it, and gives a reference to it that is the
 * caller's. NULL: it is none, or there is no memory. Without issuers it is parsed. */
X509 *tls_issuers_take(struct tls_issuers *issuers, struct str *der);

#endif
