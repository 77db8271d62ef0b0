/*
 * connection.h - one client: handshake, requests, responses, end. Private to the host.
 *
 *     PROXY -> GREETING -> TURN -> HANDSHAKE -> HEAD -> WRITE -> IDLE -> HEAD ... -> LINGER ->
 * closed
 *
 * PROXY is for a balancer alone, which must say who its client is before anything else
 * (net/proxy_header.h). GREETING ends when a whole ClientHello is there. To answer it is the
 * expensive part, so it waits for its TURN (crowd.h), which comes at once where nobody else waits.
 * Behind a reverse proxy there is no handshake, and the Host field alone says for whom a request
 * is.
 *
 * Each phase has one limit of time, counted from its beginning: a client that sends a byte now and
 * then does not get more of it, and none pays in HANDSHAKE for what it waited in TURN. IDLE is
 * between two requests, when no byte of the next is there; LINGER takes in, for a moment, what a
 * refused client still sends, since closing on unread bytes would reset the connection and take the
 * response with it (RFC 9112 9.6).
 *
 * Memory: bytes of an incomplete head and of a response that the socket did not take are kept by
 * the connection; what is read and answered at once passes through buffers of the worker.
 */
#ifndef SEALPOST_HOST_CONNECTION_H
#define SEALPOST_HOST_CONNECTION_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "host/crowd.h"
#include "host/identity_cache.h"
#include "host/transport.h"
#include "host/worker.h"
#include "net/address.h"
#include "net/http_request.h"

/* What is spoken on a listener, by its name. */
enum socket_use { USE_HTTPS, USE_HTTP, USE_CHALLENGE };

enum phase {
    PHASE_PROXY,
    PHASE_GREETING,
    PHASE_TURN,
    PHASE_HANDSHAKE,
    PHASE_HEAD,
    PHASE_WRITE,
    PHASE_IDLE,
    PHASE_LINGER,
    PHASE_COUNT
};

struct connection {
    struct tls_guest guest;             /* first: what OpenSSL hands to connection_choose */
    struct connection *next, *previous; /* in its list */
    struct connection_list *list;       /* of its phase, with TLS or without */
    struct worker *worker;
    struct transport transport;
    enum socket_use use;
    struct address client;
    struct crowd_member *member; /* what the client is counted as; NULL: it is not */
    struct crowd_place turn;     /* in TURN */
    struct event event;
    enum phase phase;
    int64_t accepted, since, end; /* since: of the phase, as its end; clock_monotonic_ms */
    struct http_request request;
    char *in; /* bytes of the next request */
    size_t in_n;
    char *out; /* of the response, what is not yet written */
    size_t out_n, out_at;
    size_t lingered; /* bytes taken in by LINGER */
    unsigned requests;
    bool close_after;             /* when the response is written */
    bool linger;                  /* and the client may still be sending */
    unsigned short ended, failed; /* why: counters (base/counters.h), 0 when nothing is known */
    unsigned char name_n;
    char name[255]; /* the host of the handshake, folded; not ended by NUL */
};

struct connection_list {
    struct connection *first, *last; /* the first ends first */
};

/* A list for each phase of the connections without TLS, and one of those with it. */
#define LISTS            (2 * PHASE_COUNT)
#define LIST(phase, tls) ((tls) ? PHASE_COUNT + (phase) : (phase))

struct listening {
    struct event event;
    struct worker *worker;
    enum socket_use use;
};

struct worker {
    struct worker_limits limits;
    struct event_base *base;
    SSL_CTX *tls;
    struct identity_cache *identities;
    struct snapshot *snapshot;
    _Atomic uint64_t serial; /* of snapshot */
    _Atomic(struct snapshot *) mailbox;
    _Atomic int64_t stop_at; /* 0, or when all must have ended; clock_monotonic_ms */
    struct connection_list lists[LISTS];
    size_t connections, with_tls;
    struct crowd crowd;
    struct listening *listening;
    size_t listening_count;
    struct event tick, wake, resume;
    int wake_fd;
    bool accepting, stopping, ended;
    char *in; /* in_max bytes: what is being read */
    size_t in_max;
    struct buf out;            /* what is being written */
    struct buf date;           /* of date_at, for Date: */
    int64_t date_at;           /* seconds since 1970 */
    int64_t logged_at;         /* when a client last caused a line in the log; clock_monotonic_ms */
    struct access_log *access; /* NULL: off */
    struct counters *counters;
    struct counters_block *counts;
    _Atomic bool turned; /* worker_is_alive */
    pthread_t thread;
    bool started;
};

/* What accept(2) gives. */
struct arrival {
    int fd;
    enum socket_use use;
    struct address peer;
};

/* Takes over an accepted socket; closes it when there is no memory. */
void connection_start(struct worker *w, const struct arrival *arrival);

/* The client's address: the one that its balancer tells, else that of the socket's other end. An
 * IPv4 address in an IPv6 one (RFC 4291 2.5.5.2) is IPv4. */
const struct address *connection_client(const struct connection *c);

/* Frees the connection; whatever was not sent is not sent. */
void connection_close(struct connection *c);

/* The limit of the connection's phase has passed. */
void connection_time_out(struct connection *c);

/* Its turn has come (crowd_next): its greeting is answered. */
void connection_greet(struct connection *c);

/* The certificate for a handshake; see tls_choose. */
bool connection_choose(struct tls_guest *guest, SSL *ssl, struct str name);

/* Whether a client may cause a line in the log now: one in a few seconds, per worker. */
bool worker_may_log(struct worker *w);

/* The value of Date: at this moment. */
struct str worker_date(struct worker *w);

/* One connection less: ends when that was the last. */
void worker_connection_gone(struct worker *w);

/* Takes a new snapshot out of the mailbox. Called at the beginning of each callback. */
void worker_refresh(struct worker *w);

#endif
