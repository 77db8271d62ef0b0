/*
 * identity_cache.h - certificates ready for a handshake, read from the store when first asked for.
 *
 * A certificate is known by its id in the store, which is never used twice: what is here never goes
 * stale, and one that covers several names is here once. The one that was used longest ago makes
 * room. The store is opened for reading (secrets) by the first that is missing, and again after it
 * failed; SQLite's readers wait for nobody. A certificate may be replaced between two looks of the
 * host at the store's changes: who asks for one that is gone is given the one that its policy host
 * has now, so that no handshake falls into the gap. Belongs to one thread.
 */
#ifndef SEALPOST_HOST_IDENTITY_CACHE_H
#define SEALPOST_HOST_IDENTITY_CACHE_H

#include "base/error.h"
#include "net/tls_server.h"

struct identity_cache;

/* At most `max` certificates (at least 1), about 7 KB each. `path` is the store's. */
struct identity_cache *identity_cache_new(const char *path, size_t max);
void identity_cache_free(struct identity_cache *cache);

/* 1: *out is the identity, valid until the next call; 0: the store has neither this certificate nor
 * another of `host`; negative: it cannot be read or used. */
int identity_cache_get(struct identity_cache *cache, int64_t id, struct str host,
                       const struct tls_identity **out, struct error *err) NODISCARD;

/* How many it has / how many times the store was asked. */
size_t identity_cache_count(const struct identity_cache *cache);
uint64_t identity_cache_misses(const struct identity_cache *cache);

#endif
