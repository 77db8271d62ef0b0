/*
 * listen.h - listening TCP sockets: opened once, handed to the process that serves them.
 *
 * Whoever opens the sockets (our supervisor, or systemd by socket activation) keeps them, so that a
 * role may fall and come back without a connection being refused. They are handed over by the
 * protocol of sd_listen_fds(3): LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES, descriptors from 3 on. A
 * role does not see who started it. Reading and writing of connections is not done here.
 *
 * Workers: with SO_REUSEPORT each address has several sockets, each with an accept queue of its
 * own; the kernel spreads connections over them. Under systemd an address has one socket, which all
 * workers share. listeners_for_worker hides the difference.
 */
#ifndef SEALPOST_NET_LISTEN_H
#define SEALPOST_NET_LISTEN_H

#include "base/error.h"
#include "config/address.h"

#define LISTENERS_MAX     1024 /* sockets handed to one process */
#define LISTENER_NAME_MAX 64   /* bytes of a name */
#define LISTEN_FD_FIRST   3    /* where handed descriptors begin */

struct listener {
    int fd;           /* non-blocking, close-on-exec */
    const char *name; /* what it is for ("host"); from systemd its FileDescriptorName= */
};

/* Opens one TCP socket bound to address and listening. IPv6 sockets take IPv6 only. With shared,
 * several sockets may be opened on one address (SO_REUSEPORT; all must say so, and belong to one
 * user). Port 0 takes a free port; listener_address tells which. The descriptor is *out, the
 * caller's. Errors name the address and what to do about it. */
int listen_open(const struct config_address *address, bool shared, int *out,
                struct error *err) NODISCARD;

/* Whether an address is free for us: binds a socket that shares nothing, and closes it. To be asked
 * before the first shared socket is opened, since the kernel would let two programs of one user
 * share an address without a word. Errors as listen_open. */
int listen_probe(const struct config_address *address, struct error *err) NODISCARD;

/* The address that a socket is bound to; false when fd is no TCP socket. */
bool listener_address(int fd, struct config_address *out);

/* Whether more sockets may be opened on its address: it was itself opened to be shared. */
bool listener_is_shared(int fd);

/* Takes over the sockets that the environment announces for this process, and removes the
 * announcement from it. *out is an array of *count, from malloc, names included; release it
 * with listeners_free, which closes the sockets too. None announced gives 0 with *count 0 and *out
 * NULL. Fails when the announcement is garbled or a descriptor is no listening TCP socket. */
int listeners_from_environment(struct listener **out, size_t *count, struct error *err) NODISCARD;

/* Those whose fd is negative have found another owner. */
void listeners_free(struct listener *listeners, size_t count);

/* Which sockets worker number `worker` of `workers` accepts from: writes those of all[count] into
 * out (room for count) and gives their number. Every socket has a worker, every worker has a socket
 * of every address: each its own where there are enough, else they share, and must then be ready to
 * find nothing to accept. */
size_t listeners_for_worker(const struct listener *all, size_t count, unsigned worker,
                            unsigned workers, struct listener *out);

#endif
