/*
 * cert_cover.h - the policy hosts, of the domains in the store, that a certificate covers.
 */
#ifndef SEALPOST_CLI_CERT_COVER_H
#define SEALPOST_CLI_CERT_COVER_H

#include "cli/node.h"

/* A policy host (mta-sts.DOMAIN, RFC 8461 3.3) whose domain is in the store. */
struct cert_host {
    struct str name, domain;
    bool has_policy;   /* else there is nothing to be served there yet */
    int64_t served_by; /* id of the certificate that is served for it; 0: none */
};

struct cert_cover {
    struct cert_host hosts[STORE_CERTIFICATE_NAMES_MAX]; /* each once, in the order of the names */
    size_t host_count;
    struct str others[STORE_CERTIFICATE_NAMES_MAX]; /* names that stand for none of them */
    size_t other_count;
};

/* Fills *out with what the certificate's names stand for. control NULL: there are no domains yet.
 * Texts are the row's or the arena's. */
int cert_cover_find(struct store *control, struct store *secrets,
                    const struct store_certificate *row, struct arena *arena,
                    struct cert_cover *out, struct error *err) NODISCARD;

/* Takes the certificate out of the store; the jobs of the hosts that it covers are due at once. */
int cert_forget(struct store *secrets, const struct store_certificate *row, int64_t now,
                struct error *err) NODISCARD;

/* The domains, where there are any yet: whoever is first makes the database. *out NULL: there are
 * none. An exit status. */
int cert_cover_domains(struct cli *c, const struct node *node, struct store **out);

#endif
