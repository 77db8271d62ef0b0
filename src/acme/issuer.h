/*
 * issuer.h - the part of the keeper that looks after certificates, for all domains, always.
 *
 * One thread follows the store: a domain with a policy has a job for its policy host; jobs whose
 * time has come go to a few threads (acme.jobs), each with sessions of its own. A name never waits
 * for another's slow CA longer than a thread is free. Also here: the folder of certbot's live/
 * layout, if one is watched.
 */
#ifndef SEALPOST_ACME_ISSUER_H
#define SEALPOST_ACME_ISSUER_H

#include "acme/issue.h"
#include "base/counters.h"
#include "config/config.h"

struct acme_issuer;

/* Starts the threads; they inherit the signal mask. What is given must outlive them. counters get
 * how orders end and what the store holds. */
int acme_issuer_start(struct acme_issuer **out, const struct config *config,
                      const struct dns_settings *dns, struct counters *counters,
                      struct error *err) NODISCARD;

/* Whether the thread that follows the domains does: it has turned since a while before now
 * (clock_monotonic_ms). */
bool acme_issuer_is_alive(const struct acme_issuer *issuer, int64_t now);

/* Ends what is going on at the next safe point (an order that was begun is gone on with by the next
 * start) and waits for the threads. */
void acme_issuer_stop(struct acme_issuer *issuer);

#endif
