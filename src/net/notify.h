/*
 * notify.h - telling whoever started this process how it is: sd_notify(3) without libsystemd.
 *
 * Datagrams to the Unix socket that NOTIFY_SOCKET names: our supervisor's, or systemd's. Without
 * one every call does nothing, so a role calls them always. Never blocks, never fails loudly: a
 * supervisor that does not listen is no reason to stop serving. The functions are safe from any
 * thread once the environment no longer changes.
 */
#ifndef SEALPOST_NET_NOTIFY_H
#define SEALPOST_NET_NOTIFY_H

#include "base/str.h"

#define NOTIFY_NAME_MAX 255 /* bytes of a name for notify_keep */

/* Serving has begun (again): call it at the start and when a reload has been done. */
void notify_ready(void);

/* A reload has begun; notify_ready follows. */
void notify_reloading(void);

/* The end has begun: no new connections, finishing the rest. */
void notify_stopping(void);

/* Leaves sockets with systemd under a name (printable ASCII without a colon), so that the next
 * process of this unit finds them among those handed to it (listen.h): FDSTORE of sd_notify(3).
 * Kept as often as named; what it has already it does not keep twice. */
void notify_keep(const char *name, const int *fds, size_t count);

/* What was left under that name is no longer wanted. */
void notify_discard(const char *name);

/* Still alive; says nothing when nobody waits for it (notify_watchdog_interval). */
void notify_watchdog(void);

/* How often notify_watchdog is due, in milliseconds (half of what WATCHDOG_USEC allows); 0 when
 * nobody waits for it. */
unsigned notify_watchdog_interval(void);

/* Any assignments, "READY=1\nSTATUS=...", to the socket at path; "@name" is in the abstract name
 * space. False when it could not be sent. */
bool notify_send(const char *socket_path, struct str state);

#endif
