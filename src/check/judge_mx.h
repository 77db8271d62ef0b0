/*
 * judge_mx.h - what the judges of steps 5, 6 and 8 share about MX hosts.
 *
 * Private to src/check. Pure functions.
 */
#ifndef SEALPOST_CHECK_JUDGE_MX_H
#define SEALPOST_CHECK_JUDGE_MX_H

#include "check/judge.h"

/* What was found at one address of an MX host, in a word. */
enum mx_seen {
    MX_GOOD,      /* TLS 1.2 or better with a certificate that is good for the host */
    MX_UNTRUSTED, /* TLS, and the certificate is not good */
    MX_NO_TLS,    /* speaks SMTP, and no TLS comes about */
    MX_DEAD,      /* nobody can get there, or nobody there speaks SMTP */
    MX_UNSEEN,    /* nothing is known: not tried, turned away or too slow for us before TLS */
    MX_SEEN_COUNT
};

enum mx_seen mx_seen_at(const struct fact_mx *mx, size_t i);

/* The addresses of a host, by what was found there. */
struct mx_sum {
    size_t count[MX_SEEN_COUNT];
    size_t answered; /* MX_GOOD, MX_UNTRUSTED and MX_NO_TLS together */
    bool tls_ok;     /* something answered, and all that did is MX_GOOD */
};

struct mx_sum mx_sum_up(const struct fact_mx *mx);

/* Whether some MX address speaks SMTP, if only to turn us away or too slowly for us. */
bool mx_any_answers(const struct check_facts *facts);

/* Whether nothing at all on port 25 could be reached although the network works otherwise. */
bool mx_port_25_blocked(const struct check_facts *facts);

/* The policy can be read and its mode is this one. */
bool judge_mode_is(const struct judgement *j, enum sts_mode mode);

/* Whether SMTP can use a TLSA record: usage 2 or 3 (RFC 7672 3.1), a selector and a matching type
 * that there are, a digest of the right length. */
bool mx_tlsa_usable(const struct dns_record *record);

/* Whether the MX records, or that there are none, are validated by DNSSEC. */
bool mx_records_secure(const struct check_facts *facts);

/* Whether TLSA records that senders heed stand under the host (RFC 7672 2.2): secure, with the MX
 * records secure too, and at least one that SMTP can use. */
bool mx_dane_demands_tls(const struct check_facts *facts, const struct fact_mx *mx);

/* Whether senders that know DANE are let in at this address by it. */
bool mx_dane_matches(const struct check_facts *facts, const struct fact_mx *mx, size_t i);

/* Adds a result about one address of a host. Where the same was said of another address of it,
 * that result gets this address too: "192.0.2.1, 2001:db8::1". */
void judge_add_at(struct judgement *j, enum check_grade grade, struct msg m, struct str host,
                  struct str address);
void judge_add_rule_at(struct judgement *j, struct msg m, struct str host, struct str address);

/* The names of a certificate for people, joined by ", "; its common name where it has none. In
 * j->arena. */
struct str judge_names(const struct judgement *j, const struct tls_verified *verified);

/* "3 1 1 9a0f...", in j->arena; the data of a whole certificate is cut. */
struct str judge_tlsa_text(struct judgement *j, const struct dns_record *record);

/* The record that the peer's leaf needs: usage 3, its key's SHA-256. Where the leaf cannot be read,
 * a text that says what belongs there. */
struct str judge_tlsa_wanted(struct judgement *j, const struct tls_peer *peer);

/* How long before its end a certificate should have been renewed: 14 days, or a third of a life
 * that is short. */
int64_t judge_renewal_margin(const struct tls_certificate *certificate);

/* The parts of step 5. */
void judge_mx_policy(struct judgement *j);
void judge_mx_session(struct judgement *j, const struct fact_mx *mx, size_t i);
void judge_mx_certificate(struct judgement *j, const struct fact_mx *mx, size_t i);

#endif
