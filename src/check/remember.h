/*
 * remember.h - what checks of different days are compared by. Not for use outside src/check.
 */
#ifndef SEALPOST_CHECK_REMEMBER_H
#define SEALPOST_CHECK_REMEMBER_H

#include "base/arena.h"
#include "base/str.h"

/* SHA-256 of a policy as it was served, in hex; empty when the arena is full. */
struct str check_body_hash(struct str body, struct arena *arena);

#endif
