/*
 * domain.h - domain names and addresses as text.
 *
 * A domain name here is what mail and certificates use: letters, digits, hyphens, and underscores
 * where DNS allows them but hosts do not, in labels of 1 to 63 bytes, at most 253 in all, without a
 * trailing dot. Conversions follow IDNA 2008 (UTS #46 non-transitional) by libidn2.
 */
#ifndef SEALPOST_BASE_DOMAIN_H
#define SEALPOST_BASE_DOMAIN_H

#include "base/buf.h"
#include "base/str.h"

#define DOMAIN_NAME_MAX  253
#define DOMAIN_LABEL_MAX 63

enum domain_fault {
    DOMAIN_OK,
    DOMAIN_EMPTY,       /* no name at all */
    DOMAIN_TOO_LONG,    /* more than 253 bytes */
    DOMAIN_LABEL_EMPTY, /* two dots in a row, a leading or a trailing dot */
    DOMAIN_LABEL_LONG,  /* a label of more than 63 bytes */
    DOMAIN_HYPHEN,      /* a label begins or ends with a hyphen */
    DOMAIN_CHARACTER,   /* a character that no host name has */
    DOMAIN_NON_ASCII,   /* a U-label, or bytes beyond ASCII that are none */
    DOMAIN_ADDRESS,     /* an IPv4 or IPv6 address, or a name whose last label is a number */
};

/* What is wrong with s as the name of a host (RFC 5321 Domain: letters, digits, hyphens) in
 * A-label form. */
enum domain_fault domain_check(struct str s);

/* The same, but a label may begin with an underscore (_mta-sts.example.org). */
enum domain_fault domain_check_dns(struct str s);

/* Whether s is an IPv4 or IPv6 address, with or without brackets. */
bool domain_is_address(struct str s);

/* Appends the lower-case A-label form of a name that a person or a report wrote: U-labels are
 * converted, a trailing dot goes. False, with nothing appended, when it is no name. */
bool domain_to_ascii(struct str s, struct buf *out) NODISCARD;

/* Appends the U-label form for people; what cannot be converted stays as it is. */
void domain_to_unicode(struct str s, struct buf *out);

/* Equality without case and without trailing dots; for A-labels. */
bool domain_eq(struct str a, struct str b);

/* Whether `name` lies below `parent` ("mx.example.org" below "example.org"); not when equal. */
bool domain_is_below(struct str name, struct str parent);

/* The comparison of RFC 8461 section 4.1: a pattern is a name, or "*." and a name, where "*" stands
 * for exactly one label ("*.example.org" matches mx.example.org, and neither example.org nor
 * a.mx.example.org). Case and a trailing dot do not matter; U-labels on either side are compared as
 * A-labels. A pattern with any other asterisk, and an empty name, match nothing. */
bool domain_matches_pattern(struct str pattern, struct str host);

#endif
