/*
 * snapshot.h - what the host serves at one moment: policies by domain, certificates by name.
 *
 * A snapshot never changes once it is published, so any number of threads read it without a lock.
 * It is made of two halves that are counted separately: a new policy does not make the certificates
 * be parsed again. Who holds a snapshot or a half holds a reference; the last one to drop it frees
 * it. How a worker comes to its reference: worker.h.
 *
 * A certificate is kept as DER and parsed when its name is first asked for, so that a start with
 * very many certificates takes no time; the parsed form stays, up to SNAPSHOT_PARSED_MAX of them,
 * beyond which it is made for the one handshake.
 */
#ifndef SEALPOST_HOST_SNAPSHOT_H
#define SEALPOST_HOST_SNAPSHOT_H

#include "base/error.h"
#include "base/str.h"
#include "net/tls_server.h"

/* Parsed certificates that one snapshot keeps; about 7 KB each. */
#define SNAPSHOT_PARSED_MAX 8192

/* The label before the policy domain, RFC 8461 3.3. */
#define POLICY_HOST_LABEL STR("mta-sts.")

struct site {
    struct str domain; /* the policy domain */
    struct str policy; /* the body as served */
};

struct policies;
struct certificates;
struct snapshot;

/* The halves, while they are being filled. Adding copies; of two rows for one name the later one
 * counts. `false`: no memory. */
struct policies *policies_new(const uint64_t seed[2]);
bool policies_add(struct policies *p, struct str domain, struct str text) NODISCARD;
size_t policies_count(const struct policies *p);
struct policies *policies_ref(struct policies *p);
void policies_unref(struct policies *p);

struct certificates *certificates_new(const uint64_t seed[2]);
bool certificates_add(struct certificates *c, const struct str *names, size_t count,
                      struct str chain, struct str key) NODISCARD;
size_t certificates_count(const struct certificates *c);
struct certificates *certificates_ref(struct certificates *c);
void certificates_unref(struct certificates *c);

/* A snapshot of both halves, with one reference for the caller; takes references of its own to
 * them. NULL: no memory. */
struct snapshot *snapshot_new(struct policies *p, struct certificates *c);
struct snapshot *snapshot_ref(struct snapshot *s);
void snapshot_unref(struct snapshot *s);

/* The site that a host name stands for: "mta-sts." and a domain with a policy. The name is in
 * lower case without a trailing dot (snapshot_fold_name). NULL: none. */
const struct site *snapshot_find_site(const struct snapshot *s, struct str host);

/* Gives the connection the certificate for the host: one that names it, else one whose wildcard
 * covers it (RFC 6125 6.4.3: one label). 1: given; 0: there is none; negative: it cannot be
 * used, *err says why. */
int snapshot_use_certificate(const struct snapshot *s, struct str host, SSL *ssl,
                             struct error *err) NODISCARD;

/* Writes a host name in lower case and without a trailing dot into to[max]; the result points
 * there, and is empty when the name is too long. */
struct str snapshot_fold_name(struct str name, char *to, size_t max);

#endif
