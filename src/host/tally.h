/*
 * tally.h - what the host counts of its connections (base/counters.h). Private to the host.
 */
#ifndef SEALPOST_HOST_TALLY_H
#define SEALPOST_HOST_TALLY_H

#include "base/counters.h"
#include "host/connection.h"

/* A connection was accepted / is about to be freed. */
void tally_begin(struct worker *w);
void tally_end(const struct connection *c);

/* The handshake was finished / failed, by a fault of the client's or because it was refused. */
void tally_handshake(const struct connection *c);
void tally_refusal(struct connection *c);

/* A request is answered. */
void tally_response(const struct connection *c, unsigned status);

/* A response is about to be sent; the time to the first one is counted. */
void tally_first_response(const struct connection *c);

/* The limit of the connection's phase has passed. */
void tally_time_out(struct connection *c);

/* What was counted at one moment; the role's processes count together. */
struct tally {
    uint64_t values[COUNTER_COUNT];
};

void tally_take(struct tally *t, const struct counters *counters);

/* Logs host.stopped: what was counted since then. */
void tally_log(const struct tally *since, const struct counters *counters);

#endif
