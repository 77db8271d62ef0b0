/*
 * dns_config.h - the settings of the resolver as the section [dns] of the configuration has them.
 */
#ifndef SEALPOST_NET_DNS_CONFIG_H
#define SEALPOST_NET_DNS_CONFIG_H

#include "config/config.h"
#include "net/dns.h"

/* What it points at is in arena and in config. A trust anchor that cannot be read is NULL. The keys
 * of the root that came with the system are kept up in the store's folder (RFC 5011), where this
 * user may write there; another anchor stays as it is. */
int dns_settings_from(const struct config *config, struct arena *arena, struct dns_settings *out,
                      struct error *err) NODISCARD;

#endif
