/*
 * tls_trust.h - the inside of a trust store, for those of src/net that verify by it.
 */
#ifndef SEALPOST_NET_TLS_TRUST_H
#define SEALPOST_NET_TLS_TRUST_H

#include <openssl/x509.h>

#include "net/tls_verify.h"

/* Borrowed. OpenSSL locks it where it must; nothing is added to it after it was made. */
X509_STORE *tls_trust_store(const struct tls_trust *trust);

#endif
