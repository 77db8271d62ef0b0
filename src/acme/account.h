/*
 * account.h - the account at a CA (RFC 8555 7.3).
 */
#ifndef SEALPOST_ACME_ACCOUNT_H
#define SEALPOST_ACME_ACCOUNT_H

#include "acme/session.h"

struct acme_account_request {
    struct str contact; /* "mailto:..."; empty: none */
    bool terms_agreed;  /* by the user, for the terms that the directory names */
    struct str eab_kid; /* external account binding; empty: none */
    struct str eab_key; /* its bytes, not base64 */
    bool existing_only; /* onlyReturnExisting, 7.3.1 */
};

/* Makes the account of this key, or finds it (7.3: the same key is the same account). *url is in
 * arena. Refuses to begin, with acme-terms (naming the URL), when the directory has terms and they
 * were not agreed to; with acme-eab-missing when the CA wants a binding and there is none. */
int acme_account_open(struct acme_session *session, EVP_PKEY *key,
                      const struct acme_account_request *request, struct arena *arena,
                      struct str *url, struct acme_refusal *refusal, struct error *err) NODISCARD;

/* The session signs by the old key for the account; afterwards the account's key is `fresh`, and
 * the session signs by it (7.3.5). */
int acme_account_change_key(struct acme_session *session, EVP_PKEY *old, EVP_PKEY *fresh,
                            struct str account, struct acme_refusal *refusal,
                            struct error *err) NODISCARD;

/* 7.3.2; an empty contact removes it. */
int acme_account_set_contact(struct acme_session *session, struct str url, struct str contact,
                             struct acme_refusal *refusal, struct error *err) NODISCARD;

/* Revokes a certificate (7.6): by the session's account, or, when certificate_key is given, by
 * that. reason as in RFC 5280 5.3.1. A certificate that is revoked already is success. */
int acme_revoke(struct acme_session *session, EVP_PKEY *certificate_key, struct str leaf,
                unsigned reason, struct acme_refusal *refusal, struct error *err) NODISCARD;

#endif
