/*
 * order_run.h - what the parts of order.h share while one order is being worked on. Internal to
 * src/acme.
 */
#ifndef SEALPOST_ACME_ORDER_RUN_H
#define SEALPOST_ACME_ORDER_RUN_H

#include "acme/order.h"
#include "acme/order_object.h"

struct order_run {
    struct acme_session *session;
    const struct acme_order_request *request;
    struct arena *arena;        /* the caller's: what lasts */
    struct arena scratch;       /* one request with its answer */
    struct api_response answer; /* the last; in scratch */
    struct acme_refusal *refusal;
    struct error *err; /* never NULL */
    struct str url;    /* of the order */
    struct str authorizations[ACME_AUTHORIZATIONS_MAX];
    size_t authorization_count;
    bool resumed;
};

/* How long something is polled, and how often: as Retry-After says, else after 1, 2, 4 .. seconds,
 * ACME_ORDER_WAIT_S in all. */
struct order_pace {
    const char *step; /* RFC 8555's word, for acme-timeout */
    int64_t next_s, waited_s;
};

#define ORDER_PACE_MAX_S 30

/* A POST, payload empty: POST-as-GET. What the last answer was read to is gone. */
int order_ask(struct order_run *run, struct str url, struct str payload) NODISCARD;

/* Waits until it may be asked again; acme-timeout. */
int order_pause(struct order_run *run, struct order_pace *pace) NODISCARD;

/* Has an authorization become valid. */
int order_authorize(struct order_run *run, struct str url) NODISCARD;

/* Fetches the chain, of the alternates the preferred one, and checks it. */
int order_download(struct order_run *run, struct str url,
                   struct acme_order_result *result) NODISCARD;

#endif
