/*
 * smtp_server.h - a server on loopback, in a thread of its own, that plays a script: for each turn
 * it waits for a line, says something, and does what is told.
 */
#ifndef SEALPOST_TESTS_SMTP_SERVER_H
#define SEALPOST_TESTS_SMTP_SERVER_H

#include <openssl/ssl.h>
#include <pthread.h>

#include "net/address.h"

enum smtp_act {
    SMTP_ACT_GO_ON,
    SMTP_ACT_TLS, /* a handshake; when it fails, the end */
    SMTP_ACT_CLOSE,
    SMTP_ACT_RESET,
    SMTP_ACT_HANG, /* says nothing until the client goes */
};

struct smtp_turn {
    bool waits; /* for a line, before it speaks */
    const char *says;
    enum smtp_act then;
};

struct smtp_server {
    const struct smtp_turn *turns;
    size_t turn_count;
    SSL_CTX *ctx;
    int fd;
    struct address address; /* 127.0.0.1 */
    uint16_t port;
    pthread_t thread;
    /* To be read when it has stopped. */
    char heard[2048]; /* the client's lines, joined by "|" */
    char name[256];   /* the SNI; empty: none */
};

/* Listens and serves one connection. Behind the last turn it listens until the client goes. */
void smtp_server_start(struct smtp_server *s, const struct smtp_turn *turns, size_t count,
                       SSL_CTX *ctx);

/* The client must have gone. */
void smtp_server_stop(struct smtp_server *s);

#endif
