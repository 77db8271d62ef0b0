/*
 * publisher.h - what each kind of publisher gives publish.c. Private to publish.
 *
 * A kind is one file with one function. It says that the value is written, not that it is seen
 * everywhere, which publish_wait finds out for all kinds.
 */
#ifndef SEALPOST_PUBLISH_PUBLISHER_H
#define SEALPOST_PUBLISH_PUBLISHER_H

#include "publish/publish.h"

#define PUBLISH_TTL 60U /* seconds; of what stands for minutes only */

struct publish_change {
    const struct publish *publish;
    const struct config_publisher *by;
    struct str name, text;
    struct str zone; /* around the name, by the setting; empty: DNS knows */
    bool remove;
};

int publish_by_rfc2136(const struct publish_change *change, struct error *err) NODISCARD;
int publish_by_command(const struct publish_change *change, struct error *err) NODISCARD;

/* publish-stopped, if the caller wants it to end. */
int publish_check_stop(const struct publish *p, struct error *err) NODISCARD;

#endif
