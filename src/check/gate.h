/*
 * gate.h - how many connections go to one address at a time.
 *
 * Whoever wants to connect takes a place at the address. The first `limit` are inside at once;
 * others wait behind them, first come, first served. Addresses do not know of each other: one that
 * hangs holds up nobody else. A place that waits can be given up at any time. Whoever has waited
 * for an answer from a port in vain tells those behind, so that a long line at a dead address does
 * not wait one after the other. Nothing here does I/O or knows the time: callbacks only. Memory is
 * that of the addresses with a place taken now.
 */
#ifndef SEALPOST_CHECK_GATE_H
#define SEALPOST_CHECK_GATE_H

#include "base/map.h"
#include "net/address.h"

struct gate_address;

struct gate {
    struct map addresses; /* to struct gate_address */
    unsigned limit;
};

/* Embedded in whatever takes the place; zeroed: no place taken. */
struct gate_place {
    struct gate_place *next, *previous; /* those that wait */
    struct gate_address *at;            /* NULL: no place taken */
    bool inside;
    void (*go)(struct gate_place *place);
};

/* seed: random, for the map. limit: at least 1. gate_done must find no place taken. */
void gate_init(struct gate *gate, unsigned limit, const uint64_t seed[2]);
void gate_done(struct gate *gate);

/* Takes a place. Inside at once: `inside` is set and go will not be called. Else it waits, and go
 * is called when its turn comes, within another's gate_leave, with `inside` set. False when there
 * is no memory: no place taken. */
bool gate_enter(struct gate *gate, const struct address *address, struct gate_place *place,
                void (*go)(struct gate_place *place)) NODISCARD;

/* Gives the place up, inside or waiting; none taken is fine. The next in the line goes in. */
void gate_leave(struct gate *gate, struct gate_place *place);

/* Nobody answers on that port of the address of a place that was taken; forgotten when the last
 * place there is given up. A few ports of an address are kept. */
void gate_tell_silent(struct gate_place *place, uint16_t port);
bool gate_is_silent(const struct gate_place *place, uint16_t port);

#endif
