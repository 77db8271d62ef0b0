/*
 * order.h - from a name to its certificate (RFC 8555 7.4).
 *
 *     newOrder -> each authorization -> challenge -> finalize -> certificate
 *
 * One call does all of it and blocks. Before the order is finalised, and before the challenge is
 * shown, it tells the caller the order's URL, so that after a crash the same order is gone on with
 * instead of another being asked for.
 */
#ifndef SEALPOST_ACME_ORDER_H
#define SEALPOST_ACME_ORDER_H

#include "acme/challenge.h"
#include "acme/session.h"

#define ACME_ORDER_WAIT_S 600 /* the most that a CA is waited for, at each step */

struct acme_order_request {
    struct str name;            /* of the host; one certificate a policy host */
    EVP_PKEY *account_key;      /* for the key authorization */
    EVP_PKEY *key;              /* of the certificate */
    struct str profile;         /* empty: the CA's default */
    struct str replaces;        /* acme_certificate_id of the one before; empty: none */
    struct str preferred_chain; /* common name of a chain's last issuer; empty: what the CA gives */
    struct str order;           /* URL of an order that was begun; empty: a new one */
    const struct acme_solver *solvers; /* in the order of preference; the first whose type the CA
                                          offers is used */
    size_t solver_count;
    /* Called once the order is there, before anything is shown; an error ends the order. May be
     * NULL. */
    int (*begun)(void *context, struct str order, struct error *err);
    void *context;
};

struct acme_order_result {
    struct str chain;              /* DER, the leaf first, one right behind the other */
    int64_t not_before, not_after; /* of the leaf */
    bool replaces_refused;         /* the CA had it replaced already; ordered without */
};

/* The profile is sent only when the directory has it, else acme-profile-unknown (permanent, naming
 * those that there are); `replaces` only when the directory has renewalInfo, and the order is asked
 * for again without it when it is refused as alreadyReplaced (or malformed because of it). The
 * challenges of a failed authorization are named in the error: acme-challenge-failed with the CA's
 * type and detail. The chain is checked: it is for the name and the key. */
int acme_order_run(struct acme_session *session, const struct acme_order_request *request,
                   struct arena *arena, struct acme_order_result *result,
                   struct acme_refusal *refusal, struct error *err) NODISCARD;

#endif
