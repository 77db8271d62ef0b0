#include "acme/account.h"

#include "acme/jose.h"
#include "acme/messages.h"
#include "acme/reading.h"
#include "base/json_write.h"

#define PAYLOAD_MAX ((size_t)64 * 1024)

static void put_contact(struct json_writer *w, struct str contact)
{
    json_key(w, "contact");
    json_open(w, '[');
    if (contact.n)
        json_put_str(w, contact);
    json_close(w);
}

/* RFC 8555 7.3.4: the account's JWK, signed by the key that the CA gave. */
static int bind_account(const struct acme_account_request *request, struct str url, struct str jwk,
                        struct arena *arena, struct str *out, struct error *err)
{
    const struct jose_header header = {.kid = request->eab_kid, .url = url};
    return jose_sign_hmac(request->eab_key, &header, jwk, arena, out, err);
}

static int print_new_account(const struct acme_account_request *request, struct str binding,
                             struct buf *out, struct error *err)
{
    struct json_writer w;
    json_writer_init(&w, out, false);
    json_open(&w, '{');
    if (request->existing_only) {
        json_key(&w, "onlyReturnExisting");
        json_put_bool(&w, true);
    } else {
        if (request->contact.n)
            put_contact(&w, request->contact);
        if (request->terms_agreed) {
            json_key(&w, "termsOfServiceAgreed");
            json_put_bool(&w, true);
        }
        if (binding.n) {
            json_key(&w, "externalAccountBinding");
            json_put_raw(&w, binding);
        }
    }
    json_close(&w);
    return out->failed ? error_set_memory(err) : 0;
}

static int may_begin(const struct acme_directory *directory,
                     const struct acme_account_request *request, struct error *err)
{
    struct str ca = acme_url_host(directory->url);
    if (request->existing_only)
        return 0;
    if (directory->terms.n && !request->terms_agreed)
        return error_set(err, ERROR_POLICY, msg_acme_terms(ca, directory->terms));
    if (directory->external_account_required && !request->eab_kid.n)
        return error_set(err, ERROR_PERMANENT, msg_acme_eab_missing(ca));
    return 0;
}

/* Where the account is, and that it may be used (7.1.6). */
static int read_account(const struct api_response *response, struct str asked, struct arena *arena,
                        struct str *url, struct error *err)
{
    json_t *json CLEANUP(acme_json_freep) = acme_json_read(response->body);
    struct str status = acme_json_text(json, "status");
    struct str location = api_header_get(response, STR("location"));
    if (status.n && !str_eq(status, STR("valid")))
        return error_set(err, ERROR_PERMANENT,
                         msg_acme_account_status(acme_url_host(asked), status));
    if (!acme_url_is_good(location))
        return error_set(err, ERROR_TEMPORARY, msg_acme_answer(asked, STR("Location")));
    *url = arena_str(arena, location);
    return arena->failed ? error_set_memory(err) : 0;
}

int acme_account_open(struct acme_session *session, EVP_PKEY *key,
                      const struct acme_account_request *request, struct arena *arena,
                      struct str *url, struct acme_refusal *refusal, struct error *err)
{
    struct buf payload CLEANUP(buf_done);
    const struct acme_directory *directory;
    struct api_response response = {0};
    struct str jwk = STR(""), binding = STR("");
    buf_init(&payload, PAYLOAD_MAX);
    int rc = acme_session_directory(session, &directory, refusal, err);
    if (rc == 0)
        rc = may_begin(directory, request, err);
    if (rc < 0)
        return rc;
    struct str asked = arena_str(arena, directory->new_account);
    if (request->eab_kid.n && !request->existing_only) {
        rc = jose_jwk(key, arena, &jwk, err);
        if (rc == 0)
            rc = bind_account(request, asked, jwk, arena, &binding, err);
    }
    if (rc == 0)
        rc = print_new_account(request, binding, &payload, err);
    if (rc == 0)
        rc = acme_session_post_by(session, key, asked, buf_view(&payload), arena, &response,
                                  refusal, err);
    return rc < 0 ? rc : read_account(&response, asked, arena, url, err);
}

