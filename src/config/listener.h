/*
 * listener.h - where policies are served, and what is spoken there.
 *
 *     192.0.2.1    https://[2001:db8::1]:8443    http://127.0.0.1:8080
 *
 * The scheme is https:// when none is written. http:// is for a reverse proxy whose TLS it is. The
 * port may be missing: it is then the scheme's own, 443 or 80.
 */
#ifndef SEALPOST_CONFIG_LISTENER_H
#define SEALPOST_CONFIG_LISTENER_H

#include "config/address.h"

enum config_scheme { CONFIG_HTTPS, CONFIG_HTTP };

struct config_listener {
    struct config_address address;
    enum config_scheme scheme;
};

/* Reads s. False, with *out untouched, when it is none of the above. */
bool config_listener_parse(struct str s, struct config_listener *out) NODISCARD;

/* Appends the form that config_listener_parse reads, always with the port; https:// is implied. */
void config_listener_print(struct buf *out, const struct config_listener *l);

#endif
