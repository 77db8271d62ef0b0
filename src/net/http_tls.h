/*
 * http_tls.h - what a TLS handshake of libcurl's shows, and who decides on the certificate.
 *
 * libcurl's own verification is off: OpenSSL asks us, in the handshake, and we keep the chain as it
 * came. With a trust store the peer is judged by tls_verify.h there and then. For http_client.c.
 */
#ifndef SEALPOST_NET_HTTP_TLS_H
#define SEALPOST_NET_HTTP_TLS_H

#include <openssl/ssl.h>

#include "net/peer.h"
#include "net/tls_verify.h"

#define HTTP_TLS_REASON_MAX 160

struct http_tls {
    struct arena *arena; /* of what is kept */
    struct str host;
    const struct tls_trust *trust; /* NULL: whoever it is may come in */
    int64_t now;

    SSL_CTX *ctx; /* of the connection; ours until http_tls_detach */
    struct tls_peer peer;
    bool begun, done; /* the handshake */
    bool closed;      /* it failed without a word from either side's TLS */
    bool goodbye;     /* the peer said that it ends the connection (close_notify) */
    /* The alert that the peer sent or the fault that OpenSSL or tls_verify.h found; may be empty.
     */
    char reason[HTTP_TLS_REASON_MAX];
};

/* Has every connection that is made with ctx tell *tls, which must outlive it; false without
 * memory. */
bool http_tls_attach(struct http_tls *tls, SSL_CTX *ctx);

/* Nothing is told any more: libcurl may keep a connection for its goodbye after the transfer. */
void http_tls_detach(struct http_tls *tls);

#endif
