/*
 * dns_message.h - reads DNS answers from their wire form (RFC 1035 section 4).
 *
 * Pure functions over bytes that strangers wrote (libunbound has validated them, but not us from
 * them). Names are decompressed with a bounded number of jumps. The text form of a name escapes
 * what is no printable character in the way of master files (RFC 1035 5.1).
 */
#ifndef SEALPOST_NET_DNS_MESSAGE_H
#define SEALPOST_NET_DNS_MESSAGE_H

#include "base/arena.h"
#include "base/buf.h"

enum dns_type {
    DNS_A = 1,
    DNS_NS = 2,
    DNS_CNAME = 5,
    DNS_SOA = 6,
    DNS_MX = 15,
    DNS_TXT = 16,
    DNS_AAAA = 28,
    DNS_TLSA = 52,
    DNS_CAA = 257,
};

#define DNS_CNAMES_MAX  16
#define DNS_RECORDS_MAX 1000 /* of one type in one answer; more are passed over */

struct dns_record {
    struct str text; /* MX: the host, "." for a null MX (RFC 7505); A, AAAA: the address; TXT: its
                        strings joined; CNAME, NS: the name; SOA: its MNAME; names without the
                        trailing dot; TLSA: the association data, raw; CAA: the value */
    uint16_t preference;               /* MX */
    uint8_t usage, selector, matching; /* TLSA, RFC 6698 2.1 */
    bool critical;                     /* CAA, RFC 8659 4.1 */
    struct str tag;                    /* CAA, in lower case */
};

struct dns_records {
    struct dns_record *at; /* in the order of the message */
    size_t count;
    uint32_t ttl;         /* the lowest among them, in seconds */
    struct str canonical; /* where the last CNAME led; empty without one */
    struct str *cnames;   /* the targets of the CNAMEs from the name asked for on, in their order */
    size_t cname_count;   /* at most DNS_CNAMES_MAX */
};

/* Reads from the answer section of a message the records of one type that belong to the name asked
 * for or to where its CNAMEs lead; those of other names, and malformed ones, are passed over. Of
 * more than DNS_CNAMES_MAX CNAMEs the first count; a loop of them ends where it began. False when
 * the message itself cannot be walked. An answer without such records is true with a count of 0.
 * What is found is allocated in arena. */
bool dns_message_read(struct str message, enum dns_type type, struct arena *arena,
                      struct dns_records *records) NODISCARD;

/* One record of any section as it stands there; its data are the message's bytes from `from` to
 * `end`. */
struct dns_raw_record {
    struct buf owner; /* text; made with DNS_NAME_TEXT_MAX */
    uint16_t type, class;
    uint32_t ttl;
    size_t from, end;
};

/* Bytes of the longest name as text: every byte of it as \DDD. */
#define DNS_NAME_TEXT_MAX 1024

/* Reads the record at *at and moves *at behind it; false when the message cannot be walked further.
 */
bool dns_record_next(struct str message, size_t *at, struct dns_raw_record *raw) NODISCARD;

/* The RCODE of a message's header (RFC 1035 4.1.1); that of a server failure, 2, when it has none.
 */
int dns_message_rcode(struct str message);

/* Reads the name at *at and appends its text without the trailing dot ("." for the root); *at moves
 * behind it. False, with nothing appended, when it is malformed or longer than 255 bytes. */
bool dns_name_read(struct str message, size_t *at, struct buf *out) NODISCARD;

#endif
