/*
 * crowd.h - how many connections each client has, and whose turn it is. Private to the host.
 *
 * A client is an IPv4 address, or an IPv6 network of 64 bits, since that is what one client gets. A
 * table of one worker, for its own thread alone.
 *
 * Turns: what is expensive is not done in the order of arrival. A client whose connections wait has
 * one of them served at its turn, and then stands behind all that have had theirs. New is who has
 * not been served since its first connection that is still there. Of four turns two are for the new
 * client that came first, one for the new client that came last, and one for the client that was
 * served before and waits longest since. So whoever comes to a busy host is served at once as long
 * as no other new client comes, waits at worst two turns for each client that came before, and
 * nobody gains by having more connections, or by coming again. One client's connections are served
 * in the order of their arrival, since many honest ones may share an address.
 */
#ifndef SEALPOST_HOST_CROWD_H
#define SEALPOST_HOST_CROWD_H

#include "base/map.h"
#include "net/address.h"

struct crowd_member; /* one client, while it has connections */

struct crowd_line {
    struct crowd_member *first, *last;
};

struct crowd {
    struct map members;
    size_t most;                    /* connections of one client; 0: as many as it likes */
    struct crowd_line fresh, again; /* clients with connections that wait */
    unsigned turn;
};

/* The place of one connection among those of its client that wait; zeroed by the caller. */
struct crowd_place {
    struct crowd_member *member; /* NULL: it does not wait */
    struct crowd_place *next, *previous;
    void *of; /* the caller's connection */
};

/* seed: what strangers must not know (map.h). */
void crowd_init(struct crowd *crowd, size_t most, const uint64_t seed[2]);
void crowd_done(struct crowd *crowd);

/* One more connection from that address; NULL: nobody knows from whom, and all these are one client
 * without a limit. False: the client has as many as it may, or there is no memory. *out is to be
 * handed back by crowd_leave when the connection ends; NULL is then handed back for none. */
bool crowd_join(struct crowd *crowd, const struct address *client,
                struct crowd_member **out) NODISCARD;
void crowd_leave(struct crowd *crowd, struct crowd_member *member);

/* How many the client has; NULL: 1. */
size_t crowd_connections(const struct crowd_member *member);

/* The connection waits for its turn, until crowd_next gives it or crowd_skip takes it out; neither
 * it nor its client may go before that. */
void crowd_wait(struct crowd *crowd, struct crowd_member *member, struct crowd_place *place,
                void *of);

/* Takes out the connection whose turn it is; NULL: none waits. */
void *crowd_next(struct crowd *crowd);

/* The connection waits no longer, if it did. */
void crowd_skip(struct crowd_place *place);

static inline bool crowd_waits(const struct crowd *crowd)
{
    return crowd->fresh.first || crowd->again.first;
}

#endif
