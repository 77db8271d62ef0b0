/*
 * publish.h - TXT records that come and go: who can write them into DNS, and when all show them.
 *
 * One value more or less at a name; other values there stay. Who writes is a [publisher NAME] of
 * the configuration: of those that name a zone around the name the one with the nearest zone, else
 * the first that names none. What each kind does is behind publisher.h.
 *
 * Everything blocks, for threads that have nothing else to do. A struct publish is only looked at
 * and may serve several threads.
 *
 * Errors begin with "publish-" and name zone and server: temporary where it may be better later,
 * permanent where somebody must act. publish-stopped when *stop came true.
 */
#ifndef SEALPOST_PUBLISH_PUBLISH_H
#define SEALPOST_PUBLISH_PUBLISH_H

#include <stdatomic.h>

#include "config/config.h"
#include "net/dns.h"

struct publish {
    const struct config *config;
    const struct dns_settings *dns; /* by which zones and servers are found */
    const atomic_bool *stop;        /* ends waiting; may be NULL */
};

/* name: as domain_check_dns has it. text: at most DNS_UPDATE_TEXT_MAX bytes. */
int publish_add(const struct publish *p, struct str name, struct str text,
                struct error *err) NODISCARD;
int publish_remove(const struct publish *p, struct str name, struct str text,
                   struct error *err) NODISCARD;

/* Returns when every name server of the zone that answers shows the value. One that does not
 * answer, from here, is asked a few times and then passed over, if another one shows it. */
int publish_wait(const struct publish *p, struct str name, struct str text,
                 struct error *err) NODISCARD;

#endif
