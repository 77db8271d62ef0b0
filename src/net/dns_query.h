/*
 * dns_query.h - writes a DNS question, and says whether a message answers it (RFC 1035 section 4).
 *
 * Pure. One question of class IN, no recursion wanted, no EDNS: an answer beyond 512 bytes comes
 * cut, and is asked for again over TCP (RFC 7766). What stands in an answer is read by
 * dns_message.h.
 */
#ifndef SEALPOST_NET_DNS_QUERY_H
#define SEALPOST_NET_DNS_QUERY_H

#include "net/dns_message.h"

#define DNS_QUERY_BYTES_MAX 271 /* header, a name of 255 bytes, type and class */

struct dns_question {
    uint16_t id; /* unforeseeable, for questions over UDP (RFC 5452) */
    struct str name;
    enum dns_type type;
};

/* Appends a name in its wire form; text as for dns_query_write. False when it is none; what was
 * appended by then is the caller's to take back. */
bool dns_name_write(struct str text, struct buf *out) NODISCARD;

/* Appends the message. name is text as dns_message.h prints it, a trailing dot allowed, "." for the
 * root. False, with nothing appended, when it is no name (an empty label, one above 63 bytes, above
 * 255 bytes in all, an escape that is none). */
bool dns_query_write(const struct dns_question *question, struct buf *out) NODISCARD;

/* Whether the message answers that question: a response with its id and, in it, the question as it
 * was asked, without regard to case. A server that says only by its RCODE that it did not
 * understand may leave the question out. */
bool dns_query_is_answer(const struct dns_question *question, struct str message) NODISCARD;

/* The bits AA and TC of a header (RFC 1035 4.1.1); false when there is none. */
bool dns_message_is_authoritative(struct str message);
bool dns_message_is_truncated(struct str message);

#endif
