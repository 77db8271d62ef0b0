/*
 * dns_update.h - the message that changes one TXT record of a zone (RFC 2136), and its answer.
 *
 * Pure. The record is added beside others at its name, or it alone is taken away; either is done
 * once, however often it is asked for, since a set of records has no doubles.
 */
#ifndef SEALPOST_NET_DNS_UPDATE_H
#define SEALPOST_NET_DNS_UPDATE_H

#include "base/buf.h"

struct dns_update {
    uint16_t id;
    struct str zone, name;
    struct str text;
    uint32_t ttl; /* seconds; of a record that is added */
    bool remove;
};

#define DNS_UPDATE_TEXT_MAX 4096 /* bytes of a text */

/* RCODEs (RFC 2136 2.2). */
enum dns_rcode {
    DNS_RCODE_FORMAT = 1,
    DNS_RCODE_SERVER = 2,
    DNS_RCODE_NO_NAME = 3,
    DNS_RCODE_NOT_IMPLEMENTED = 4,
    DNS_RCODE_REFUSED = 5,
    DNS_RCODE_NOT_AUTH = 9,
    DNS_RCODE_NOT_ZONE = 10,
};

/* "REFUSED"; of an unknown one "RCODE 13", in text, which has room for 16 bytes. */
const char *dns_rcode_name(unsigned rcode, char *text);

/* Appends the message, not signed yet. False when zone or name is none, or the text too long; the
 * buffer is then of no use. */
bool dns_update_write(const struct dns_update *update, struct buf *out) NODISCARD;

/* Whether the message is a response to that update: its id, its opcode, and where it repeats the
 * zone, that one. */
bool dns_update_is_answer(const struct dns_update *update, struct str message) NODISCARD;

#endif
