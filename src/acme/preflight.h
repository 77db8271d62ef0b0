/*
 * preflight.h - what can be known before a CA is asked, since failed validations are what it
 * rations.
 *
 * Looks, as the CA will: does the policy host's name exist, does it lead to this machine, does CAA
 * (RFC 8659, RFC 8657) permit the CA, does the port answer with what only we know. Where this
 * machine cannot know (its public addresses behind a translator, a port that it cannot reach from
 * inside), that is a note and never a refusal.
 */
#ifndef SEALPOST_ACME_PREFLIGHT_H
#define SEALPOST_ACME_PREFLIGHT_H

#include "acme/challenge.h"
#include "net/dns.h"

struct acme_preflight_request {
    struct str name; /* the policy host */
    enum acme_challenge_type challenge;
    struct str caa_identities; /* of the CA, separated by blanks; empty: unknown, not judged */
    struct str account;        /* the account's URL, for accounturi; empty: unknown */
    const struct dns_settings *dns;
    /* What the port is asked for, by a challenge of ours: the token is presented by the solver
     * before; NULL: the port is not tried. */
    const struct acme_solver *solver;
    uint16_t tls_port, http_port; /* 443 and 80, but in tests */
};

/* 0: nothing speaks against an order; notes has what could not be known (codes acme-note-...).
 * Negative: *err says what is missing: acme-host-absent ("mta-sts.example.org has no A or AAAA
 * record"), acme-host-dns, acme-caa-forbids, acme-port-other (another server answers there:
 * permanent until somebody acts). */
int acme_preflight(const struct acme_preflight_request *request, int64_t now, struct msg *notes,
                   size_t notes_max, size_t *note_count, struct arena *arena,
                   struct error *err) NODISCARD;

#endif
