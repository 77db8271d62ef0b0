/*
 * https_server.h - a server on loopback, in a thread of its own, that says what it is told to say.
 */
#ifndef SEALPOST_TESTS_HTTPS_SERVER_H
#define SEALPOST_TESTS_HTTPS_SERVER_H

#include <openssl/ssl.h>
#include <pthread.h>

#include "net/address.h"
#include "net/tls_server.h"

enum https_end {
    HTTPS_END_NOTIFY, /* close_notify, then FIN */
    HTTPS_END_FIN,    /* FIN alone */
    HTTPS_END_RESET,
    HTTPS_END_HANG, /* waits until the client goes */
};

struct https_script {
    bool silent;       /* no handshake: the end at once, after `plain` */
    struct str plain;  /* sent in place of the handshake */
    struct str reply;  /* sent once the head of the request is there */
    struct str filler; /* sent again and again behind the reply, until the client goes */
    enum https_end end;
};

struct https_server {
    struct tls_guest guest; /* for a ctx of tls_server_new */
    struct https_script script;
    SSL_CTX *ctx;
    int fd;
    uint16_t port;
    pthread_t thread;
    /* To be read when it has stopped. */
    unsigned connections;
    char name[256]; /* the last SNI */
    char request[8192];
    size_t request_n;
};

/* Listens at the address, port 0 for any. Fails the test when it cannot. */
void https_server_start(struct https_server *s, const char *address, uint16_t port, SSL_CTX *ctx,
                        const struct https_script *script);

/* Clients must have gone. */
void https_server_stop(struct https_server *s);

#endif
