/*
 * crowd.h - how many connections each client has. Private to the host.
 *
 * A client is an IPv4 address, or an IPv6 network of 64 bits, since that is what one client gets. A
 * table of one worker, for its own thread alone.
 */
#ifndef SEALPOST_HOST_CROWD_H
#define SEALPOST_HOST_CROWD_H

#include "base/map.h"
#include "net/address.h"

struct crowd {
    struct map members;
    size_t most; /* connections of one client; 0: as many as it likes */
};

struct crowd_member; /* one client, while it has connections */

/* seed: what strangers must not know (map.h). */
void crowd_init(struct crowd *crowd, size_t most, const uint64_t seed[2]);
void crowd_done(struct crowd *crowd);

/* One more connection from that address. False: the client has as many as it may. *out is to be
 * handed back by crowd_leave when the connection ends; it is NULL when nothing is counted. */
bool crowd_join(struct crowd *crowd, const struct address *client,
                struct crowd_member **out) NODISCARD;
void crowd_leave(struct crowd *crowd, struct crowd_member *member);

#endif
