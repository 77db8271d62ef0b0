/*
 * tls_server.h - the server's side of TLS: one context for all names, a certificate a connection.
 *
 * TLS 1.2 and 1.3 with forward secrecy and AEAD ciphers only; ALPN http/1.1; no renegotiation, no
 * tickets, no session cache, no early data: a sender of mail comes once in a while, and every
 * handshake is a full one. There is no default certificate: a client that names no host, or one
 * that `choose` does not know, gets the fatal alert unrecognized_name (RFC 6066 section 3). One
 * that speaks only other protocols gets no_application_protocol (RFC 7301 3.2). A client that
 * offers acme-tls/1 and nothing else is a CA that validates (RFC 8737 3): `choose` is told.
 *
 * Sockets, loops and limits are the caller's.
 */
#ifndef SEALPOST_NET_TLS_SERVER_H
#define SEALPOST_NET_TLS_SERVER_H

#include <openssl/ssl.h>

#include "base/error.h"
#include "net/tls_reader.h"

/* A certificate with its chain and its key, ready for use; immutable, shared by threads. */
struct tls_identity;

/* Reads a chain (DER certificates, the leaf first, one right behind the other) and the leaf's key
 * (DER of PKCS #8). With a reader (may be NULL) this is cheap for very many of them, and the
 * identity is to be freed before it. Errors name `name`: what the certificate is for. */
int tls_identity_new(struct tls_identity **out, struct str name, struct str chain, struct str key,
                     struct tls_reader *reader, struct error *err) NODISCARD;
void tls_identity_free(struct tls_identity *identity);

/* Gives the identity to one connection, which keeps what it needs of it. */
bool tls_identity_use(const struct tls_identity *identity, SSL *ssl) NODISCARD;

/* What the caller keeps for each connection; SSL_set_app_data points at it. */
struct tls_guest {
    bool greeted;   /* its ClientHello was read */
    bool validates; /* speaks acme-tls/1 only; known when `choose` is called */
};

/* Called within a handshake: finds the identity for the name that the client asks for, and gives it
 * to the connection by tls_identity_use. False: there is none, and the handshake ends. The name is
 * as the client wrote it. */
typedef bool tls_choose(struct tls_guest *guest, SSL *ssl, struct str name);

/* Makes the context. Release it with SSL_CTX_free. */
int tls_server_new(SSL_CTX **out, tls_choose *choose, struct error *err) NODISCARD;

#endif
