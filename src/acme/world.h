/*
 * world.h - the world as it is, for a session: the machine's clock, sleep, and the network.
 */
#ifndef SEALPOST_ACME_WORLD_H
#define SEALPOST_ACME_WORLD_H

#include "acme/session.h"

struct acme_real_world {
    struct api_client *client; /* of this thread */
    const atomic_bool *stop;   /* ends waiting, within ACME_STOP_MS; may be NULL */
};

#define ACME_STOP_MS 200

/* *real is borrowed. */
struct acme_world acme_world_real(struct acme_real_world *real);

#endif
