/*
 * fake_ca.h - a CA in memory, for tests of what asks one (RFC 8555, RFC 9773, profiles).
 *
 * It really verifies signatures, nonces and the url field, keeps accounts and orders, and signs
 * certificates for the requests that it gets. What it is to do wrong is told by fake_ca_fault. Each
 * call of its world's functions may come from any thread.
 *
 *     struct fake_ca *ca = fake_ca_new();
 *     struct acme_world world = fake_ca_world(ca);
 *     acme_session_new(&session, &world, fake_ca_directory(), &err)
 *     ...
 *     assert_null(fake_ca_complaint(ca));
 *
 * Its clock stands still but for waiting: wait_ms moves it.
 */
#ifndef SEALPOST_TESTS_FAKE_CA_H
#define SEALPOST_TESTS_FAKE_CA_H

#include "acme/session.h"

struct fake_ca;

struct fake_ca_settings {
    bool no_terms, renewal_info, eab_required;
    const char *profiles; /* members of an object: "\"classic\":\"c\",..."; NULL: has none */
    const char *caa;      /* members of an array: "\"ca.test\""; NULL: none */
    struct str eab_kid, eab_key;
    int64_t life, short_life; /* seconds; of certificates, and of those with profile shortlived */
    unsigned polls;           /* how often "processing" is said before a thing is done */
    unsigned reuse;           /* authorizations of a name that are valid stay so, not 0 */
    unsigned window_days;     /* of renewalInfo: begins so many days before the end; 0: 30 */
    /* What stands in an authorization: blanks between; NULL: all three. */
    const char *challenges;
    /* Whether the answer to a challenge is there: returns NULL, or the type of the problem. NULL:
     * it always is. */
    const char *(*validate)(void *context, struct str type, struct str name, struct str token,
                            struct str authorization);
    void *context;
    /* Slips of a certificate, for one order each: */
    const char *wrong_name; /* signed for this name instead */
    bool wrong_key;         /* signed for another key */
};

/* One that does all right, with terms, without the rest; to be changed at any time. */
struct fake_ca *fake_ca_new(void);
void fake_ca_free(struct fake_ca *ca);
struct fake_ca_settings *fake_ca_settings(struct fake_ca *ca);

struct acme_world fake_ca_world(struct fake_ca *ca);
struct str fake_ca_directory(void);

/* The clock, in seconds since 1970; moves forward only. */
int64_t fake_ca_now(struct fake_ca *ca);
void fake_ca_set_now(struct fake_ca *ca, int64_t at);

/* What the next `times` requests to a path that begins so get in place of their answer. Several
 * stand in a row, the first that matches counts. */
struct fake_fault {
    const char *path;           /* "/new-order", "/" */
    unsigned times;             /* 0: once */
    unsigned skip;              /* so many go by first */
    unsigned status;            /* 0: no answer comes at all (api-timeout) */
    const char *type;           /* of a problem document: "rateLimited"; NULL: `body` is sent */
    const char *detail;         /* of that; NULL: "no" */
    const char *body;           /* NULL: empty */
    const char *header, *value; /* one more header; NULL: none. The name in lower case */
};
void fake_ca_fault(struct fake_ca *ca, const struct fake_fault *fault);
void fake_ca_faults_end(struct fake_ca *ca);

/* NULL, or the first thing that a client did which RFC 8555 forbids. */
const char *fake_ca_complaint(struct fake_ca *ca);

/* How many requests to paths that begin so came; "" counts all. */
unsigned fake_ca_requests(struct fake_ca *ca, const char *path);

/* Of the newest order, NULL where there is none: its profile and `replaces`, "" for none. */
const char *fake_ca_last_profile(struct fake_ca *ca);
const char *fake_ca_last_replaces(struct fake_ca *ca);

/* How many certificates were signed, were revoked; how many accounts there are. */
unsigned fake_ca_issued(struct fake_ca *ca);
unsigned fake_ca_revoked(struct fake_ca *ca);
unsigned fake_ca_accounts(struct fake_ca *ca);

/* The contact of the newest account, as JSON; "" for none. */
const char *fake_ca_contact(struct fake_ca *ca);

#endif
