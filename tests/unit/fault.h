/*
 * fault.h - makes the n-th allocation of a test fail.
 *
 * Programs that are linked with dep_fault have malloc, calloc and realloc wrapped:
 *
 *     for (unsigned n = 1; ; n++) {
 *         fault_alloc_at(n);
 *         int result = thing_under_test(...);
 *         if (!fault_alloc_off())
 *             break;                // it passed without reaching the n-th allocation
 *         ... result must be an error, nothing may leak ...
 *     }
 */
#ifndef SEALPOST_TESTS_FAULT_H
#define SEALPOST_TESTS_FAULT_H

#include <stdbool.h>

/* From now on the n-th allocation (from 1) and every later one fail. */
void fault_alloc_at(unsigned n);

/* Lets allocations succeed again; true when one had been made to fail. */
bool fault_alloc_off(void);

#endif
