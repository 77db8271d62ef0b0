/*
 * records.h - the DNS records that a domain needs, and nothing beside them.
 *
 *     mta-sts.DOMAIN     A, AAAA   the addresses of the policy host
 *     _mta-sts.DOMAIN    TXT       "v=STSv1; id=...;"           (RFC 8461 3.1)
 *     _smtp._tls.DOMAIN  TXT       "v=TLSRPTv1; rua=..."        (RFC 8460 3)
 *
 * Pure functions. Who puts the records into DNS is the publishers' business.
 */
#ifndef SEALPOST_PUBLISH_RECORDS_H
#define SEALPOST_PUBLISH_RECORDS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

#define RECORDS_TTL 3600U /* seconds; long enough for caches, short enough for a change of mind */

enum record_type { RECORD_A, RECORD_AAAA, RECORD_TXT };

struct record {
    struct str name; /* without trailing dot */
    enum record_type type;
    uint32_t ttl;    /* seconds */
    struct str data; /* an address, or the text of a TXT record, unquoted */
};

struct records {
    struct record *at;
    size_t count;
};

struct records_input {
    struct str domain;    /* A-labels, lower case */
    struct str policy_id; /* empty: no policy yet, and so no `_mta-sts` record */
    struct str rua;       /* URIs separated by blanks; empty: no `_smtp._tls` record */
    struct str addresses; /* separated by blanks; empty: none is known */
};

/* Makes the list, in the order above; it lives in arena. -ERROR_TEMPORARY when memory is short. */
int records_wanted(const struct records_input *input, struct arena *arena, struct records *out,
                   struct error *err) NODISCARD;

/* "A", "AAAA", "TXT". */
const char *record_type_name(enum record_type type);

/* Appends the record as a line of a zone file (RFC 1035 5.1), without a line end. TXT data is cut
 * into strings of 255 bytes. */
void record_print_zone_line(const struct record *record, struct buf *out);

/* Takes the next word off a list whose words are separated by single blanks;
 * false when there is none left. */
bool records_next_word(struct str *list, struct str *word);

#endif
