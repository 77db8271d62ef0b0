/*
 * snapshot.h - what the host serves at one moment: policies by domain, and challenges.
 *
 * A snapshot never changes once it is published, so any number of threads read it without a lock.
 * Who holds one holds a reference; the last one to drop it frees it. How a worker comes to its
 * reference: worker.h. Certificates are not in it, only their ids (identity_cache.h).
 */
#ifndef SEALPOST_HOST_SNAPSHOT_H
#define SEALPOST_HOST_SNAPSHOT_H

#include <stdatomic.h>

#include "host/challenges.h"
#include "host/site_table.h"

struct snapshot {
    atomic_uint refs;
    uint64_t serial; /* given by who made it, rising: says which one a worker has */
    struct site_table *sites;
    struct challenges *challenges;
};

/* A snapshot with one reference for the caller; takes references of its own to its parts. NULL: no
 * memory. */
struct snapshot *snapshot_new(uint64_t serial, struct site_table *sites,
                              struct challenges *challenges);
struct snapshot *snapshot_ref(struct snapshot *s);
void snapshot_unref(struct snapshot *s);

/* The site that a host name stands for: "mta-sts." and a domain with a policy. The name is in
 * lower case without a trailing dot (snapshot_fold_name). */
bool snapshot_find_site(const struct snapshot *s, struct str host, struct site *out);

/* Writes a host name in lower case and without a trailing dot into to[max]; the result points
 * there, and is empty when the name is too long. */
struct str snapshot_fold_name(struct str name, char *to, size_t max);

#endif
