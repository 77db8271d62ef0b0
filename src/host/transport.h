/*
 * transport.h - the bytes of one connection: over TLS, or plain where the TLS is somebody else's.
 *
 * Private to the host. All calls return at once: what the socket cannot give or take now is waited
 * for by the caller, who then makes the same call again.
 */
#ifndef SEALPOST_HOST_TRANSPORT_H
#define SEALPOST_HOST_TRANSPORT_H

#include "net/tls_server.h"

struct transport {
    int fd;
    SSL *ssl;       /* NULL: plain, or TLS that has not begun */
    size_t awaited; /* bytes of the client's greeting, before TLS begins; 0: not known yet */
};

enum transport_progress {
    TRANSPORT_DONE,
    TRANSPORT_WANTS_READ,  /* again when the socket is readable */
    TRANSPORT_WANTS_WRITE, /* again when it is writable */
    TRANSPORT_ENDED,       /* by the client, or by an error; nothing more will come of it */
};

/* Frees and closes at once; nothing is sent. */
void transport_close(struct transport *t);

/* Whether the client's first record is there as a whole (done), or what OpenSSL may take for one.
 * It stays in the socket, and until then a client costs no state of TLS, which is some 44 KB. */
enum transport_progress transport_await_greeting(struct transport *t);

/* Whether the client has closed its end, or the connection is broken, whatever is still unread. */
bool transport_is_left(const struct transport *t);

/* Makes a plain transport one over TLS; guest is what tls_choose gets. */
bool transport_begin_tls(struct transport *t, SSL_CTX *tls, struct tls_guest *guest) NODISCARD;

/* The handshake, once TLS has begun. */
enum transport_progress transport_greet(struct transport *t);

/* Reads at most max bytes; *n gets how many. Done means one at least. */
enum transport_progress transport_read(struct transport *t, char *to, size_t max, size_t *n);

/* Writes bytes; *n gets how many were taken, which may be some of them whatever is returned. Done
 * means all. */
enum transport_progress transport_write(struct transport *t, struct str bytes, size_t *n);

/* What is written from here on leaves with the end of the connection: the last response,
 * close_notify and FIN in one segment instead of three. */
void transport_hold(const struct transport *t);

/* Sends the acknowledgement that the kernel keeps back to go with what is written next. After a
 * handshake of TLS 1.3 nothing is, and a client that sends no second small segment before the first
 * is acknowledged (Nagle's algorithm, RFC 9293 3.7.4) would hold its request for 40 ms. */
void transport_acknowledge(const struct transport *t);

/* Says that nothing more will be sent (close_notify), and does not wait for an answer. The client's
 * end of the socket sees nothing of it where it is plain. */
void transport_goodbye(struct transport *t);

#endif
