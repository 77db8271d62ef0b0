/*
 * challenges.h - what a CA is waiting to see here: answers to tls-alpn-01 and http-01.
 *
 * Few, and short-lived: read as a whole whenever one has changed. Immutable once they are
 * published; shared by threads. An answer is no longer given when its time has passed.
 */
#ifndef SEALPOST_HOST_CHALLENGES_H
#define SEALPOST_HOST_CHALLENGES_H

#include "net/tls_server.h"
#include "store/acme.h"

struct challenges;

/* Empty, with one reference. */
struct challenges *challenges_new(void);
struct challenges *challenges_ref(struct challenges *c);
void challenges_unref(struct challenges *c);

/* While it is being filled. A certificate that cannot be used is an error, and is left out. */
int challenges_add(struct challenges *c, const struct store_challenge *row,
                   struct error *err) NODISCARD;

size_t challenges_count(const struct challenges *c);

/* For a handshake with acme-tls/1 (RFC 8737 3): the certificate for the name, or NULL. */
const struct tls_identity *challenges_identity(const struct challenges *c, struct str host,
                                               int64_t now);

/* For GET /.well-known/acme-challenge/TOKEN (RFC 8555 8.3): the key authorization; empty: none. */
struct str challenges_authorization(const struct challenges *c, struct str host, struct str token,
                                    int64_t now);

#endif
