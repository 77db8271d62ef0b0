/*
 * tls_known.h - tls_verify for many peers: a chain that was looked at a short time ago is not read
 * and verified again.
 *
 * The hosts of one company show the same chain, and a host shows it at each of its addresses. The
 * last TLS_KNOWN_MAX chains are kept, by a digest of their bytes, each as long as no date in it
 * passes. One thread.
 */
#ifndef SEALPOST_NET_TLS_KNOWN_H
#define SEALPOST_NET_TLS_KNOWN_H

#include "net/tls_verify.h"

#define TLS_KNOWN_MAX 128 /* chains; of about 20 KB each */

struct tls_known;

/* trust must outlive it. NULL: no memory. */
struct tls_known *tls_known_new(const struct tls_trust *trust);
void tls_known_free(struct tls_known *known);

/* As tls_verify. */
int tls_known_verify(struct tls_known *known, const struct tls_peer *peer, struct str host,
                     int64_t now, struct arena *arena, struct tls_verified *out,
                     struct error *err) NODISCARD;

#endif