/* The URL of what not every CA has. */
static int need_url(const struct acme_directory *directory, struct str url, const char *name,
                    struct arena *arena, struct str *out, struct error *err)
{
    if (!url.n)
        return error_set(err, ERROR_PERMANENT, msg_acme_answer(directory->url, str_from(name)));
    *out = arena_str(arena, url);
    return arena->failed ? error_set_memory(err) : 0;
}

/* The inner JWS of a key change, by the new key: RFC 8555 7.3.5. */
static int print_key_change(EVP_PKEY *old, EVP_PKEY *fresh, struct str account, struct str url,
                            struct arena *arena, struct str *out, struct error *err)
{
    struct buf inner CLEANUP(buf_done);
    struct json_writer w;
    struct str jwk;
    buf_init(&inner, PAYLOAD_MAX);
    int rc = jose_jwk(old, arena, &jwk, err);
    if (rc < 0)
        return rc;
    json_writer_init(&w, &inner, false);
    json_open(&w, '{');
    json_key(&w, "account");
    json_put_str(&w, account);
    json_key(&w, "oldKey");
    json_put_raw(&w, jwk);
    json_close(&w);
    if (inner.failed)
        return error_set_memory(err);
    const struct jose_header header = {.url = url};
    return jose_sign(fresh, &header, buf_view(&inner), arena, out, err);
}

int acme_account_change_key(struct acme_session *session, EVP_PKEY *old, EVP_PKEY *fresh,
                            struct str account, struct acme_refusal *refusal, struct error *err)
{
    struct arena arena CLEANUP(arena_done);
    const struct acme_directory *directory;
    struct api_response response;
    struct str url = STR(""), payload = STR("");
    arena_init(&arena, ACME_ARENA_MAX);
    int rc = acme_session_directory(session, &directory, refusal, err);
    if (rc == 0)
        rc = need_url(directory, directory->key_change, "keyChange", &arena, &url, err);
    if (rc == 0)
        rc = print_key_change(old, fresh, account, url, &arena, &payload, err);
    if (rc < 0)
        return rc;
    acme_session_sign_by(session, old, account);
    rc = acme_session_post(session, url, payload, &arena, &response, refusal, err);
    if (rc == 0)
        acme_session_sign_by(session, fresh, account);
    return rc;
}

int acme_account_set_contact(struct acme_session *session, struct str url, struct str contact,
                             struct acme_refusal *refusal, struct error *err)
{
    struct arena arena CLEANUP(arena_done);
    struct buf payload CLEANUP(buf_done);
    struct api_response response;
    struct json_writer w;
    arena_init(&arena, ACME_ARENA_MAX);
    buf_init(&payload, PAYLOAD_MAX);
    json_writer_init(&w, &payload, false);
    json_open(&w, '{');
    put_contact(&w, contact);
    json_close(&w);
    if (payload.failed)
        return error_set_memory(err);
    return acme_session_post(session, url, buf_view(&payload), &arena, &response, refusal, err);
}

int acme_revoke(struct acme_session *session, EVP_PKEY *certificate_key, struct str leaf,
                unsigned reason, struct acme_refusal *refusal, struct error *err)
{
    struct arena arena CLEANUP(arena_done);
    struct buf payload CLEANUP(buf_done);
    const struct acme_directory *directory;
    struct acme_refusal heard = {ACME_NO_PROBLEM};
    struct api_response response;
    struct str url = STR(""), certificate = STR("");
    arena_init(&arena, ACME_ARENA_MAX);
    buf_init(&payload, PAYLOAD_MAX);
    int rc = acme_session_directory(session, &directory, refusal, err);
    if (rc == 0)
        rc = need_url(directory, directory->revoke_cert, "revokeCert", &arena, &url, err);
    if (rc == 0)
        rc = jose_base64url(leaf, &arena, &certificate, err);
    if (rc < 0)
        return rc;
    buf_printf(&payload, "{\"certificate\":\"%.*s\",\"reason\":%u}", STR_ARG(certificate), reason);
    if (payload.failed)
        return error_set_memory(err);
    rc = certificate_key
             ? acme_session_post_by(session, certificate_key, url, buf_view(&payload), &arena,
                                    &response, &heard, err)
             : acme_session_post(session, url, buf_view(&payload), &arena, &response, &heard, err);
    if (refusal)
        *refusal = heard;
    return heard.problem == ACME_ALREADY_REVOKED ? 0 : rc;
}
