/*
 * role.h - what the supervisor knows of a role.
 *
 * A role is one process with one duty, its own user and its own limits. The table in roles.c is the
 * only place where roles are named to the supervisor; a new role is a row there, a name in the
 * choices of serve.roles, and its section in the configuration.
 *
 * The entry function runs in the role's own process and returns its exit status. It installs its
 * own signal handling: SIGTERM finishes what is being served and returns 0, SIGHUP reads anew what
 * it holds from the store. It calls notify_ready() when it serves. Configuration and listeners stay
 * the caller's; worker threads choose their sockets by listeners_for_worker.
 */
#ifndef SEALPOST_SERVE_ROLE_H
#define SEALPOST_SERVE_ROLE_H

#include "base/counters.h"
#include "config/config.h"
#include "net/listen.h"
#include "store/store.h"

#define ROLES_MAX 16 /* rows of a table */

/* An address where a role listens. The name is given to its sockets and tells the role what they
 * are for; a unit of systemd gives it as FileDescriptorName=. */
struct role_address {
    struct config_address address;
    const char *name;
};

struct role {
    const char *name;
    int (*run)(const struct config *config, const struct listener *listeners, size_t count,
               struct counters *counters);
    /* Number i of its addresses; false past the last one. NULL when it listens nowhere. */
    bool (*listen)(const struct config *config, size_t i, struct role_address *out);
    /* The user that it wants when started as root. */
    struct str (*user)(const struct config *config);
    /* Sockets that it wants on each address; NULL: one. */
    unsigned (*workers)(const struct config *config);
    /* Descriptors that it may have open, beside its listeners. */
    uint64_t (*open_files)(const struct config *config);
    /* Reads what the other roles count (base/counters.h). */
    bool reads_counters;
    /* The databases that it opens; the supervisor makes them before the first role starts. */
    struct store_options store;
};

/* The roles of this program, in the order in which they start. */
extern const struct role serve_roles[];
extern const size_t serve_role_count;

/* The role of that name in a table, or NULL. */
const struct role *role_find(const struct role *roles, size_t count, struct str name);

/* Whether the configuration switches the role on. */
bool role_is_wanted(const struct role *role, const struct config *config);

#endif
