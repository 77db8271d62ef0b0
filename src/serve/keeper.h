/*
 * keeper.h - the role that looks after what is served: certificates (src/acme).
 *
 * It listens nowhere. The thread that calls keeper_run waits for signals; the issuer's threads
 * work.
 */
#ifndef SEALPOST_SERVE_KEEPER_H
#define SEALPOST_SERVE_KEEPER_H

#include "base/counters.h"
#include "config/config.h"
#include "net/listen.h"

/* Works until SIGTERM or SIGINT, and returns 0; returns 3 when it cannot start, which is logged.
 * SIGHUP opens the store anew and looks at every domain. */
int keeper_run(const struct config *config, const struct listener *listeners, size_t count,
               struct counters *counters);

#endif
