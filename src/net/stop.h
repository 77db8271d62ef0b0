/*
 * stop.h - an event loop that looks at a flag, for calls that block in a thread which may be told
 * to end meanwhile.
 */
#ifndef SEALPOST_NET_STOP_H
#define SEALPOST_NET_STOP_H

#include <stdatomic.h>
#include <stdbool.h>

struct event_base;

/* How late the flag may be seen. */
#define STOP_LOOK_MS 200

/* Lets the loop turn once, until an event was handled or it is time to look at *stop, which may be
 * NULL. False: *stop is true, or there is nothing left that the loop could wait for. */
bool stop_turn(struct event_base *base, const atomic_bool *stop);

#endif
