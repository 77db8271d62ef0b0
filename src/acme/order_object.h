/*
 * order_object.h - orders and authorizations as a CA sends them (RFC 8555 7.1.3 and 7.1.4).
 * Internal to src/acme: order.h does what is to be done with them.
 */
#ifndef SEALPOST_ACME_ORDER_OBJECT_H
#define SEALPOST_ACME_ORDER_OBJECT_H

#include "acme/problem.h"

#define ACME_AUTHORIZATIONS_MAX 10 /* of an order for one name; more is refused */
#define ACME_OFFERS_MAX         16 /* challenges of an authorization; more are not looked at */
#define ACME_STATUS_MAX         32 /* bytes shown of a status that is not known */

/* 7.1.6, of orders, authorizations and challenges together. */
enum acme_status {
    ACME_PENDING,
    ACME_READY,
    ACME_PROCESSING,
    ACME_VALID,
    ACME_INVALID,
    ACME_GONE, /* deactivated, expired, revoked, or a status that nobody knows */
};

struct acme_order {
    enum acme_status status;
    struct str status_text;
    struct str name; /* the only identifier, in lower case; empty: it has others */
    struct str authorizations[ACME_AUTHORIZATIONS_MAX];
    size_t authorization_count;
    struct str finalize;    /* URL */
    struct str certificate; /* URL; empty: not there yet */
    bool has_problem;
    struct acme_problem_text problem; /* of an invalid order */
};

struct acme_offer {
    enum acme_status status;
    struct str type, url;
    struct str token; /* empty: none that can be used */
    bool has_problem;
    struct acme_problem_text problem;
};

struct acme_authorization {
    enum acme_status status;
    struct str status_text;
    struct str name; /* in lower case; empty: it is for no DNS name */
    bool wildcard;
    struct acme_offer offers[ACME_OFFERS_MAX];
    size_t offer_count;
};

/* Reads the answer of `url`; texts are copied to arena. acme-answer, with the member, when status,
 * authorizations or finalize (or identifier, challenges) are not there or cannot be used. */
int acme_order_read(struct str url, struct str body, struct arena *arena, struct acme_order *out,
                    struct error *err) NODISCARD;
int acme_authorization_read(struct str url, struct str body, struct arena *arena,
                            struct acme_authorization *out, struct error *err) NODISCARD;

#endif
