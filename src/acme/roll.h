/*
 * roll.h - an account gets a new key, and neither key is lost on the way (RFC 8555 7.3.5).
 *
 * The CA cannot be asked and the store be written in one step. So the new key is in the store,
 * beside the old one, before the CA hears of it, and takes its place when the CA has said yes. Who
 * finds both, after a crash or an answer that did not come, asks the CA for the account of the new
 * key (7.3.1): it is there, or the old one still holds.
 */
#ifndef SEALPOST_ACME_ROLL_H
#define SEALPOST_ACME_ROLL_H

#include "acme/account.h"
#include "store/acme.h"

/* Changes the key of ca's account, in the store and in *ca. 1: done; 0: there is no account yet, so
 * there is nothing to change. Store: secrets for writing. */
int acme_roll_key(struct acme_session *session, struct store *store, struct store_ca *ca,
                  struct arena *arena, struct acme_refusal *refusal, struct error *err) NODISCARD;

/* Finds out which of two keys is the account's, when there are two. 1: the new one, and it has
 * taken the old one's place; 0: the old one. The new one is kept then: somebody else may be about
 * to change to it. */
int acme_roll_settle(struct acme_session *session, struct store *store, struct store_ca *ca,
                     struct arena *arena, struct acme_refusal *refusal,
                     struct error *err) NODISCARD;

#endif
