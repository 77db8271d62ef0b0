/*
 * address.h - IP addresses: what kind one is, and which ones this machine has.
 *
 * This is the one guard for addresses that strangers name (a policy host, an MX, a rua, a CNAME's
 * target): address_is_public says whether a connection may go there at all.
 */
#ifndef SEALPOST_NET_ADDRESS_H
#define SEALPOST_NET_ADDRESS_H

#include <netinet/in.h>

#include "base/arena.h"
#include "base/error.h"

struct address {
    sa_family_t family;      /* AF_INET or AF_INET6 */
    unsigned char bytes[16]; /* 4 of them for IPv4; network order */
};

/* Reads an IPv4 or IPv6 address, without brackets, port or zone. */
bool address_parse(struct str text, struct address *out) NODISCARD;

/* Appends the canonical text (RFC 5952). */
void address_print(const struct address *a, struct buf *out);

/* The address in a socket's one; of another family than IPv4 and IPv6: family 0. */
struct address address_of_socket(const struct sockaddr *socket);

/* An IPv4 address that is written as an IPv6 one (::ffff:192.0.2.1, RFC 4291 2.5.5.2), as IPv4;
 * others as they are. */
struct address address_without_mapping(const struct address *a);

/* Whether the address is one of the public Internet: not loopback, private, shared (RFC 6598),
 * link-local, unique-local, multicast, documentation, benchmarking, reserved or unspecified, and no
 * form with an IPv4 address within: IPv4-mapped, NAT64 (RFC 6052, RFC 8215), 6to4, Teredo. */
bool address_is_public(const struct address *a);

/* Appends range number i of those that address_is_public refuses, as "10.0.0.0/8"; false past the
 * last one. */
bool address_print_refused(size_t i, struct buf *out);

struct address_list {
    struct address *at;
    size_t count;
};

/* The public addresses of this machine's interfaces that are up, IPv4 first. Empty behind NAT. */
int address_of_this_machine(struct arena *arena, struct address_list *out,
                            struct error *err) NODISCARD;

#endif
