/*
 * port_probe.h - the inside of preflight.h: asks ports for a challenge of ours, as a CA would.
 *
 * Where the addresses lead was checked by the caller. Nothing is verified but that the answer is
 * the one that only we know.
 */
#ifndef SEALPOST_ACME_PORT_PROBE_H
#define SEALPOST_ACME_PORT_PROBE_H

#include "acme/preflight_judge.h"

#define ACME_PROBE_MS      10000
#define ACME_ANSWER_MAX    ((size_t)16 * 1024) /* bytes read of an answer over HTTP */
#define ACME_ADDRESSES_MAX 8                   /* addresses tried; more are not */

/* Asks all addresses at once, those with ACME_PORT_UNTRIED and `wanted`, and fills in what they
 * answered; `what` is in arena. challenge: tls-alpn-01 or http-01. When *stop (may be NULL) becomes
 * true, those that have not answered stay ACME_PORT_UNTRIED. */
int acme_probe_ports(const struct acme_challenge *challenge, uint16_t port, struct acme_seen *seen,
                     const bool *wanted, size_t count, const atomic_bool *stop, struct arena *arena,
                     struct error *err) NODISCARD;

/* What an answer over HTTP is (RFC 8555 8.3): ours, another, or, when it leads elsewhere, nothing
 * that tells. *what is in arena. */
enum acme_port acme_probe_read_answer(struct str answer, struct str authorization,
                                      struct arena *arena, struct str *what);

#endif
