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
    /* Of this host as strangers see them, separated by blanks; empty: those of its interfaces that
     * are public. */
    struct str addresses;
    const struct dns_settings *dns;
    /* What the port is asked for: a challenge of our own making is presented by it, waited for and
     * removed again; NULL: the port is not tried. */
    const struct acme_solver *solver;
    uint16_t tls_port, http_port; /* 443 and 80, but in tests */
    bool allow_private; /* ports are tried at addresses that the guard of address.h refuses, too */
};

/* 0: nothing speaks against an order; notes has what could not be known (codes acme-note-...), with
 * texts in arena. Negative: *err says what is missing: acme-host-absent ("mta-sts.example.org has
 * no A or AAAA record", with the record to add), acme-dns-failed, acme-dns-bogus,
 * acme-caa-forbids, acme-caa-critical, acme-port-other (another server answers there: permanent
 * until somebody acts), or those of the solver. For dns-01 only CAA is looked at. */
int acme_preflight(const struct acme_preflight_request *request, struct msg *notes,
                   size_t notes_max, size_t *note_count, struct arena *arena,
                   struct error *err) NODISCARD;

#endif
