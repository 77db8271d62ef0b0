/*
 * problem.h - what a CA says no by: problem documents (RFC 7807, RFC 8555 6.7).
 *
 * A document is foreign text. Its type becomes a constant, by which the program decides; its detail
 * is shown to people, escaped and clipped as all messages are.
 */
#ifndef SEALPOST_ACME_PROBLEM_H
#define SEALPOST_ACME_PROBLEM_H

#include <jansson.h>

#include "net/api_client.h"

/* The types of problems that this program acts on; RFC 8555 6.7, RFC 9773 7.4. */
enum acme_problem {
    ACME_NO_PROBLEM,
    ACME_ACCOUNT_DOES_NOT_EXIST,
    ACME_ALREADY_REPLACED,
    ACME_ALREADY_REVOKED,
    ACME_BAD_CSR,
    ACME_BAD_NONCE,
    ACME_BAD_PUBLIC_KEY,
    ACME_BAD_REVOCATION_REASON,
    ACME_CAA,
    ACME_COMPOUND,
    ACME_CONNECTION,
    ACME_DNS,
    ACME_EXTERNAL_ACCOUNT_REQUIRED,
    ACME_INCORRECT_RESPONSE,
    ACME_INVALID_CONTACT,
    ACME_INVALID_PROFILE,
    ACME_MALFORMED,
    ACME_ORDER_NOT_READY,
    ACME_RATE_LIMITED,
    ACME_REJECTED_IDENTIFIER,
    ACME_SERVER_INTERNAL,
    ACME_TLS,
    ACME_UNAUTHORIZED,
    ACME_UNSUPPORTED_CONTACT,
    ACME_UNSUPPORTED_IDENTIFIER,
    ACME_USER_ACTION_REQUIRED,
    ACME_OTHER_PROBLEM,
};

/* What a CA said no by, beside the error: for deciding what to do next. */
struct acme_refusal {
    enum acme_problem problem;
    unsigned status;  /* HTTP; 0: no answer came */
    int64_t retry_at; /* Retry-After as a moment; 0: none was given */
};

#define ACME_PROBLEM_TYPE_MAX   128  /* bytes; a longer type is cut */
#define ACME_PROBLEM_DETAIL_MAX 1024 /* likewise */

struct acme_problem_text {
    enum acme_problem problem;
    struct str type;     /* without "urn:ietf:params:acme:error:" where it begins by that */
    struct str detail;   /* may be empty */
    struct str instance; /* URL (7.3.3); empty: none */
};

/* Which problem a type names, with or without its "urn:ietf:params:acme:error:". */
enum acme_problem acme_problem_of(struct str type);

/* Reads a problem, which may be NULL, from within another object; the texts are copied. False: it
 * is no object, or has no type (RFC 7807's "about:blank" is none). Where a subproblem (6.7.1) says
 * more than `compound` does, it is the first one that is given. */
bool acme_problem_read(const json_t *json, struct arena *arena, struct acme_problem_text *out);

/* What an answer whose status is not 2xx means, as error and as *refusal (may be NULL):
 * acme-refused (acme-refused-help when the CA says where to read on: Link rel="help", 6.6),
 * acme-limited (rateLimited), acme-user-action (userActionRequired, with what to visit),
 * acme-status where there is no problem document. Temporary is what may pass without anybody's
 * doing. `url` was asked. */
int acme_problem_answer(const struct api_response *response, struct str url, int64_t now,
                        struct arena *arena, struct acme_refusal *refusal, struct error *err);

/* The same class for a problem that was told within an order or a challenge. */
enum error_class acme_problem_class(enum acme_problem problem);

/* Reads Retry-After: seconds or an HTTP date (RFC 9110 10.2.3), at least now and at most
 * ACME_RETRY_AFTER_MAX away; 0 when there is none that can be read. */
int64_t acme_retry_at(const struct api_response *response, int64_t now);

#define ACME_RETRY_AFTER_MAX 86400 /* seconds; a longer Retry-After is taken as this */

#endif
