/*
 * http_tls.h - whether a handshake for HTTPS goes on with a peer: by tls_verify.h, for
 * http_client.h.
 */
#ifndef SEALPOST_NET_HTTP_TLS_H
#define SEALPOST_NET_HTTP_TLS_H

#include "net/tls_verify.h"

/* X509_V_OK for a peer whose certificate is good for the host; else the X509_V_ERR_... that comes
 * nearest to what is wrong, by which OpenSSL chooses the alert (RFC 8446 6.2). */
int http_tls_fault(const struct tls_trust *trust, const struct tls_peer *peer, struct str host,
                   int64_t now);

#endif
