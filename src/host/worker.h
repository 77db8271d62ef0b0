/*
 * worker.h - one thread of the host: its loop, its sockets, its connections.
 *
 * Workers share nothing but what never changes. How a new snapshot reaches one: the thread that
 * watches the store puts a reference into the worker's mailbox (an atomic pointer) and wakes it;
 * the worker takes it out at the beginning of a callback of its loop, and drops the one that it
 * had. Within a callback the snapshot stays the same, and no connection keeps a pointer into it
 * from one callback to the next, so nothing can be freed while somebody looks at it, and no lock is
 * held. A reference that is still in the mailbox when the next one comes is dropped by the watcher.
 *
 * Time limits: each phase of a connection (connection.h) has one fixed limit, so the connections in
 * a phase stand in a list in the order of their ends, and a tick looks at the heads. A connection
 * costs no timer.
 *
 * Each turn of the loop looks at all sockets once and then answers some greetings, by turns of
 * their clients (crowd.h), so that no crowd of them stands before a new client or one that is being
 * served.
 *
 * Too many: at max_connections one is closed for a new one, first who is idle, then whose client
 * has most connections, then who has been in its phase longest; the first few of each phase are
 * looked at. An honest client is one of few from its address, and passes through its phases in less
 * time than a crowd of slow ones needs to fill all places anew. Connections that have begun TLS are
 * bounded by themselves in the same way, since they take forty times the memory of the others. Out
 * of descriptors or memory a connection makes room in the same way; when that does not help, the
 * worker waits ACCEPT_PAUSE_MS and tries again. One client's share is bounded beside that
 * (crowd.h).
 */
#ifndef SEALPOST_HOST_WORKER_H
#define SEALPOST_HOST_WORKER_H

#include "base/counters.h"
#include "config/config.h"
#include "host/access_log.h"
#include "host/snapshot.h"
#include "net/listen.h"

#define ACCEPT_PAUSE_MS 200
#define ROOM_LOOKS      8    /* in each phase, for who makes room */
#define TICK_MS         50   /* how late an end of time may be noticed */
#define ACCEPT_BATCH    64   /* new connections between two looks at the others */
#define GREETING_BATCH  4    /* greetings that are answered between them; 0.3 ms each */
#define LINGER_MS       1000 /* for a client that still sends when it has been refused */

struct worker_limits {
    size_t max_connections; /* of this worker */
    size_t max_with_tls;    /* among them; these cost some 44 KB each */
    size_t of_one_client;   /* among them; 0: any number */
    size_t header_size;     /* bytes */
    unsigned max_requests;  /* on one connection */
    size_t certificates;    /* that are kept ready */
    int64_t handshake_ms, header_ms, write_ms, idle_ms;
    struct config_networks balancers; /* these speak the PROXY protocol; the caller's */
};

struct worker;

/* What a worker is made of; all of it stays the caller's. */
struct worker_parts {
    const struct worker_limits *limits;
    const char *store; /* where certificates come from */
    const struct listener *listeners;
    size_t count;
    struct snapshot *snapshot; /* the first */
    struct counters *counters;
    struct access_log *access; /* NULL: off */
    unsigned number;           /* of the worker, from 0 */
};

int worker_new(struct worker **out, const struct worker_parts *parts, struct error *err) NODISCARD;

/* Starts the thread. It inherits the signal mask. */
int worker_start(struct worker *w, struct error *err) NODISCARD;

/* Hands over a new snapshot. From one thread at a time. */
void worker_publish(struct worker *w, struct snapshot *s);

/* Whether the worker's loop has turned since the last call of this, which asks it to turn again.
 * From one thread; the first time it is so. */
bool worker_is_alive(struct worker *w);

/* The serial of the snapshot that the worker has. From any thread. */
uint64_t worker_serial(const struct worker *w);

/* Tells the worker to end: it accepts no more, finishes the requests that have begun within
 * grace_ms, and closes everything. From any thread. */
void worker_stop(struct worker *w, int64_t grace_ms);

/* Waits for the thread, if it was started, and frees the worker. */
void worker_finish(struct worker *w);

#endif
