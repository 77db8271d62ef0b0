/*
 * directory.h - what a CA offers and where (RFC 8555 7.1.1; RFC 9773 3; profiles as in
 * draft-ietf-acme-profiles).
 */
#ifndef SEALPOST_ACME_DIRECTORY_H
#define SEALPOST_ACME_DIRECTORY_H

#include "base/arena.h"
#include "base/error.h"

#define ACME_PROFILES_MAX     32  /* more are not looked at */
#define ACME_PROFILE_NAME_MAX 64  /* bytes; one with a longer name is passed over */
#define ACME_DESCRIPTION_MAX  256 /* of a profile; cut */
#define ACME_CAA_MAX          1024

struct acme_profile {
    struct str name, description;
};

struct acme_directory {
    struct str url; /* of the directory itself */
    struct str new_nonce, new_account, new_order, revoke_cert, key_change;
    struct str renewal_info;   /* RFC 9773; empty: the CA has none */
    struct str terms, website; /* URLs; empty: none */
    bool external_account_required;
    struct acme_profile profiles[ACME_PROFILES_MAX];
    size_t profile_count;
    struct str caa_identities; /* separated by blanks */
};

/* Reads the answer of `url`; the texts are copied to arena. newNonce, newAccount and newOrder must
 * be there, and every URL that is used must be https, else acme-answer. */
int acme_directory_read(struct str url, struct str body, struct arena *arena,
                        struct acme_directory *out, struct error *err) NODISCARD;

/* Whether it has a profile of that name. */
bool acme_directory_has_profile(const struct acme_directory *directory, struct str name);

#endif
