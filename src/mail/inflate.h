/*
 * inflate.h - one compressed stream, unpacked within a limit.
 *
 * Small results, nearly all there are, come out of libdeflate in one step, into memory that is
 * reused. Of what turns out to be larger than INFLATE_EXEMPT nothing is kept at first: zlib runs
 * over it with a window of fixed size and only counts. When the count is within the limit, exactly
 * that much memory is taken and the stream is unpacked once more. So a bomb costs INFLATE_EXEMPT
 * bytes and an honest report no more than its size. What the stream itself says about its length
 * is never believed.
 */
#ifndef SEALPOST_MAIL_INFLATE_H
#define SEALPOST_MAIL_INFLATE_H

#include "base/buf.h"

/* Results up to this size are exempt from the ratio: a small report of equal lines packs 200 times
 * smaller quite honestly, and cannot hurt. */
#define INFLATE_EXEMPT ((size_t)1024 * 1024)

enum inflate_format { INFLATE_GZIP, INFLATE_RAW };

enum inflate_status {
    INFLATE_OK,
    INFLATE_TRUNCATED, /* the stream ends too early */
    INFLATE_CORRUPT,   /* not a stream of that format, or its checksum is wrong */
    INFLATE_LARGE,     /* more than the limit */
    INFLATE_SPACE,     /* inflate_quick only: does not fit */
    INFLATE_MEMORY,
};

struct inflater;

struct inflater *inflater_new(void);
void inflater_free(struct inflater *z);

/* Unpacks one stream at the start of in and appends to out, at most room bytes; more gives
 * INFLATE_SPACE. *used gets the length of the stream. Anything but INFLATE_OK leaves out->n as it
 * was. Does not tell a truncated stream from a damaged one: inflate_count does. */
enum inflate_status inflate_quick(struct inflater *z, enum inflate_format format, struct str in,
                                  struct buf *out, size_t room, size_t *used);

/* Runs over one stream and keeps nothing: *made gets how much it unpacks to. On failure *used is
 * the place of the fault. More than limit is INFLATE_LARGE. */
enum inflate_status inflate_count(struct inflater *z, enum inflate_format format, struct str in,
                                  size_t limit, size_t *used, size_t *made);

/* How much room to try first, and after `tried` was too little: the memory that out has anyway,
 * at most INFLATE_EXEMPT in all. 0 when it is time to count. */
size_t inflate_room(const struct buf *out, size_t tried);

/* How much may come out of something that came from origin bytes: ratio_max times as much, at
 * least INFLATE_EXEMPT, at most max. */
size_t inflate_limit(size_t origin, size_t ratio_max, size_t max);

#endif
