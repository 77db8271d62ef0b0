/*
 * job_list.h - the jobs follow the domains: every domain with a policy has one, and no other name.
 */
#ifndef SEALPOST_ACME_JOB_LIST_H
#define SEALPOST_ACME_JOB_LIST_H

#include "store/acme.h"

/* Goes through all domains and all jobs, in pages, and adds (due now) and removes what is missing
 * and what is too many. *added and *removed may be NULL. */
int acme_jobs_match(struct store *store, int64_t now, uint64_t *added, uint64_t *removed,
                    struct error *err) NODISCARD;

/* The same for what control's change log says since *seq, which moves on. */
int acme_jobs_follow(struct store *store, uint64_t *seq, int64_t now, uint64_t *added,
                     uint64_t *removed, struct error *err) NODISCARD;

/* Brings the jobs of policy hosts to now whose certificate was put or removed by somebody else than
 * the keeper, by what secrets' change log says since *seq, which moves on: a host that lost its
 * certificate needs one, and one that was brought in changes when to look again. */
int acme_jobs_follow_certificates(struct store *store, uint64_t *seq, int64_t now,
                                  struct error *err) NODISCARD;

#endif
