/*
 * issue.h - one name gets its certificate: which CA, which key, by the store's settings.
 *
 * What `cert issue` and the keeper share. CAs are tried in the order of the store; the next one
 * when one refuses for a reason of its own (its servers, its limits), not when the name is at fault
 * (its DNS, its CAA, its port). One that gives no answer is left alone by all jobs for a while that
 * doubles, up to an hour; then one job at a time looks whether it is back. The certificate is in
 * the store, with its key, when this returns 1; the job says what comes next and when, also after a
 * failure.
 */
#ifndef SEALPOST_ACME_ISSUE_H
#define SEALPOST_ACME_ISSUE_H

#include "acme/preflight.h"
#include "acme/problem.h"
#include "acme/solver.h"
#include "store/acme.h"

/* The most CAs that are tried for one name. */
#define ACME_CAS_MAX 16

/* How long an owner may have a job in hand without a sign of life, which is given with each request
 * to a CA and each wait. Seconds. What one that was killed had in hand is free afterwards. */
#define ACME_LEASE_S 120

/* What is told while it goes on; for the log and for a command's progress. */
enum acme_stage {
    ACME_STAGE_PREFLIGHT,
    ACME_STAGE_ACCOUNT,
    ACME_STAGE_ORDER,
    ACME_STAGE_STORED,
    ACME_STAGE_REFUSED, /* by this CA; the next one may be asked */
    ACME_STAGE_SILENT,  /* this CA gives no answer; all leave it alone now, but for a look at times
                         */
    ACME_STAGE_BACK,    /* it answers again */
};
typedef void acme_told(void *context, enum acme_stage stage, struct str name, struct str ca,
                       const struct error *err);

struct acme_issue_settings {
    const struct acme_world *world;
    struct store *store;            /* control for reading, secrets for writing; of this thread */
    const struct dns_settings *dns; /* NULL: no preflight */
    const struct acme_dns *publish; /* for dns-01; NULL: there is no publisher */
    const char *webroot;            /* for http-01; NULL or "": the host's own port 80 */
    struct str only;                /* the name of the one CA to ask; empty: all in their order */
    bool now;                       /* renew, whatever CA and life say */
    bool by_hand; /* a person waits: a CA that gave no answer is asked all the same */
    bool dry_run; /* each CA's staging partner is asked, by an account of its own, and nothing of it
                     is kept; the job is nobody's */
    acme_told *told; /* may be NULL */
    void *context;   /* of told */
};

/* Whether any CA may be asked now, by what they said and whether they answered. 1: yes, or there is
 * none; 0: not before *at, and until then no job need be taken. A job that finds none stays due. */
int acme_cas_free(struct store *store, int64_t now, int64_t *at, struct error *err) NODISCARD;

/* Runs the job, which its owner has in hand, and writes it back, let go of. *job is what was
 * written. 1: the certificate is there; 0: it is not time (job->due says when it will be);
 * negative: the reason, which the job has too. Whatever fails because the program ends is
 * acme-stopped, which leaves the job as it was, due at once.
 * Errors of its own: acme-no-ca, acme-ca-unknown (settings.only), acme-cas-wait (all CAs said to
 * come later), acme-no-publisher, acme-staging-absent. */
int acme_issue(const struct acme_issue_settings *settings, struct store_job *job,
               struct arena *arena, struct error *err) NODISCARD;

#endif
