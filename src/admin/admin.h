/*
 * admin.h - the role that shows how this node is: GET /metrics and GET /healthz.
 *
 * It reads what the other roles count (base/counters.h) and how much room the store's disk has; it
 * opens no database and holds no secret. What it finds wrong it also logs, when that begins and
 * when it ends. It is for those who run the node: without a password, on the loopback address
 * unless the configuration says otherwise.
 */
#ifndef SEALPOST_ADMIN_ADMIN_H
#define SEALPOST_ADMIN_ADMIN_H

#include "base/counters.h"
#include "config/config.h"
#include "net/listen.h"

/* Serves until SIGTERM or SIGINT, and returns 0; returns 3 when it cannot start, which is logged.
 */
int admin_run_role(const struct config *config, const struct listener *listeners, size_t count,
                   struct counters *counters);

#endif
