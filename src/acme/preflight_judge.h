/*
 * preflight_judge.h - the inside of preflight.h: what is made of what DNS and the ports showed.
 *
 * Pure. What speaks against an order is an error; what could not be known is a note.
 */
#ifndef SEALPOST_ACME_PREFLIGHT_JUDGE_H
#define SEALPOST_ACME_PREFLIGHT_JUDGE_H

#include "acme/preflight.h"
#include "net/address.h"

/* Where notes go; their texts live in the arena. More than there is room for are dropped. */
struct acme_notes {
    struct msg *at;
    size_t max, count;
    struct arena *arena;
};

enum acme_port {
    ACME_PORT_UNTRIED,
    ACME_PORT_OURS,        /* it answered with what only we know */
    ACME_PORT_OTHER,       /* it answered with something else: `what` */
    ACME_PORT_UNREACHABLE, /* nothing that tells: `what` is why */
};

/* One address of the policy host. */
struct acme_seen {
    struct address address;
    enum acme_port port;
    struct str what;
};

/* Is there an address at all? `record` is what would have to be added to the zone; known: it has
 * the address that is to stand there, not a word in its place. */
int acme_judge_lookup(struct str name, struct str record, bool known, const struct dns_answer *a,
                      const struct dns_answer *aaaa, struct acme_notes *notes,
                      struct error *err) NODISCARD;

/* Whether those are ours. own: this host's addresses as strangers see them; none: unknown, behind a
 * translator. Then another server at the port may be the translator itself, which is what many show
 * to those within, so it is a note; unless one address has shown that they can be reached. */
int acme_judge_ports(struct str name, uint16_t port, const struct acme_seen *seen, size_t count,
                     const struct address_list *own, struct acme_notes *notes,
                     struct error *err) NODISCARD;

/* RFC 8659, by the records found at `owner`. */
int acme_judge_caa(const struct acme_preflight_request *request, struct str owner,
                   const struct dns_records *records, struct acme_notes *notes,
                   struct error *err) NODISCARD;

#endif
