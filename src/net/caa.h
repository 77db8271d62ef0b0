/*
 * caa.h - which certificate authorities may issue for a name (CAA records: RFC 8659, RFC 8657).
 *
 * Pure: records in, a verdict out; who asks DNS is the caller's. The record set that counts is that
 * of the name, or of its nearest ancestor that has one (RFC 8659 3): ask for name, then for
 * caa_parent of it, until there are records or no name is left. An answer that fails is no empty
 * set: a CA must not issue then.
 */
#ifndef SEALPOST_NET_CAA_H
#define SEALPOST_NET_CAA_H

#include "net/dns_message.h"

/* The name to ask for next; empty when that would be the root. */
struct str caa_parent(struct str name);

/* The value of `issue` or `issuewild`, taken apart (RFC 8659 4.2). */
struct caa_value {
    struct str issuer; /* empty: nobody */
    struct str parameters;
};

/* False: it is not of the grammar, and permits nobody. */
bool caa_value_read(struct str value, struct caa_value *out) NODISCARD;

bool caa_has_tag(const struct dns_records *records, struct str tag);

/* The first record that is critical and of a property that this program does not know: no CA that
 * does not know it either may issue (RFC 8659 4.1). NULL: there is none. */
const struct dns_record *caa_unknown_critical(const struct dns_records *records);

/* Who would issue what. */
struct caa_question {
    struct str identities; /* of the CA, separated by blanks */
    bool wildcard;         /* the certificate's only name for the host is a wildcard */
    struct str account;    /* URL, RFC 8657 3; empty: unknown, any is taken to be meant */
    struct str method;     /* "dns-01", RFC 8657 4; empty: unknown, the same */
};

/* The property that governs: `issuewild` for wildcards where there is such a record. */
struct str caa_governing_tag(const struct dns_records *records, bool wildcard);

enum caa_verdict {
    CAA_PERMITS,
    CAA_FORBIDS,         /* others may, or nobody */
    CAA_FORBIDS_ACCOUNT, /* this CA may, for another account */
    CAA_FORBIDS_METHOD,  /* this CA may, by another way of validation */
    CAA_CRITICAL,        /* there is what caa_unknown_critical finds */
};

/* *because (may be NULL): the record that the verdict is by; NULL when no record governs. */
enum caa_verdict caa_judge(const struct dns_records *records, const struct caa_question *question,
                           const struct dns_record **because);

/* Appends the data of a record as a zone file has it: 0 issue "ca.example.net". */
void caa_print(const struct dns_record *record, struct buf *out);

#endif
