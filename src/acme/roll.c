#include "acme/roll.h"

#include "acme/key.h"

static void key_freep(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

static int take(struct store *store, struct store_ca *ca, struct error *err)
{
    int rc = store_ca_take_next_key(store, ca->name, ca->next_key, err);
    if (rc < 0)
        return rc;
    ca->account_key = ca->next_key;
    ca->next_key = STR("");
    return 1;
}

int acme_roll_settle(struct acme_session *session, struct store *store, struct store_ca *ca,
                     struct arena *arena, struct acme_refusal *refusal, struct error *err)
{
    const struct acme_account_request existing = {.existing_only = true};
    EVP_PKEY *fresh CLEANUP(key_freep) = NULL;
    struct acme_refusal heard = {ACME_NO_PROBLEM};
    struct str url;
    if (!ca->next_key.n)
        return 0;
    int rc = acme_key_read(ca->next_key, &fresh, err);
    if (rc == 0)
        rc = acme_account_open(session, fresh, &existing, arena, &url, &heard, err);
    if (refusal)
        *refusal = heard;
    if (rc == 0)
        return take(store, ca, err);
    return heard.problem == ACME_ACCOUNT_DOES_NOT_EXIST ? 0 : rc;
}

/* The key that is to come, in the store. */
static int prepare(struct store *store, struct store_ca *ca, struct arena *arena, EVP_PKEY **fresh,
                   struct error *err)
{
    if (ca->next_key.n)
        return acme_key_read(ca->next_key, fresh, err);
    int rc = acme_key_new(ACME_KEY_P256, fresh, err);
    if (rc == 0)
        rc = acme_key_write(*fresh, arena, &ca->next_key, err);
    if (rc == 0)
        rc = store_ca_set_next_key(store, ca->name, ca->next_key, err);
    return rc < 0 ? rc : 0;
}

/* The CA has answered, and not by a failure of its own: the account has its old key. */
static bool was_refused(const struct acme_refusal *refusal)
{
    return refusal->status >= 400 && refusal->status < 500;
}

static int change(struct acme_session *session, struct store *store, struct store_ca *ca,
                  struct arena *arena, struct acme_refusal *refusal, struct error *err)
{
    EVP_PKEY *old CLEANUP(key_freep) = NULL;
    EVP_PKEY *fresh CLEANUP(key_freep) = NULL;
    struct acme_refusal heard = {ACME_NO_PROBLEM};
    int rc = acme_key_read(ca->account_key, &old, err);
    if (rc == 0)
        rc = prepare(store, ca, arena, &fresh, err);
    if (rc < 0)
        return rc;
    rc = acme_account_change_key(session, old, fresh, ca->account, &heard, err);
    if (refusal)
        *refusal = heard;
    acme_session_sign_by(session, NULL, STR("")); /* the keys end here */
    if (rc == 0)
        return take(store, ca, err);
    if (was_refused(&heard) && store_ca_set_next_key(store, ca->name, STR(""), NULL) >= 0)
        ca->next_key = STR("");
    return rc;
}

int acme_roll_key(struct acme_session *session, struct store *store, struct store_ca *ca,
                  struct arena *arena, struct acme_refusal *refusal, struct error *err)
{
    if (!ca->account_key.n || !ca->account.n)
        return 0;
    int rc = acme_roll_settle(session, store, ca, arena, refusal, err);
    return rc != 0 ? rc : change(session, store, ca, arena, refusal, err);
}
