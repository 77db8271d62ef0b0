/*
 * dns_direct.h - one question to one name server, over UDP and where the answer is too long TCP.
 *
 * For comparing what the authoritative servers of a zone say; nothing is validated, cached or
 * followed. Answers are matched by id, question and source, and read by dns_message.h.
 */
#ifndef SEALPOST_NET_DNS_DIRECT_H
#define SEALPOST_NET_DNS_DIRECT_H

#include "net/dns.h"
#include "net/peer.h"

struct event_base;
struct dns_direct;

#define DNS_PORT 53

struct dns_direct_answer {
    enum net_failure failure;
    bool authoritative; /* the AA bit */
    enum dns_status
        status; /* DNS_FOUND, DNS_NO_NAME, DNS_NO_DATA, or DNS_FAILED for another RCODE */
    struct dns_records records;
};

typedef void dns_direct_callback(void *user, const struct dns_direct_answer *answer);

/* Asks; the caller has passed the address by the guard. Sent again once a second until the
 * deadline. The same contract as dns_lookup. */
struct dns_direct *dns_direct_start(struct event_base *base, const struct address *address,
                                    uint16_t port, struct str name, enum dns_type type,
                                    unsigned deadline_ms, dns_direct_callback *callback, void *user,
                                    struct error *err);
void dns_direct_cancel(struct dns_direct *query);

#endif
