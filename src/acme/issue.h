/*
 * issue.h - one name gets its certificate: which CA, which key, by the store's settings.
 *
 * What `cert issue` and the keeper share. CAs are tried in the order of the store, the next one
 * when one refuses for a reason that is its own (its servers, its limits), not when the name is at
 * fault (its DNS, its CAA, its port). The certificate is in the store, with its key, when this
 * returns 0; the job says what comes next and when, also after failure.
 */
#ifndef SEALPOST_ACME_ISSUE_H
#define SEALPOST_ACME_ISSUE_H

#include "acme/preflight.h"
#include "acme/renewal.h"
#include "acme/solver.h"
#include "store/acme.h"

struct acme_issue_settings {
    const struct acme_world *world;
    struct store *store; /* of this thread */
    const struct dns_settings *dns;
    const struct acme_dns *publish; /* for dns-01; NULL: there is no publisher */
    const char *webroot;            /* for http-01; NULL or "": the host's own port 80 */
    struct str owner;               /* of the lease on the job */
    bool dry_run; /* the CA's staging partner is asked, and nothing of it is kept */
    bool preflight_only;
};

/* What is told while it goes on; for the log and for a command's progress. */
enum acme_stage {
    ACME_STAGE_PREFLIGHT,
    ACME_STAGE_ACCOUNT,
    ACME_STAGE_ORDER,
    ACME_STAGE_CHALLENGE,
    ACME_STAGE_FINALIZE,
    ACME_STAGE_STORED,
};
typedef void acme_told(void *context, enum acme_stage stage, struct str name, struct str ca);

/* Runs the job, which this owner has taken. `told` may be NULL. *job is what was written back. */
int acme_issue(const struct acme_issue_settings *settings, struct store_job *job, acme_told *told,
               void *context, struct arena *arena, struct error *err) NODISCARD;

/* Where a CA's directory is by a short name: letsencrypt, letsencrypt-staging, ...; empty: no such
 * name. The staging partner of a directory; empty: it has none that is known. */
struct str acme_ca_directory(struct str name);
struct str acme_ca_staging(struct str directory);

#endif
