#include "acme/session.h"

#include <stdlib.h>
#include <string.h>

#include "acme/jose.h"
#include "acme/messages.h"
#include "acme/reading.h"
#include "net/messages.h"

#define DIRECTORY_BYTES_MAX ((size_t)128 * 1024) /* of what is kept of one */

struct acme_session {
    struct acme_world world;
    char *url; /* of the directory */
    struct arena arena;
    struct acme_directory directory;
    int64_t read_at;
    bool known; /* the directory was read */
    enum acme_ca_state state;
    EVP_PKEY *key;
    struct str account;
    /* The newest that came. Requests are made one after the other and each answer brings one, so
     * that a pool would only keep older ones, which CAs refuse sooner. */
    char nonce[ACME_NONCE_MAX + 1];
};

int acme_session_new(struct acme_session **out, const struct acme_world *world,
                     struct str directory, struct error *err)
{
    struct acme_session *session = calloc(1, sizeof *session);
    char *url = strndup(directory.n ? directory.p : "", directory.n);
    if (!session || !url) {
        free(session);
        free(url);
        return error_set_memory(err);
    }
    session->world = *world;
    session->url = url;
    arena_init(&session->arena, DIRECTORY_BYTES_MAX);
    *out = session;
    return 0;
}

void acme_session_free(struct acme_session *session)
{
    if (!session)
        return;
    arena_done(&session->arena);
    free(session->url);
    free(session);
}

const struct acme_world *acme_session_world(const struct acme_session *session)
{
    return &session->world;
}

void acme_session_sign_by(struct acme_session *session, EVP_PKEY *key, struct str account)
{
    session->key = key;
    session->account = account;
}

enum acme_ca_state acme_session_state(const struct acme_session *session)
{
    return session->state;
}

static int64_t now(const struct acme_session *session)
{
    return session->world.now(session->world.context);
}

/* RFC 8555 6.5.1: what is no base64url is ignored. */
static bool is_nonce(struct str nonce)
{
    for (size_t i = 0; i < nonce.n; i++) {
        if (!ascii_is_alnum(nonce.p[i]) && nonce.p[i] != '-' && nonce.p[i] != '_')
            return false;
    }
    return nonce.n && nonce.n <= ACME_NONCE_MAX;
}

/* What fails here, or because the program ends, says nothing of the CA. */
static void note_state(struct acme_session *session, int rc, const struct api_response *response,
                       const struct error *err)
{
    if (rc == 0)
        session->state = response->status >= 500 ? ACME_CA_SILENT : ACME_CA_ANSWERS;
    else if (error_is(err, &MSG_API_UNREACHABLE) || error_is(err, &MSG_API_TIMEOUT) ||
             error_is(err, &MSG_API_TLS))
        session->state = ACME_CA_SILENT;
}

static int send(struct acme_session *session, struct str method, struct str url, struct str body,
                struct arena *arena, struct api_response *response, struct error *err)
{
    /* The language is that of the log and of --json (RFC 8555 6.1). */
    const struct api_header headers[] = {
        {STR("Accept-Language"), STR("en")},
        {STR("Content-Type"), STR("application/jose+json")},
    };
    const struct api_request request = {
        .method = method,
        .url = url,
        .headers = headers,
        .header_count = body.n ? 2 : 1,
        .body = body,
        .body_max = ACME_BODY_MAX,
        .deadline_ms = ACME_REQUEST_MS,
    };
    struct error local;
    err = err ? err : &local;
    int rc = session->world.send(session->world.context, &request, arena, response, err);
    note_state(session, rc, response, err);
    if (rc < 0)
        return rc;
    struct str nonce = api_header_get(response, STR("replay-nonce"));
    if (is_nonce(nonce))
        snprintf(session->nonce, sizeof session->nonce, "%.*s", STR_ARG(nonce));
    return 0;
}

static bool succeeded(const struct api_response *response)
{
    return response->status >= 200 && response->status <= 299;
}

static int get(struct acme_session *session, struct str url, struct arena *arena,
               struct api_response *response, struct acme_refusal *refusal, struct error *err)
{
    int rc = send(session, STR("GET"), url, STR(""), arena, response, err);
    if (rc < 0 || succeeded(response))
        return rc;
    return acme_problem_answer(response, url, now(session), arena, refusal, err);
}

