/*
 * name_servers.h - waits until the name servers of a zone show a value. Private to publish.
 */
#ifndef SEALPOST_PUBLISH_NAME_SERVERS_H
#define SEALPOST_PUBLISH_NAME_SERVERS_H

#include "publish/publisher.h"

#define NAME_SERVERS_MAX 32 /* addresses of them; more are passed over */

/* How publish_wait waits: at most change->by->wait. */
int name_servers_wait(const struct publish_change *change, struct error *err) NODISCARD;

#endif
