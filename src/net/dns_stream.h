/*
 * dns_stream.h - one DNS message to one server over TCP, and its answer (RFC 7766).
 *
 * Blocks, for threads that have nothing else to do. Nothing is read here of what comes but its
 * length: other modules do.
 */
#ifndef SEALPOST_NET_DNS_STREAM_H
#define SEALPOST_NET_DNS_STREAM_H

#include <stdatomic.h>

#include "net/peer.h"

#define DNS_STREAM_MESSAGE_MAX ((size_t)UINT16_MAX)

/* Sends the message, which is at most DNS_STREAM_MESSAGE_MAX bytes, and puts the answer, which made
 * for as many is never too long, into the buffer. The caller has passed the address by the guard.
 * `stop` (may be NULL) ends it within 200 ms; NET_TIMEOUT then too. */
enum net_failure dns_stream_exchange(const struct address *address, uint16_t port,
                                     struct str message, unsigned deadline_ms,
                                     const atomic_bool *stop, struct buf *answer) NODISCARD;

#endif
