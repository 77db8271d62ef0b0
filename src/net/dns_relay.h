/*
 * dns_relay.h - carries DNS over TCP on to resolvers over TLS (RFC 7858).
 *
 * Debian's libunbound is built without TLS: it takes the name behind a resolver's port and asks
 * in the clear, or not at all. So it is pointed at a port of ours on loopback, and what it sends
 * there goes on over TLS, to a resolver whose certificate is good for its name. Bytes are passed,
 * not read. A resolver that fails is followed by the next one, for the connections to come.
 */
#ifndef SEALPOST_NET_DNS_RELAY_H
#define SEALPOST_NET_DNS_RELAY_H

#include "base/error.h"
#include "net/address.h"

#define DNS_TLS_PORT 853

#define DNS_RELAY_TARGETS_MAX 16

struct dns_relay_target {
    struct address address;
    uint16_t port;
    char name[254]; /* what its certificate is for */
};

/* ADDRESS#NAME or ADDRESS@PORT#NAME. */
bool dns_relay_target_parse(struct str text, struct dns_relay_target *out) NODISCARD;

struct event_base;
struct dns_relay;

/* ca_file: PEM with the roots that are trusted, NULL or "": the system's. Errors: tls-set-up,
 * file-..., no memory. */
struct dns_relay *dns_relay_new(struct event_base *base, const struct dns_relay_target *targets,
                                size_t count, const char *ca_file, struct error *err);
void dns_relay_free(struct dns_relay *relay);

/* The port on 127.0.0.1. */
uint16_t dns_relay_port(const struct dns_relay *relay);

#endif
