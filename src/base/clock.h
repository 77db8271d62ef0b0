/*
 * clock.h - the machine's clock, for the edges of the program.
 *
 * Time comes in as an argument everywhere else; only commands and roles ask here. Builds with
 * assertions can be told the time by the environment variable SEALPOST_CLOCK: seconds since 1970,
 * or
 * "+N" / "-N" for seconds off the real time. Release builds do not look at it.
 */
#ifndef SEALPOST_BASE_CLOCK_H
#define SEALPOST_BASE_CLOCK_H

#include <stdint.h>

/* Seconds since 1970. */
int64_t clock_now(void);

/* Milliseconds since some moment; never goes back, whatever happens to the clock of the wall. */
int64_t clock_monotonic_ms(void);

#endif
