/*
 * resolver.h - a DNS resolver as configuration writes it.
 *
 *     192.0.2.53    [2001:db8::53]:5353    192.0.2.53#dns.example    192.0.2.53:853#dns.example
 *
 * One with a name is asked over TLS (RFC 7858), at port 853 unless another is given, and its
 * certificate must be good for that name; others are asked in the clear, at port 53.
 */
#ifndef SEALPOST_CONFIG_RESOLVER_H
#define SEALPOST_CONFIG_RESOLVER_H

#include "config/address.h"

#define CONFIG_RESOLVER_NAME_MAX 253
#define CONFIG_RESOLVER_TEXT_MAX (CONFIG_ADDRESS_TEXT_MAX + 1 + CONFIG_RESOLVER_NAME_MAX)

struct config_resolver {
    struct config_address address;
    struct str name; /* empty: in the clear */
};

/* Reads s; *out points into it. False, with *out untouched, when it is none. */
bool config_resolver_parse(struct str s, struct config_resolver *out) NODISCARD;

/* Appends the form that config_resolver_parse reads, always with the port. */
void config_resolver_print(struct buf *out, const struct config_resolver *r);

/* The same address and port. */
bool config_resolver_eq(const struct config_resolver *a, const struct config_resolver *b);

#endif
