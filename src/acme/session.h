/*
 * session.h - one CA: its directory, nonces, and signed requests (RFC 8555 6 and 7.1.1).
 *
 * A session belongs to one thread. Calls block until the answer is there; acme_world says how they
 * wait and what time it is, so that tests run 200 days in seconds and a role that ends is not held
 * up. What is done here for every request: a nonce is fetched when there is none, a badNonce is
 * answered by the same request with the new nonce (ACME_NONCE_TRIES times), problem documents
 * (RFC 7807) become errors.
 */
#ifndef SEALPOST_ACME_SESSION_H
#define SEALPOST_ACME_SESSION_H

#include <openssl/evp.h>

#include "net/api_client.h"

#define ACME_NONCE_TRIES     5
#define ACME_BODY_MAX        ((size_t)256 * 1024)
#define ACME_REQUEST_MS      30000
#define ACME_PROFILES_MAX    32
#define ACME_RETRY_AFTER_MAX 86400 /* seconds; a longer Retry-After is taken as this */

/* Time, waiting and the network, as the caller has them. */
struct acme_world {
    int64_t (*now)(void *context); /* seconds since 1970 */
    /* Sleeps. -ERROR_TEMPORARY with acme-stopped when the program is to end. */
    int (*wait_ms)(void *context, int64_t ms, struct error *err);
    int (*send)(void *context, const struct api_request *request, struct arena *arena,
                struct api_response *response, struct error *err);
    void *context;
};

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

struct acme_profile {
    struct str name, description;
};

struct acme_directory {
    struct str new_nonce, new_account, new_order, revoke_cert, key_change;
    struct str renewal_info;   /* RFC 9773; empty: the CA has none */
    struct str terms, website; /* URLs; empty: none */
    bool external_account_required;
    struct acme_profile profiles[ACME_PROFILES_MAX];
    size_t profile_count;
    struct str caa_identities; /* separated by blanks */
};

struct acme_session;

/* The directory is read by the first call that needs it, and again a day later. */
int acme_session_new(struct acme_session **out, const struct acme_world *world,
                     struct str directory, struct error *err) NODISCARD;
void acme_session_free(struct acme_session *session);

const struct acme_world *acme_session_world(const struct acme_session *session);

/* Borrowed until the session is freed or reads it again. */
int acme_session_directory(struct acme_session *session, const struct acme_directory **out,
                           struct error *err) NODISCARD;

/* The key that signs, and the account's URL (empty: the JWK stands in the header). Both are
 * borrowed. */
void acme_session_sign_by(struct acme_session *session, EVP_PKEY *key, struct str account);

/* A signed POST; payload empty: POST-as-GET. A status from 200 to 299 is success; anything else an
 * error, and *refusal (may be NULL) is filled. Errors: acme-refused (with type and detail, foreign
 * text, clipped), acme-answer (not what RFC 8555 says), those of api_client. */
int acme_session_post(struct acme_session *session, struct str url, struct str payload,
                      struct arena *arena, struct api_response *response,
                      struct acme_refusal *refusal, struct error *err) NODISCARD;

/* The same with a request signed elsewhere than by the session's key: for revoking by the
 * certificate's own key. */
int acme_session_post_by(struct acme_session *session, EVP_PKEY *key, struct str url,
                         struct str payload, struct arena *arena, struct api_response *response,
                         struct acme_refusal *refusal, struct error *err) NODISCARD;

/* A plain GET of a resource that needs no signature (RFC 9773 4.1). */
int acme_session_get(struct acme_session *session, struct str url, struct arena *arena,
                     struct api_response *response, struct acme_refusal *refusal,
                     struct error *err) NODISCARD;

/* Reads Retry-After: seconds or an HTTP date (RFC 9110 10.2.3); 0 when there is none. */
int64_t acme_retry_at(const struct api_response *response, int64_t now);

#endif
