/*
 * smtp_client.h - a conversation with a receiving mail server, up to STARTTLS and a little beyond
 * (RFC 5321, RFC 3207), that tells how each step went.
 *
 * One attempt at one address: connect, banner, EHLO, STARTTLS, the TLS handshake (TLS 1.2 or 1.3,
 * nothing verified: tls_verify.h looks at the chain afterwards), EHLO again, optionally MAIL and
 * RCPT, QUIT. It never sends a message. Replies are read by smtp_reply.h, with its limits. Bytes
 * that came before the handshake never count as said after it. The answer to QUIT is waited for at
 * most SMTP_QUIT_MS (RFC 5321 4.1.1.10), and changes nothing: where a context is shared the
 * callback comes before it, and the connection ends by itself or with the context. Ends in exactly
 * one callback unless it is cancelled.
 */
#ifndef SEALPOST_NET_SMTP_CLIENT_H
#define SEALPOST_NET_SMTP_CLIENT_H

#include "base/error.h"
#include "net/peer.h"
#include "net/tls_client.h"

struct event_base;
struct smtp_client;

/* The steps, in their order. */
enum smtp_step {
    SMTP_CONNECT,
    SMTP_BANNER,
    SMTP_EHLO,
    SMTP_STARTTLS, /* offered and answered 220 */
    SMTP_HANDSHAKE,
    SMTP_EHLO_TLS,
    SMTP_MAIL,
    SMTP_RCPT,
    SMTP_DONE,
};

#define SMTP_PORT           25
#define SMTP_REPLY_TEXT_MAX 512 /* bytes kept of a reply, lines joined by a space */
#define SMTP_QUIT_MS        1000

struct smtp_options {
    struct address address; /* the caller has passed it by the guard of address.h */
    uint16_t port;
    struct str ehlo;           /* the name that we give */
    struct str sni;            /* empty: none is sent */
    struct str recipient;      /* an address to ask about by RCPT, without TLS where there is none;
                                  empty: QUIT right after the second EHLO */
    bool stop_after_handshake; /* close right after it, nothing more */
    unsigned deadline_ms;      /* in all */
    struct tls_client_context *tls; /* shared by many attempts; NULL: one is made for this one */
};

/* How it went. `at` is the step that did not succeed, SMTP_DONE when all did. A server that does
 * not offer STARTTLS ends at SMTP_STARTTLS with NET_REPLY and starttls_offered false. */
struct smtp_session {
    enum smtp_step at;
    enum net_failure failure;
    struct str detail; /* NET_TLS, NET_PROTOCOL, NET_LOCAL: the reason */
    unsigned code;     /* NET_REPLY: the reply at that step, as 554; else the last one; 0: none */
    struct str reply;  /* its text; NET_PROTOCOL: what came instead; foreign bytes */
    struct str banner; /* the text of the banner; foreign bytes */
    bool esmtp;        /* EHLO was taken; HELO is not tried */
    bool starttls_offered;
    bool pipelined_plaintext; /* bytes came behind the answer to STARTTLS in the same breath: a
                                 server that does not discard them is open to injection */
    struct tls_peer tls;
    unsigned elapsed_ms; /* without QUIT */
};

/* The session is borrowed and valid during the call only. */
typedef void smtp_callback(void *user, const struct smtp_session *session);

/* NULL, with *err, when it cannot begin (no memory; smtp-bad-name, smtp-bad-recipient: what would
 * not fit into a command); no callback then. The callback never runs before this
 * returns; the client is gone after it. Strings of *options are copied. */
struct smtp_client *smtp_client_start(struct event_base *base, const struct smtp_options *options,
                                      smtp_callback *callback, void *user, struct error *err);

/* Drops it: its callback will not run. Not within that callback. */
void smtp_client_cancel(struct smtp_client *client);

/* Copies what a session points at. */
int smtp_session_copy(struct smtp_session *to, const struct smtp_session *from,
                      struct arena *arena) NODISCARD;

/* "connect", "banner", "ehlo", "starttls", "handshake", "ehlo-tls", "mail", "rcpt", "done": what
 * JSON carries. */
const char *smtp_step_name(enum smtp_step step);

#endif
