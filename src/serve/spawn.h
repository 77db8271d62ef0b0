/*
 * spawn.h - starts one role as a process of its own.
 *
 * Between fork and the role's first line the child becomes what the role may be, and nothing else:
 * its listening sockets at 3 and on, behind them the counters, the configuration as its standard
 * input, the log as its standard output and error, no other descriptor; its user, its limits, a
 * session of its own, no new privileges, the end when the supervisor ends.
 */
#ifndef SEALPOST_SERVE_SPAWN_H
#define SEALPOST_SERVE_SPAWN_H

#include "serve/role.h"
#include "serve/user.h"

/* What the roles count (base/counters.h): a descriptor each, by its place in their table. */
struct counter_pages {
    const struct role *roles;
    size_t count;
    int fds[ROLES_MAX];
};

struct spawn {
    const struct role *role;
    const struct config *config;
    const struct serve_user *user; /* NULL: stays who we are */
    int program;                   /* this program's file, for execveat(2) */
    const struct listener *sockets;
    size_t socket_count;
    const struct counter_pages *counters; /* NULL: none */
    const char *notify_socket;            /* what the role finds as NOTIFY_SOCKET */
    unsigned watchdog_seconds;            /* what it finds as WATCHDOG_USEC */
};

/* Starts the role and waits until it runs this program anew, or could not. *pid is the child's.
 * Signals are unblocked in it. The error names the step that failed. */
int spawn_role(const struct spawn *s, pid_t *out, struct error *err) NODISCARD;

/* Opens this program's own file for spawn_role, so that a role which starts after an upgrade is
 * still of the supervisor's version. */
int spawn_open_program(int *out, struct error *err) NODISCARD;

/* The limit of open files that the role gets; *wanted is what it should have. */
uint64_t spawn_open_files(const struct role *role, const struct config *config, size_t socket_count,
                          uint64_t *wanted);

#endif
