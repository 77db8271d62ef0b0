/*
 * tls_reader.h - reads the certificates and keys of a server that has very many of them.
 *
 * To parse a certificate and its key as OpenSSL 3.0 does by itself takes more than half a
 * handshake: it tries its decoders one after the other on both, the key of the certificate
 * included, and again on each issuer. A reader does without: issuers are parsed once for all chains
 * that they are in, and a leaf is parsed in a library context that has no decoders and given the
 * public half of its private key afterwards. Figures in doc/design/host.md.
 *
 * Belongs to one thread. What it gives may be shared by threads, and is to be freed before it.
 */
#ifndef SEALPOST_NET_TLS_READER_H
#define SEALPOST_NET_TLS_READER_H

#include <openssl/x509.h>

#include "base/str.h"

#define TLS_ISSUERS_MAX 8 /* kept; a new one takes the place of the oldest */

/* Zero is ready for use. */
struct tls_reader {
    OSSL_LIB_CTX *bare;   /* without decoders; NULL: not made yet */
    OSSL_PROVIDER *empty; /* its only one */
    struct tls_issuer {
        char *der;
        size_t n;
        X509 *certificate;
    } issuers[TLS_ISSUERS_MAX];
    unsigned oldest;
};

void tls_reader_done(struct tls_reader *reader);

/* Takes the certificate at the beginning of *der off it, and gives a reference to it that is the
 * caller's. NULL: it is none, or there is no memory. Without a reader (NULL) it is parsed. */
X509 *tls_reader_issuer(struct tls_reader *reader, struct str *der);

/* The private key in this DER of PKCS #8. NULL: it is none, or there is no memory, or with a reader
 * it is of a kind that only decoders read (Ed25519). */
EVP_PKEY *tls_reader_key(struct tls_reader *reader, struct str pkcs8);

/* Takes the certificate at the beginning of *der off it, together with its private key (DER of
 * PKCS #8), and gives both to the caller. The public key that stands beside the private one is the
 * certificate's; whether it is its own is not looked at, as by X509_check_private_key. False, and
 * nothing taken: the two do not belong together, or are of a form that needs the decoders, or there
 * is no memory; which of these, reading each by itself tells. */
bool tls_reader_pair(struct tls_reader *reader, struct str *der, struct str pkcs8, X509 **leaf,
                     EVP_PKEY **key);

#endif
