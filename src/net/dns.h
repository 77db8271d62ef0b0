/*
 * dns.h - DNS questions on an event loop, answered and validated by libunbound.
 *
 * This program validates DNSSEC itself and trusts no stranger's AD bit. Questions go to the
 * resolvers of `dns.forward`, or, without them, down from the root. libunbound works in a thread of
 * its own; callbacks run on the loop. Every question ends in exactly one callback, unless it is
 * cancelled.
 *
 * DIAGNOSTICS: dns_new fails when libunbound cannot be set up; the message names the setting.
 */
#ifndef SEALPOST_NET_DNS_H
#define SEALPOST_NET_DNS_H

#include <stdatomic.h>

#include "base/error.h"
#include "net/dns_message.h"

struct event_base;
struct dns;
struct dns_query;

enum dns_status {
    DNS_FOUND,   /* there are records of the type */
    DNS_NO_NAME, /* the name does not exist (NXDOMAIN) */
    DNS_NO_DATA, /* the name exists and has none of the type */
    DNS_BOGUS,   /* the answer fails DNSSEC validation; `why` says how */
    DNS_FAILED,  /* no usable answer: SERVFAIL, REFUSED, nobody answered */
};

struct dns_answer {
    enum dns_status status;
    bool secure;                /* validated from the trust anchor down */
    struct str why;             /* DNS_BOGUS: the validator's reason */
    struct dns_records records; /* MX: in the order of preference, then of names */
};

struct dns_settings {
    /* ADDRESS, ADDRESS@PORT, or, over TLS, ADDRESS@PORT#NAME; none: full recursion. All of them go
     * over TLS, or none. */
    const struct str *forward;
    size_t forward_count;
    const char *trust_anchor; /* file with the root's keys; NULL or "": nothing is validated */
    /* A file of ours that begins as a copy of trust_anchor and is kept up as the root changes its
     * keys (RFC 5011); NULL or "": trust_anchor is taken as it is. */
    const char *trust_anchor_state;
    /* Each server is asked for the whole name at once, not label by label (RFC 9156): round trips
     * fewer, for names that are no secret. */
    bool whole_names;
    /* In full recursion a stranger's zone names its servers; those at addresses that the guard of
     * address.h refuses are asked all the same. Forwarders may be anywhere. */
    bool allow_private;
    const char *ca_file;     /* of the roots for DNS over TLS; NULL or "": the system's */
    const atomic_bool *stop; /* dns_ask gives up soon after it has become true; may be NULL */
};

/* The answer is borrowed and valid during the call only. */
typedef void dns_callback(void *user, const struct dns_answer *answer);

/* The loop must outlive the result. dns_free drops the questions that are open, as dns_cancel does;
 * it must not be called within a callback. */
struct dns *dns_new(struct event_base *base, const struct dns_settings *settings,
                    struct error *err);
void dns_free(struct dns *dns);

/* Asks. name is without trailing dot. NULL, with *err, when the question cannot be asked; no
 * callback then. The callback never runs before this returns, and the query is gone after it. */
struct dns_query *dns_lookup(struct dns *dns, struct str name, enum dns_type type,
                             dns_callback *callback, void *user, struct error *err);

/* Drops a question that is open: its callback will not run. Not within that callback. */
void dns_cancel(struct dns_query *query);

/* Copies what an answer points at. */
int dns_answer_copy(struct dns_answer *to, const struct dns_answer *from,
                    struct arena *arena) NODISCARD;

/* Asks one question and waits at most `seconds` for the answer, for commands that have nothing else
 * to do; the answer is in arena. A question that is not answered in time, or was given up, is
 * DNS_FAILED. */
int dns_ask(const struct dns_settings *settings, struct str name, enum dns_type type,
            unsigned seconds, struct arena *arena, struct dns_answer *answer,
            struct error *err) NODISCARD;

#endif
