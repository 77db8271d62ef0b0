/*
 * tls_client_context.h - the inside of what TLS clients share, for tls_client.c.
 */
#ifndef SEALPOST_NET_TLS_CLIENT_CONTEXT_H
#define SEALPOST_NET_TLS_CLIENT_CONTEXT_H

#include <openssl/ssl.h>

#include "net/tls_client.h"

/* What the connection that an SSL belongs to learns from it and lends to it. */
struct tls_wire {
    int fd;
    struct str alpn;      /* to offer */
    struct arena *arena;  /* for peer */
    struct tls_peer peer; /* the chain, as soon as it was sent; version and cipher are not set;
                             `read` is the wire's, to be freed */
    int alert;            /* the fatal one that the peer sent; -1: none */
    bool ended;           /* the peer sends no more */
    int broken;           /* errno of the socket's failure; 0: none */
};

/* An SSL for a client's side of wire->fd, which must outlive it; NULL: no memory. */
SSL *tls_client_context_open(struct tls_client_context *context, struct tls_wire *wire,
                             struct str sni);

/* Where the list begins of the clients that say goodbye; and what ends it, in tls_client.c. */
struct tls_client **tls_client_context_leaving(struct tls_client_context *context);
void tls_client_end_leaving(struct tls_client *first);

#endif
