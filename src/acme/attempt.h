/*
 * attempt.h - one name at one CA: account, preflight, order, certificate. Private to acme.
 */
#ifndef SEALPOST_ACME_ATTEMPT_H
#define SEALPOST_ACME_ATTEMPT_H

#include "acme/issue.h"
#include "acme/order.h"
#include "acme/renewal.h"

struct acme_attempt {
    const struct acme_issue_settings *settings;
    struct store_ca *ca;   /* its account is filled in when one is made */
    struct store_job *job; /* its order, key and certificate are written as they come */
    struct arena *arena;
    struct acme_session *session;
    struct acme_refusal refusal;
    bool name_at_fault; /* no other CA would do better */
};

/* Whether it is time: the CA's window, where it has one, is asked for and written into the job. 1:
 * yes; 0: no, and job->due is when; negative: the session failed (the life of the certificate then
 * decides: 1 or 0 is given all the same, but for acme-stopped). */
int acme_attempt_is_time(struct acme_attempt *a, struct error *err) NODISCARD;

/* Does it. On success certificate and job are in the store; the job is not let go of. */
int acme_attempt_run(struct acme_attempt *a, struct error *err) NODISCARD;

/* Begins with the session; ends it. */
int acme_attempt_begin(struct acme_attempt *a, struct error *err) NODISCARD;
void acme_attempt_end(struct acme_attempt *a);

#endif
