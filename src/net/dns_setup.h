/*
 * dns_setup.h - makes a context of libunbound what dns.h promises; for dns.c alone.
 */
#ifndef SEALPOST_NET_DNS_SETUP_H
#define SEALPOST_NET_DNS_SETUP_H

#include "net/dns.h"

struct ub_ctx;
struct dns_relay;

/* Questions that libunbound has open at a time; more of them made it slower again. */
#define DNS_AT_ONCE_MAX 576

/* *relay: what carries questions on over TLS, or NULL; it must outlive ctx. Errors:
 * dns-bad-forward, dns-mixed-forward, dns-bad-trust-anchor, dns-bad-anchor-state, dns-set-up. */
int dns_set_up(struct ub_ctx *ctx, struct event_base *base, const struct dns_settings *settings,
               struct dns_relay **relay, struct error *err) NODISCARD;

#endif
