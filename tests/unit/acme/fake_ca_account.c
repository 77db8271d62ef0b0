#include "fake_ca_call.h"

#include <string.h>

/* ---- accounts ---- */

static unsigned find_account(const struct fake_ca *ca, const EVP_PKEY *key)
{
    for (unsigned i = 0; i < ca->account_count; i++) {
        if (EVP_PKEY_eq(ca->accounts[i].key, key) == 1)
            return i + 1;
    }
    return 0;
}

static void set_contact(struct fake_account *account, const json_t *payload)
{
    char *text = json_dumps(json_object_get(payload, "contact"), JSON_COMPACT);
    if (text)
        snprintf(account->contact, sizeof account->contact, "%s", text);
    free(text);
}

/* RFC 8555 7.3.4 */
static bool binding_is_good(struct fake_call *c, const json_t *payload)
{
    json_t *binding = json_object_get(payload, "externalAccountBinding");
    char *text = json_dumps(binding, JSON_COMPACT);
    struct fake_jws jws;
    if (!text)
        return !c->ca->settings.eab_required;
    bool good = fake_jws_read(str_from(text), c->arena, &jws) &&
                str_eq(fake_jws_text(&jws, "kid"), c->ca->settings.eab_kid) &&
                str_eq(fake_jws_text(&jws, "url"), c->request->url) &&
                !json_object_get(jws.header, "nonce") &&
                fake_jws_verify_hmac(&jws, c->ca->settings.eab_key);
    json_t *jwk = good ? json_loadb(jws.payload.p, jws.payload.n, 0, NULL) : NULL;
    good = json_equal(jwk, json_object_get(c->jws.header, "jwk"));
    json_decref(jwk);
    fake_jws_done(&jws);
    free(text);
    return good;
}

void fake_new_account(struct fake_call *c)
{
    json_t *payload = fake_payload(c);
    unsigned number = find_account(c->ca, c->key);
    bool made = !number;
    if (made && json_is_true(json_object_get(payload, "onlyReturnExisting"))) {
        fake_refuse(c, 400, "accountDoesNotExist", "no account has this key");
    } else if (made && !c->ca->settings.no_terms &&
               !json_is_true(json_object_get(payload, "termsOfServiceAgreed"))) {
        fake_complain(c, "terms not agreed to");
        fake_refuse(c, 403, "userActionRequired", "agree to the terms");
    } else if (made && !binding_is_good(c, payload)) {
        fake_refuse(c, 403, "externalAccountRequired", "no binding, or a bad one");
    } else {
        if (made) {
            number = ++c->ca->account_count;
            c->ca->accounts[number - 1].key = c->key;
            EVP_PKEY_up_ref(c->key);
            set_contact(&c->ca->accounts[number - 1], payload);
        }
        fake_add_url_header(c, "location", FAKE_BASE "/account/", number);
        fake_answer(c, made ? 201 : 200, STR("{\"status\":\"valid\"}"));
    }
    json_decref(payload);
}

void fake_account(struct fake_call *c)
{
    json_t *payload = fake_payload(c);
    if (payload)
        set_contact(&c->ca->accounts[c->account - 1], payload);
    json_decref(payload);
    fake_answer(c, 200, STR("{\"status\":\"valid\"}"));
}

/* RFC 8555 7.3.5 */
void fake_key_change(struct fake_call *c)
{
    struct fake_jws inner;
    bool good = fake_jws_read(c->jws.payload, c->arena, &inner) &&
                str_eq(fake_jws_text(&inner, "url"), c->request->url) &&
                !json_object_get(inner.header, "nonce");
    EVP_PKEY *fresh = good ? fake_jwk_key(json_object_get(inner.header, "jwk"), c->arena) : NULL;
    json_t *payload = good ? json_loadb(inner.payload.p, inner.payload.n, 0, NULL) : NULL;
    EVP_PKEY *old = fake_jwk_key(json_object_get(payload, "oldKey"), c->arena);
    good = fresh && old && fake_jws_verify(&inner, fresh) &&
           EVP_PKEY_eq(old, c->ca->accounts[c->account - 1].key) == 1 &&
           str_eq(fake_text(payload, "account"), fake_jws_text(&c->jws, "kid"));
    if (!good) {
        fake_complain(c, "a bad key change");
        fake_refuse(c, 400, "malformed", "key change");
    } else if (find_account(c->ca, fresh)) {
        fake_refuse(c, 409, "malformed", "another account has this key");
    } else {
        EVP_PKEY_free(c->ca->accounts[c->account - 1].key);
        c->ca->accounts[c->account - 1].key = fresh;
        EVP_PKEY_up_ref(fresh);
        fake_answer(c, 200, STR("{\"status\":\"valid\"}"));
    }
    EVP_PKEY_free(fresh);
    EVP_PKEY_free(old);
    json_decref(payload);
    fake_jws_done(&inner);
}
