/*
 * host.h - the role that serves policies over HTTPS (RFC 8461 3.3), or to a reverse proxy that
 * does.
 *
 * For every domain with a policy it answers to https://mta-sts.DOMAIN/, by the certificate for that
 * name; what it answers is in response.h. Nothing else goes out of this process, and nothing in the
 * store is written.
 *
 * The thread that calls host_run watches the store and the signals; workers (worker.h) serve. There
 * is no access log; counts are logged at the end.
 */
#ifndef SEALPOST_HOST_HOST_H
#define SEALPOST_HOST_HOST_H

#include "base/counters.h"
#include "config/config.h"
#include "net/listen.h"

/* Names of listeners. Over HTTPS is also what has any other name: never is a policy served in plain
 * text because a name was misspelt. */
#define HOST_SOCKET_HTTPS     "host"
#define HOST_SOCKET_HTTP      "host-http"
#define HOST_SOCKET_CHALLENGE "host-challenge"

/* Serves until SIGTERM or SIGINT, then finishes the requests that have begun, within
 * serve.stop_timeout, and returns 0; returns 3 when it cannot start (store, memory), which is
 * logged. SIGHUP opens and reads the store anew. The listeners stay the caller's. */
int host_run(const struct config *config, const struct listener *listeners, size_t count,
             struct counters *counters);

#endif
