/*
 * network.h - a network of addresses, as configuration writes it: 192.0.2.0/24, 2001:db8::/32, ::1.
 */
#ifndef SEALPOST_CONFIG_NETWORK_H
#define SEALPOST_CONFIG_NETWORK_H

#include <sys/socket.h>

#include "base/buf.h"
#include "base/str.h"

struct config_network {
    sa_family_t family;      /* AF_INET or AF_INET6 */
    unsigned char bits;      /* of its addresses that are fixed */
    unsigned char bytes[16]; /* 4 of them for IPv4; network order; zero behind the fixed bits */
};

/* Reads s; without "/" it is one address. False, with *out untouched, when s is no network, or when
 * a bit behind the fixed ones is set, since that is mostly a mistyped length. */
bool config_network_parse(struct str s, struct config_network *out) NODISCARD;

/* Appends the form that config_network_parse reads; one address without its length. */
void config_network_print(struct buf *out, const struct config_network *n);

/* Whether the address (4 or 16 bytes, by its family) lies in the network. */
bool config_network_has(const struct config_network *n, sa_family_t family,
                        const unsigned char *address);

#endif
