/*
 * lock.h - one supervisor a store.
 */
#ifndef SEALPOST_SERVE_LOCK_H
#define SEALPOST_SERVE_LOCK_H

#include "base/error.h"

#define SERVE_LOCK_NAME "serve.lock"

/* Locks the file serve.lock in that folder and writes this process's id into it. The lock is held
 * while *fd is open and goes with the process, however it ends. When another holds it, the error
 * names its process id. */
int serve_lock(struct str folder, int *out, struct error *err) NODISCARD;

#endif
