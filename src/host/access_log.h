/*
 * access_log.h - a line in the log for each request, for those who want it: host.access_log.
 *
 * A worker never waits for whoever reads the log: it puts its line into memory, and a thread of its
 * own writes. When ACCESS_LOG_BYTES of lines wait, further ones are dropped and counted, and a line
 * says how many. Lines have no address unless the configuration asks for it.
 */
#ifndef SEALPOST_HOST_ACCESS_LOG_H
#define SEALPOST_HOST_ACCESS_LOG_H

#include "base/counters.h"
#include "net/address.h"
#include "net/http_request.h"

#define ACCESS_LOG_BYTES ((size_t)256 * 1024)
#define ACCESS_PATH_MAX  256 /* bytes of a path that are logged */

/* In the order of the configuration's choices. */
enum access_detail {
    ACCESS_OFF,
    ACCESS_ANONYMOUS, /* networks: 24 bits of IPv4, 48 of IPv6 */
    ACCESS_FULL,      /* addresses */
};

struct access_log;

struct access {
    const struct address *client; /* who asks; family 0: unknown */
    struct str host;              /* of the handshake */
    const struct http_request *request;
    unsigned status;
    const char *tls; /* the version's name */
};

/* Starts the thread, which inherits the signal mask, and writes to fd. ACCESS_OFF is none of its
 * business: then there is no struct access_log. */
int access_log_new(struct access_log **out, enum access_detail detail, int fd,
                   struct counters_block *counts, struct error *err) NODISCARD;

/* Adds a line; from any thread. */
void access_log_add(struct access_log *log, const struct access *a);

/* Writes what waits, but gives up after `patience_ms`, since whoever should read it may be stuck;
 * then the thread and its memory are left to the end of the process. NULL is allowed. */
void access_log_end(struct access_log *log, unsigned patience_ms);

/* Appends the address, or with ACCESS_ANONYMOUS its network: 192.0.2.0/24, 2001:db8:1::/48. */
void access_address(struct buf *out, const struct address *client, enum access_detail detail);

#endif
