/*
 * address.h - an address with its port, as configuration and command line write it.
 *
 *     192.0.2.1:443    [2001:db8::1]:443    [fe80::1%eth0]:443
 *
 * Names are not looked up: a listener that depends on DNS does not start when DNS does not. Every
 * address of the machine is 0.0.0.0 for IPv4 and [::] for IPv6, each of its own.
 */
#ifndef SEALPOST_CONFIG_ADDRESS_H
#define SEALPOST_CONFIG_ADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/str.h"

struct config_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
};

/* The bytes of the longest address as text, with a scope and a port. */
#define CONFIG_ADDRESS_TEXT_MAX 80

/* Reads s. The port may be missing when default_port is not 0; an IPv6 address without a port may
 * then stand without brackets. False, with *out untouched, when s is no address. */
bool config_address_parse(struct str s, uint16_t default_port,
                          struct config_address *out) NODISCARD;

/* Appends the form that config_address_parse reads, always with the port. */
void config_address_print(struct buf *out, const struct config_address *a);

/* Same family, address, port and scope. */
bool config_address_eq(const struct config_address *a, const struct config_address *b);

/* Length for bind(2) and connect(2). */
socklen_t config_address_length(const struct config_address *a);

uint16_t config_address_port(const struct config_address *a);

#endif
