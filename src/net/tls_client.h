/*
 * tls_client.h - a TCP connection of ours on an event loop that speaks in the clear, TLS, or first
 * the one and then the other. For smtp_client.h and for bare handshakes.
 *
 * Nothing is verified: the chain is carried home, and tls_verify.h looks at it. TLS 1.2 and 1.3,
 * with every cipher and key that OpenSSL still has but those without authentication, since a weak
 * one is a thing to report, not a reason to see nothing. One deadline for all, from start to end.
 *
 * Handshakes that fail are NET_TLS; the detail is the name of the alert that the peer sent
 * ("unrecognized name", "protocol version", "handshake failure") or OpenSSL's reason ("unsupported
 * protocol", "wrong version number", "no shared cipher"), in English.
 */
#ifndef SEALPOST_NET_TLS_CLIENT_H
#define SEALPOST_NET_TLS_CLIENT_H

#include "base/error.h"
#include "net/peer.h"

struct event_base;

/* ---- what all clients of a loop share ---- */

/* Ciphers, groups and buffers of OpenSSL: about 100 KiB, and as long to make as a handshake takes,
 * so one for all. Not for several threads. */
struct tls_client_context;

int tls_client_context_new(struct tls_client_context **out, struct error *err) NODISCARD;

/* When its clients have gone; ends those that only say goodbye (tls_client_leave). */
void tls_client_context_free(struct tls_client_context *context);

/* ---- one connection ---- */

struct tls_client;

/* Told from the loop, never from within a call below. Each is the last thing that the client does
 * then, so the client may be freed within. */
struct tls_client_events {
    void (*connected)(void *user);
    void (*secured)(void *user);                    /* the handshake is done */
    void (*received)(void *user, struct str bytes); /* borrowed */
    /* It is over, of NET_REFUSED, _UNREACHABLE, _TIMEOUT, _CLOSED, _TLS, _LOCAL; once. */
    void (*ended)(void *user, enum net_failure failure, struct str detail);
};

struct tls_client_options {
    struct address address;
    uint16_t port;
    unsigned deadline_ms;
    struct str alpn; /* protocols to offer, each behind its length (RFC 7301 3.1); empty: none.
                        Borrowed until the client is freed. */
};

/* Room for what a peer shows, and a little more. */
#define TLS_PEER_ARENA_MAX (TLS_CHAIN_BYTES_MAX + (size_t)8 * 1024)

/* Begins to connect; NULL: no memory. events is borrowed and must outlive it. What shows in a
 * handshake is kept in arena. */
struct tls_client *tls_client_new(struct event_base *base, const struct tls_client_options *options,
                                  const struct tls_client_events *events, void *user,
                                  struct arena *arena);

/* Closes at once; the deadline goes with it. With TLS, the peer is told (close_notify). */
void tls_client_free(struct tls_client *client);

/* In the place of tls_client_free, for a client that has no more to say than waits to be sent: the
 * connection stays until that has gone out and the peer has answered anything at all or has ended,
 * at most that long. Nothing is told of it any more. */
void tls_client_leave(struct tls_client *client, struct tls_client_context *context, unsigned ms);

/* Begins the handshake on a connection, with SNI where sni is not empty. False: no memory. */
bool tls_client_upgrade(struct tls_client *client, struct tls_client_context *context,
                        struct str sni) NODISCARD;

/* Whether something of what was to be sent has not gone out. */
bool tls_client_is_sending(const struct tls_client *client);

/* Sends; false: no memory, or more than TLS_CLIENT_SEND_MAX bytes wait. */
bool tls_client_send(struct tls_client *client, struct str bytes) NODISCARD;

#define TLS_CLIENT_SEND_MAX ((size_t)64 * 1024)

/* Moves the deadline, to that many milliseconds from now. */
void tls_client_set_deadline(struct tls_client *client, unsigned ms);

/* Milliseconds since it began. */
unsigned tls_client_elapsed_ms(const struct tls_client *client);

/* Whether bytes wait to be read that were sent before our handshake begins. They are dropped. */
bool tls_client_drop_waiting(struct tls_client *client);

/* What the handshake showed so far; in the arena, `read` as long as the client lives. */
const struct tls_peer *tls_client_peer(const struct tls_client *client);

/* The longest name that SNI can carry. */
#define TLS_SNI_MAX 255

/* ---- a bare handshake ---- */

struct tls_handshake;

struct tls_handshake_options {
    struct tls_client_context *context;
    struct address address; /* the caller has passed it by the guard of address.h */
    uint16_t port;
    struct str sni;  /* empty: none is sent */
    struct str alpn; /* as above */
    unsigned deadline_ms;
};

/* `handshaking`: TCP was connected, and what failed is the handshake. All is borrowed and valid
 * during the call only. */
struct tls_handshake_result {
    enum net_failure failure;
    bool handshaking;
    struct str detail;
    struct tls_peer tls;
};

typedef void tls_handshake_callback(void *user, const struct tls_handshake_result *result);

/* Connects, shakes hands, closes. NULL, with *err, when it cannot begin; no callback then. The
 * callback never runs before this returns; the handshake is gone after it. */
struct tls_handshake *tls_client_handshake_start(struct event_base *base,
                                                 const struct tls_handshake_options *options,
                                                 tls_handshake_callback *callback, void *user,
                                                 struct error *err);

/* Drops it: its callback will not run. Not within that callback. */
void tls_client_handshake_cancel(struct tls_handshake *handshake);

#endif
