/*
 * gunzip.h - gzip (RFC 1952) in memory: several members in a row, and what stands behind them.
 *
 * Zeros behind the last member (padding of tapes and block devices) mean nothing; other bytes
 * there are left out and counted. A member that is cut short or damaged fails the whole, with the
 * byte where it happened: half a report is worse than none.
 */
#ifndef SEALPOST_MAIL_GUNZIP_H
#define SEALPOST_MAIL_GUNZIP_H

#include "base/error.h"
#include "mail/inflate.h"

struct gunzip_result {
    size_t trailing; /* bytes behind the last member, left out; 0 when only zeros */
    uint64_t offset; /* on failure: the byte of the input where it happened */
    bool too_large;  /* on failure: the limit was passed; the caller knows why it is what it is */
    struct str first_name; /* the file name in the first member's head, or empty; borrowed */
};

/* Replaces what is in out by what in unpacks to, at most limit bytes. */
int gunzip(struct inflater *z, struct str in, size_t limit, struct buf *out,
           struct gunzip_result *result, struct error *err) NODISCARD;

#endif
