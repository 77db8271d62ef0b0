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

#include "acme/directory.h"
#include "acme/problem.h"
#include "net/api_client.h"

#define ACME_NONCE_TRIES 10
#define ACME_NONCE_MAX   256 /* bytes; a longer one is not used */
#define ACME_BODY_MAX    ((size_t)256 * 1024)
#define ACME_REQUEST_MS  30000
/* What an arena needs for one request with its answer. */
#define ACME_ARENA_MAX   ((size_t)1024 * 1024)
#define ACME_DIRECTORY_S 86400 /* how long a directory is used */

/* Time, waiting and the network, as the caller has them. */
struct acme_world {
    int64_t (*now)(void *context); /* seconds since 1970 */
    /* Sleeps. -ERROR_TEMPORARY with acme-stopped when the program is to end, also when ms is 0. */
    int (*wait_ms)(void *context, int64_t ms, struct error *err);
    int (*send)(void *context, const struct api_request *request, struct arena *arena,
                struct api_response *response, struct error *err);
    void *context;
};

struct acme_session;

/* The directory is read by the first call that needs it, and again a day later. */
int acme_session_new(struct acme_session **out, const struct acme_world *world,
                     struct str directory, struct error *err) NODISCARD;
void acme_session_free(struct acme_session *session);

const struct acme_world *acme_session_world(const struct acme_session *session);

/* What the requests so far say of the CA itself, the last one counting. */
enum acme_ca_state {
    ACME_CA_NOT_ASKED,
    ACME_CA_ANSWERS,
    ACME_CA_SILENT, /* it cannot be reached, or says that its servers are at fault (5xx) */
};
enum acme_ca_state acme_session_state(const struct acme_session *session);

/* Borrowed until the session is freed or reads it again: look it up anew for each use. *refusal
 * (may be NULL) as for a request. */
int acme_session_directory(struct acme_session *session, const struct acme_directory **out,
                           struct acme_refusal *refusal, struct error *err) NODISCARD;

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

/* A plain GET of a resource that needs no signature (RFC 9773 4.1). A 5xx is that resource's fault,
 * and says nothing of the rest of the CA. */
int acme_session_get(struct acme_session *session, struct str url, struct arena *arena,
                     struct api_response *response, struct acme_refusal *refusal,
                     struct error *err) NODISCARD;

#endif
