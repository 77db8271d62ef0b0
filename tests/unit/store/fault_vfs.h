/*
 * fault_vfs.h - a disk that fails at the n-th call.
 *
 * Installed once, it stands between SQLite and the real files for the whole program, and counts
 * the calls that change or secure something: writes, syncs, truncations, new shared memory,
 * opening. As fault.h does for memory:
 *
 *     for (unsigned n = 1; ; n++) {
 *         fault_vfs_at(FAULT_FULL, n);
 *         int result = thing_under_test(...);
 *         if (!fault_vfs_off())
 *             break;
 *         ... result must be an error, the store must be as it was ...
 *     }
 */
#ifndef SEALPOST_TESTS_STORE_FAULT_VFS_H
#define SEALPOST_TESTS_STORE_FAULT_VFS_H

#include <stdbool.h>

enum fault_kind {
    FAULT_FULL, /* writes find the disk full */
    FAULT_IO,   /* writes, reads and syncs find it broken */
};

void fault_vfs_install(void);

/* Has SQLite allocate by this program's malloc, so that fault.h reaches it. */
void fault_memory_install(void);

/* From now on the n-th call (from 1) and every later one fail. */
void fault_vfs_at(enum fault_kind kind, unsigned n);

/* Calls succeed again; true when one had been made to fail. */
bool fault_vfs_off(void);

#endif
