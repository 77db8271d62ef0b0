/*
 * sockets.h - the listening sockets of all roles, as the supervisor keeps them.
 *
 * At a reload a new set is made from the old one, and at the start one from the sockets that
 * systemd hands over: an address that stays keeps its sockets, and with them the connections that
 * wait in their queues. What is opened here is left with systemd for the supervisor that comes
 * after this one.
 */
#ifndef SEALPOST_SERVE_SOCKETS_H
#define SEALPOST_SERVE_SOCKETS_H

#include "serve/role.h"

struct socket_group {
    const struct role *role;    /* NULL: handed over, and nobody's yet */
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

/* Takes over what the environment hands over (net/listen.h), by address: which role's an address is
 * the configuration says, not the name of a socket. */
int sockets_adopt(struct socket_set *out, struct error *err) NODISCARD;

/* Makes in *next the sockets that config wants for the roles that it switches on; those that `now`
 * has already are carried over. On failure everything is as before. On success `now` is empty, what
 * nobody wants any more is closed and logged, and *next owns the rest. */
int sockets_open(struct socket_set *next, struct socket_set *now, const struct role *roles,
                 size_t role_count, const struct config *config, struct error *err) NODISCARD;

/* The same for one role, whether it is switched on or not. */
int sockets_open_role(struct socket_set *next, struct socket_set *now, const struct role *role,
                      const struct config *config, struct error *err) NODISCARD;

/* Appends the address where a group listens, with its real port. */
void sockets_address(const struct socket_group *g, struct buf *out);

/* How many sockets the role has; with out (room for LISTENERS_MAX) also which. Names are the
 * roles'. */
size_t sockets_of(const struct socket_set *set, const struct role *role, struct listener *out);

/* Closes everything. */
void sockets_close(struct socket_set *set);

/* Forgets the set, but leaves its sockets open to whoever took them. */
void sockets_release(struct socket_set *set);

#endif
