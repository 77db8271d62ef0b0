/*
 * stage.h - a session with an account at a CA of fake_ca.h, and solvers that only take notes.
 */
#ifndef SEALPOST_TESTS_ACME_STAGE_H
#define SEALPOST_TESTS_ACME_STAGE_H

#include "acme/account.h"
#include "acme/key.h"
#include "acme/order.h"
#include "fake_ca.h"

#define STAGE_NAME "mta-sts.example.test"

struct stage {
    struct fake_ca *ca;
    struct acme_world world;
    struct acme_session *session;
    EVP_PKEY *account_key, *key;
    struct str account; /* URL */
    struct arena arena;
    struct error err;
    struct acme_refusal refusal;
    struct acme_solver solvers[ACME_CHALLENGE_TYPES];
    unsigned presented, waited, removed, begun;
    unsigned rest_removed;           /* answers of an order before, as they stand after a kill */
    struct acme_challenge challenge; /* the last that was presented */
    struct str order;                /* that begun was told */
    int present_fails, wait_fails, begun_fails; /* what these return; 0: nothing is wrong */
    struct acme_order_request request;
    struct acme_order_result result;
};

/* Around each test. stage_open makes the account too. */
int stage_make(void **state);
int stage_open(void **state);
int stage_end(void **state);

/* Runs stage->request. Fails the test when the client broke a rule. */
int stage_order(struct stage *s);

/* The validator of a CA that looks whether the answer is what was presented. */
const char *stage_validate(void *context, struct str type, struct str name, struct str token,
                           struct str authorization);

#endif
