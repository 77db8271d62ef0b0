/*
 * prepare.h - the store, made or brought up to this version before a role needs it.
 */
#ifndef SEALPOST_SERVE_PREPARE_H
#define SEALPOST_SERVE_PREPARE_H

#include "serve/role.h"

/* Opens for writing, and closes, each database that a role of the configuration uses. It happens in
 * a process of its own, which is serve.user's where root may choose and that user may write there:
 * the supervisor itself reads no database. */
int serve_prepare_store(const struct role *roles, size_t role_count, const struct config *config,
                        struct error *err) NODISCARD;

#endif
