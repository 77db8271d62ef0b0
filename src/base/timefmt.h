/*
 * timefmt.h - times as text, in UTC and the proleptic Gregorian calendar.
 *
 * Time is int64_t seconds since 1970-01-01T00:00:00Z everywhere in this program. Pure functions:
 * no locale, no time zone of the machine, no clock.
 */
#ifndef SEALPOST_BASE_TIMEFMT_H
#define SEALPOST_BASE_TIMEFMT_H

#include "base/buf.h"
#include "base/str.h"

struct civil_time {
    int64_t year; /* 0 to 9999 in texts */
    unsigned month, day;
    unsigned hour, minute, second;
};

struct civil_time time_to_civil(int64_t unix_seconds);
int64_t time_from_civil(const struct civil_time *t);

/* How far a text was from RFC 3339, for readers that tolerate and tell. */
enum time_form {
    TIME_RFC3339,   /* 2026-01-31T08:00:00Z, with fraction and offset as the RFC has them */
    TIME_NO_ZONE,   /* 2026-01-31T08:00:00: taken as UTC */
    TIME_DATE_ONLY, /* 2026-01-31: taken as its first second, UTC */
    TIME_SPACE,     /* a space instead of the T; otherwise as one of the above */
    TIME_INVALID,
};

/* Reads s into *out (fractions are dropped, a leap second becomes the second before it). Offsets
 * are applied. *out is written unless the result is TIME_INVALID. */
enum time_form time_parse(struct str s, int64_t *out);

/* Reads a date of HTTP (RFC 9110 5.6.7) in any of its three forms; the day of the week must be one,
 * and is not compared with the date. In the form with two digits of the year 70 to 99 are of the
 * last century. *out is written on success only. */
bool time_parse_http(struct str s, int64_t *out);

/* Appends 2026-01-31T08:00:00Z / 2026-01-31 / Sat, 31 Jan 2026 08:00:00 GMT (RFC 9110 5.6.7). */
void time_print(struct buf *out, int64_t unix_seconds);
void time_print_date(struct buf *out, int64_t unix_seconds);
void time_print_http(struct buf *out, int64_t unix_seconds);

/* Appends 20260131T080000Z without separators beyond the T; the form of a policy id. */
void time_print_compact(struct buf *out, int64_t unix_seconds);

#endif
