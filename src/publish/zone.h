/*
 * zone.h - the zone that a name lies in, and where its servers are. Private to publish.
 *
 * By the setting where it names the zone, else by the SOA record nearest above the name. Servers of
 * a zone that DNS alone told of pass the guard of net/address.h: an alias of a stranger can lead
 * there.
 */
#ifndef SEALPOST_PUBLISH_ZONE_H
#define SEALPOST_PUBLISH_ZONE_H

#include "net/address.h"
#include "publish/publisher.h"

/* Seconds that DNS has for one answer. */
#define ZONE_DNS_WAIT_S 10

struct zone {
    struct str name;
    struct str primary; /* MNAME of its SOA record */
    bool trusted;       /* named by the setting */
};

/* What *out points at is in the arena, or in the change. */
int zone_find(const struct publish_change *change, struct arena *arena, struct zone *out,
              struct error *err) NODISCARD;

#define ZONE_ADDRESSES_MAX 16 /* of one server */

struct zone_server {
    struct str name;
    struct address at[ZONE_ADDRESSES_MAX];
    size_t count; /* 0: it has none that may be asked */
};

/* Looks up the addresses of a server of the zone. */
int zone_server_find(const struct publish_change *change, const struct zone *zone, struct str name,
                     struct arena *arena, struct zone_server *out, struct error *err) NODISCARD;

#endif
