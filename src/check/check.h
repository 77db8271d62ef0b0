/*
 * check.h - a domain seen from outside: every step that a sending mail server takes towards it,
 * what it would see there, and what to do about it.
 *
 * A checker runs any number of checks on one event loop. All steps of a check run concurrently;
 * nothing waits for a slow host longer than the host's deadline, and the check ends by its own
 * deadline with what it has; time in the line before an address that many domains share does not
 * count. Domains share what they have in common: the DNS cache, what was seen at an MX host's
 * address within the run, and that nobody answers at an address; at one address only
 * CHECK_AT_ONE_ADDRESS connections are open at a time (questions to name servers and the few knocks
 * at port 25 of look_port_25.c apart). Every address that DNS names passes the
 * guard of net/address.h.
 */
#ifndef SEALPOST_CHECK_CHECK_H
#define SEALPOST_CHECK_CHECK_H

#include "base/error.h"
#include "check/facts.h"
#include "check/result.h"

struct event_base;
struct checker;
struct check;

#define CHECK_AT_ONE_ADDRESS 10
#define CHECK_HOST_SECONDS   10 /* the deadlines where the settings have 0 */
#define CHECK_TOTAL_SECONDS  30
#define CHECK_ARENA_MAX      ((size_t)16 * 1024 * 1024)

/* --connect HOST:PORT=ADDRESS:PORT: where connections to a host really go. It passes no guard. */
struct check_connect {
    struct str host;
    uint16_t port;
    struct address address;
    uint16_t to_port;
};

struct check_settings {
    struct dns_settings dns;
    const struct tls_trust *trust;
    struct str ehlo;      /* the name that we give; empty: this machine's */
    const struct str *mx; /* --mx: instead of the domain's records */
    size_t mx_count;
    const struct check_connect *connect;
    size_t connect_count;
    bool allow_private; /* the guard is off */
    bool probe_rua;     /* RCPT at the mailboxes of rua, POST at its https URIs */
    bool thorough;      /* for a domain that somebody named: also the questions and handshakes that
                           matter rarely (name servers one by one, CAA, wildcards, subdomains, other
                           server names); without it their facts are not asked, not tried */
    unsigned at_one_address; /* instead of CHECK_AT_ONE_ADDRESS; 0: that */
    unsigned host_seconds, total_seconds;
    int64_t (*clock)(void);
};

/* What a sender does with mail to one MX host. */
enum check_delivery {
    CHECK_DELIVERS,           /* TLS, certificate verified as policy or DANE demands */
    CHECK_DELIVERS_UNCHECKED, /* TLS where there is; nothing would notice another server */
    CHECK_DELIVERS_PLAIN,     /* without TLS */
    CHECK_REFUSES,            /* a sender in enforce (or by DANE) does not deliver there */
    CHECK_UNREACHABLE,        /* nobody answers */
    CHECK_UNKNOWN,            /* could not be looked at from here */
};

struct check_mx_verdict {
    struct str host;
    uint16_t preference;
    enum check_delivery today;   /* as things are */
    enum check_delivery enforce; /* were the policy in enforce (as it stands, but for its mode) */
    const struct str *pattern;   /* of the policy, that it matches; NULL: none */
    bool tls_ok; /* STARTTLS, TLS 1.2 or better, certificate good, at every address that
                    answers */
    bool dane_ok, dane_fails; /* TLSA usable and matching / usable (or bogus) and failing */
};

enum check_enforce {
    CHECK_ENFORCE_SAFE, /* every MX would take mail under enforce */
    CHECK_ENFORCE_UNSAFE,
    CHECK_ENFORCE_UNKNOWN, /* something could not be looked at */
    CHECK_ENFORCE_ALREADY, /* the policy is in enforce, and every MX takes mail */
    CHECK_ENFORCE_NOTHING, /* there is no policy, or the domain takes no mail */
};

#define CHECK_NEXT_STEPS 3

struct check_verdict {
    enum check_enforce enforce;
    struct check_mx_verdict *mx;
    size_t mx_count;
    const struct check_result
        *next[CHECK_NEXT_STEPS]; /* whose fix to do first; NULL where none is left */
};

struct check_report {
    const struct check_facts *facts;
    const struct check_results *results;
    const struct check_verdict *verdict;
};

/* The report is borrowed and valid during the call only. NULL with *err set: the check itself could
 * not be done (no memory). */
typedef void check_callback(void *user, const struct check_report *report, const struct error *err);

/* Called whenever something of a check is done or begun, for a progress line: how many lookups and
 * connections are open and done. */
typedef void check_progress(void *user, unsigned done, unsigned open);

/* The loop and what settings point at must outlive it. */
struct checker *checker_new(struct event_base *base, const struct check_settings *settings,
                            struct error *err);
void checker_free(struct checker *checker); /* drops the checks that run */

/* Begins. domain is what a person typed (U-labels are fine); earlier may be NULL. Errors at once:
 * check-domain-invalid. The callback never runs before this returns; the check is gone after it. */
struct check *check_start(struct checker *checker, struct str domain,
                          const struct fact_earlier *earlier, check_callback *callback,
                          check_progress *progress, void *user, struct error *err);

/* What of a finished check the store keeps for the next one. */
void check_remember(const struct check_facts *facts, struct arena *arena, struct fact_earlier *out);

#endif
