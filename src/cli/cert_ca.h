/*
 * cert_ca.h - what the commands that talk to a certificate authority share.
 */
#ifndef SEALPOST_CLI_CERT_CA_H
#define SEALPOST_CLI_CERT_CA_H

#include "acme/world.h"
#include "cli/node.h"
#include "store/acme.h"

/* The store with its secrets, and the way to CAs. SIGINT and SIGTERM end what waits, so that a job
 * in hand is let go of. */
struct cert_ca {
    struct node node;
    struct acme_real_world real;
    struct acme_world world;
};

/* Opens control for reading (making it where there is none) and secrets for writing. An exit
 * status; what is wrong is told to the user. *ca is safe to close in any case. */
int cert_ca_open(struct cli *c, struct cert_ca *ca);
void cert_ca_close(struct cert_ca *ca);

/* Reads a CA of the store that the user named; its texts are in c->arena. */
int cert_ca_named(struct cli *c, struct store *store, struct str name, struct store_ca *out);

#endif
