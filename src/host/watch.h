/*
 * watch.h - the host's view of the store: what is in it, and when it changes.
 *
 * Reads all current policies and all certificates into the halves of a snapshot, and again
 * whichever half's database has changed. The store is only read. When it cannot be, what was read
 * last stays, and the store is opened anew every WATCH_RETRY_MS. For one thread, which watch_poll
 * is called from every WATCH_POLL_MS: a look at shared memory when nothing was written.
 */
#ifndef SEALPOST_HOST_WATCH_H
#define SEALPOST_HOST_WATCH_H

#include "host/snapshot.h"
#include "store/store.h"

#define WATCH_POLL_MS  200
#define WATCH_RETRY_MS 1000

struct watch {
    const char *path; /* of the store */
    struct store *store;
    struct policies *policies;
    struct certificates *certificates;
    bool failing;         /* and it was logged */
    int64_t next_attempt; /* clock_monotonic_ms */
};

/* Opens the store and reads it for the first time. On failure nothing is left to release. */
int watch_init(struct watch *w, const char *path, struct error *err) NODISCARD;
void watch_done(struct watch *w);

/* Looks for changes. 1: *out is a new snapshot, the caller's reference; 0: nothing new, or the
 * store cannot be read, which is logged when it begins and when it ends. */
int watch_poll(struct watch *w, struct snapshot **out) NODISCARD;

/* Opens the store anew at the next watch_poll and reads everything. */
void watch_reload(struct watch *w);

#endif
