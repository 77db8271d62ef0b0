/*
 * watch.h - the host's view of the store: what is in it, and what changes.
 *
 * At first everything is read; from then on what the change logs name, and no more: a change among
 * a million domains costs a few reads. When the store cannot be read, what was read last stays, and
 * the store is opened anew every WATCH_RETRY_MS and read as a whole. For one thread, which calls
 * watch_poll every WATCH_POLL_MS: a look at shared memory when nothing was written.
 *
 * Nothing that is served is written. A report that this node lives, and what it has applied, goes
 * into the node table (watch_report); where it cannot be written, the host serves on.
 */
#ifndef SEALPOST_HOST_WATCH_H
#define SEALPOST_HOST_WATCH_H

#include "base/counters.h"
#include "host/snapshot.h"
#include "store/store.h"

#define WATCH_POLL_MS   200
#define WATCH_RETRY_MS  1000
#define WATCH_REPORT_MS 10000 /* a node that did not report for three of these is dead */

struct watch_seqs {
    uint64_t control, secrets; /* of the change logs */
};

struct watch {
    const char *path; /* of the store */
    struct store *store;
    struct store *report; /* control, for writing the node's row; NULL: not open */
    struct text_pool *texts;
    struct site_table *sites; /* NULL: must be read as a whole */
    struct challenges *challenges;
    uint64_t seed[2];
    struct watch_seqs read; /* what sites and challenges hold */
    uint64_t serial;        /* of the last snapshot */
    bool failing;           /* and it was logged */
    bool report_failing;
    int64_t next_attempt; /* clock_monotonic_ms */
    int64_t next_report;
    struct watch_seqs reported;
    struct counters *counters; /* may be NULL */
    char node[STORE_NODE_ID_MAX + 1];
};

/* Opens the store and reads it for the first time. On failure nothing is left to release. counters
 * get how it goes with the store, and may be NULL. */
int watch_init(struct watch *w, const char *path, struct counters *counters,
               struct error *err) NODISCARD;
void watch_done(struct watch *w);

/* Looks for changes. 1: *out is a new snapshot, the caller's reference; 0: nothing new, or the
 * store cannot be read, which is logged when it begins and when it ends. */
int watch_poll(struct watch *w, struct snapshot **out) NODISCARD;

/* The snapshot of what was read last. NULL: no memory. */
struct snapshot *watch_snapshot(struct watch *w);

/* Writes into the node table that this node lives and serves what was read, when there is news or
 * when it is time. Called when every worker has the last snapshot. */
void watch_report(struct watch *w);

/* Opens the store at the next watch_poll anew and reads everything. */
void watch_reload(struct watch *w);

#endif