static int read_directory(struct acme_session *session, struct acme_refusal *refusal,
                          struct error *err)
{
    struct arena scratch CLEANUP(arena_done);
    struct api_response response;
    struct acme_directory directory;
    struct str url = str_from(session->url);
    arena_init(&scratch, 2 * (ACME_BODY_MAX + API_HEADERS_SIZE));
    int rc = get(session, url, &scratch, &response, refusal, err);
    if (rc < 0)
        return rc;
    /* Read aside first: one that cannot be read does not take the place of the one before. */
    rc = acme_directory_read(url, response.body, &scratch, &directory, err);
    if (rc < 0)
        return rc;
    session->known = false;
    arena_reset(&session->arena);
    rc = acme_directory_read(url, response.body, &session->arena, &session->directory, err);
    session->known = rc == 0;
    session->read_at = now(session);
    return rc;
}

/* The directory as for the caller; what the CA said no by goes to *refusal. */
static int need_directory(struct acme_session *session, struct acme_refusal *refusal,
                          struct error *err)
{
    int64_t age = now(session) - session->read_at;
    if (session->known && age >= 0 && age < ACME_DIRECTORY_S)
        return 0;
    return read_directory(session, refusal, err);
}

int acme_session_directory(struct acme_session *session, const struct acme_directory **out,
                           struct acme_refusal *refusal, struct error *err)
{
    if (refusal)
        *refusal = (struct acme_refusal){ACME_NO_PROBLEM};
    int rc = need_directory(session, refusal, err);
    if (rc == 0)
        *out = &session->directory;
    return rc;
}

/* RFC 8555 7.2 */
static int need_nonce(struct acme_session *session, struct acme_refusal *refusal, struct error *err)
{
    struct arena scratch CLEANUP(arena_done);
    struct api_response response;
    arena_init(&scratch, 2 * (ACME_BODY_MAX + API_HEADERS_SIZE));
    if (*session->nonce)
        return 0;
    int rc = need_directory(session, refusal, err);
    if (rc < 0)
        return rc;
    struct str url = session->directory.new_nonce;
    if (!*session->nonce)
        rc = send(session, STR("HEAD"), url, STR(""), &scratch, &response, err);
    if (rc < 0 || *session->nonce)
        return rc;
    if (!succeeded(&response))
        return acme_problem_answer(&response, url, now(session), &scratch, refusal, err);
    return error_set(err, ERROR_TEMPORARY, msg_acme_answer(url, STR("Replay-Nonce")));
}

/* Who signs: by the account's URL, or, where kid is empty, by the key itself. */
struct signer {
    EVP_PKEY *key;
    struct str kid;
};

static int send_signed(struct acme_session *session, const struct signer *by, struct str url,
                       struct str payload, struct arena *arena, struct api_response *response,
                       struct acme_refusal *refusal, struct error *err)
{
    struct str body;
    int rc = need_nonce(session, refusal, err);
    if (rc < 0)
        return rc;
    const struct jose_header header = {by->kid, str_from(session->nonce), url};
    rc = jose_sign(by->key, &header, payload, arena, &body, err);
    *session->nonce = '\0'; /* used, whatever comes of it */
    return rc < 0 ? rc : send(session, STR("POST"), url, body, arena, response, err);
}

static int post(struct acme_session *session, const struct signer *by, struct str url,
                struct str payload, struct arena *arena, struct api_response *response,
                struct acme_refusal *refusal, struct error *err)
{
    struct acme_refusal heard = {ACME_NO_PROBLEM};
    int rc = -ERROR_TEMPORARY;
    for (unsigned i = 0; i < ACME_NONCE_TRIES; i++) {
        heard = (struct acme_refusal){ACME_NO_PROBLEM};
        rc = send_signed(session, by, url, payload, arena, response, &heard, err);
        if (rc < 0 || succeeded(response))
            break;
        rc = acme_problem_answer(response, url, now(session), arena, &heard, err);
        if (heard.problem != ACME_BAD_NONCE)
            break;
    }
    if (refusal)
        *refusal = heard;
    return rc;
}

int acme_session_post(struct acme_session *session, struct str url, struct str payload,
                      struct arena *arena, struct api_response *response,
                      struct acme_refusal *refusal, struct error *err)
{
    const struct signer by = {session->key, session->account};
    return post(session, &by, url, payload, arena, response, refusal, err);
}

int acme_session_post_by(struct acme_session *session, EVP_PKEY *key, struct str url,
                         struct str payload, struct arena *arena, struct api_response *response,
                         struct acme_refusal *refusal, struct error *err)
{
    const struct signer by = {key, STR("")};
    return post(session, &by, url, payload, arena, response, refusal, err);
}

int acme_session_get(struct acme_session *session, struct str url, struct arena *arena,
                     struct api_response *response, struct acme_refusal *refusal, struct error *err)
{
    struct acme_refusal heard = {ACME_NO_PROBLEM};
    enum acme_ca_state before = session->state;
    int rc = get(session, url, arena, response, &heard, err);
    if (heard.status >= 500)
        session->state = before;
    if (refusal)
        *refusal = heard;
    return rc;
}
