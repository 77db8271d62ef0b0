/*
 * sockets.h - the listening sockets of all roles, as the supervisor keeps them.
 *
 * At a reload a new set is made from the old one: an address that stays keeps its sockets, and with
 * them the connections that wait in their queues.
 */
#ifndef SEALPOST_SERVE_SOCKETS_H
#define SEALPOST_SERVE_SOCKETS_H

#include "serve/role.h"

struct socket_group {
    const struct role *role;
    struct role_address wanted; /* as configured: the port may be 0 */
    int *fds;
    unsigned count;
    unsigned kept; /* the first of them come from the set before */
    bool taken;    /* a later set has them */
};

struct socket_set {
    struct socket_group *groups;
    size_t count;
};

/* Makes in *next the sockets that config wants for the roles that it switches on; those that `now`
 * has already are carried over. On failure everything is as before. On success `now` is empty, what
 * nobody wants any more is closed, and *next owns the rest. */
int sockets_open(struct socket_set *next, struct socket_set *now, const struct role *roles,
                 size_t role_count, const struct config *config, struct error *err) NODISCARD;

/* The same for one role, whether it is switched on or not. */
int sockets_open_role(struct socket_set *next, struct socket_set *now, const struct role *role,
                      const struct config *config, struct error *err) NODISCARD;

/* How many sockets the role has; with out (room for LISTENERS_MAX) also which. Names are the
 * roles'. */
size_t sockets_of(const struct socket_set *set, const struct role *role, struct listener *out);

/* Closes everything. */
void sockets_close(struct socket_set *set);

/* Forgets the set, but leaves its sockets open to whoever took them. */
void sockets_release(struct socket_set *set);

#endif
