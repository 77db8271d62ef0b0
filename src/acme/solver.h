/*
 * solver.h - the solvers of this program: through the store, by a folder, by DNS.
 */
#ifndef SEALPOST_ACME_SOLVER_H
#define SEALPOST_ACME_SOLVER_H

#include "acme/challenge.h"
#include "acme/session.h"
#include "base/domain.h"
#include "net/dns.h"
#include "publish/publish.h"
#include "store/store.h"

/* A node that reported within this time lives, and must have the challenge. Seconds. */
#define ACME_NODE_LIVES_S 30
/* How long nodes are waited for: until one that has died is seen to be dead. Seconds. */
#define ACME_NODES_WAIT_S 40

/* tls-alpn-01 and http-01 by the host role: the answer goes into the store, and is in place when
 * every node that lives has applied it. Without any node: acme-no-host, with one that takes longer
 * than ACME_NODES_WAIT_S: acme-host-waits; both temporary. One challenge at a time. */
struct acme_store_solver {
    struct store *store; /* control for reading, secrets for writing; of the calling thread */
    const struct acme_world *world;
    uint64_t seq; /* of the change that brought the challenge; for this solver alone */
};
struct acme_solver acme_solver_store(struct acme_store_solver *context,
                                     enum acme_challenge_type type);

/* http-01 by somebody else's web server: FOLDER/.well-known/acme-challenge/TOKEN. */
struct acme_webroot_solver {
    const char *folder;
};
struct acme_solver acme_solver_webroot(struct acme_webroot_solver *context);

/* What dns-01 needs of somebody who can write DNS records: one TXT record more or less at a name;
 * other values there stay. wait returns when all the zone's name servers show it. */
struct acme_dns {
    int (*add)(void *context, struct str name, struct str text, struct error *err);
    int (*wait)(void *context, struct str name, struct str text, struct error *err);
    int (*remove)(void *context, struct str name, struct str text, struct error *err);
    void *context;
};
/* By the publishers of the configuration, borrowed. What they say when they are told to end is
 * acme-stopped here. */
struct acme_dns acme_dns_by(struct publish *publish);

/* dns-01. Where _acme-challenge.NAME is an alias (CNAME), which is how people give challenges to a
 * zone that a program may write, the record goes to where it leads. One challenge at a time. */
struct acme_dns_solver {
    const struct acme_dns *publish;
    const struct dns_settings *dns;   /* to find aliases; NULL: they are not looked for */
    char target[DOMAIN_NAME_MAX + 1]; /* of the record that was added; for this solver alone */
};
struct acme_solver acme_solver_dns(struct acme_dns_solver *context);

/* Where the record goes, by what DNS says of the TXT records at `name`; the text is that of name or
 * of answer. Errors: acme-dns-failed, acme-dns-bogus, acme-dns-target. */
int acme_dns_target(struct str name, const struct dns_answer *answer, struct str *out,
                    struct error *err) NODISCARD;

/* Seconds that DNS has for one answer. */
#define ACME_DNS_WAIT_S 10

#endif
