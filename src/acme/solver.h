/*
 * solver.h - the solvers of this program: through the store, by a folder, by DNS.
 */
#ifndef SEALPOST_ACME_SOLVER_H
#define SEALPOST_ACME_SOLVER_H

#include "acme/challenge.h"
#include "acme/session.h"
#include "store/store.h"

/* A node that reported within this time lives, and must have the challenge. Seconds. */
#define ACME_NODE_LIVES_S 30
/* How long nodes are waited for. Seconds. */
#define ACME_NODES_WAIT_S 20

/* tls-alpn-01 and http-01 by the host role: the answer goes into the store, and is in place when
 * every node that lives has applied it. Without any node: acme-no-host (temporary). */
struct acme_store_solver {
    struct store *store; /* control for reading, secrets for writing; of the calling thread */
    const struct acme_world *world;
    uint64_t seq; /* of the change that brought the challenge */
};
struct acme_solver acme_solver_store(struct acme_store_solver *context,
                                     enum acme_challenge_type type);

/* http-01 by somebody else's web server: FOLDER/.well-known/acme-challenge/TOKEN. */
struct acme_webroot_solver {
    const char *folder;
};
struct acme_solver acme_solver_webroot(struct acme_webroot_solver *context);

/* What dns-01 needs of a publisher of DNS records (src/publish): one TXT record more or less at a
 * name; other values there stay. wait returns when all the zone's name servers show it. */
struct acme_dns {
    int (*add)(void *context, struct str name, struct str text, struct error *err);
    int (*wait)(void *context, struct str name, struct str text, struct error *err);
    int (*remove)(void *context, struct str name, struct str text, struct error *err);
    void *context;
};
struct acme_solver acme_solver_dns(const struct acme_dns *context);

#endif
