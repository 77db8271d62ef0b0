/*
 * response.h - what the host answers: requests in, bytes out. Pure; RFC 9110 and RFC 8461 3.3.
 *
 * In this order:
 *   the reader refused it          its status
 *   the host is not the one of the handshake, or has no policy (any more)   421
 *   not GET or HEAD                405 with Allow
 *   a body is announced            413: nothing here takes one
 *   the target is exactly /.well-known/mta-sts.txt    200 and the policy
 *   a CA's challenge for the host is live there (RFC 8555 8.3)   200 and the answer
 *   anything else                  403 and a page that says what this host is for
 * A query makes another target (RFC 8461 3.3 has none), so it gets the page; so does a path in
 * another spelling ("%2e"): senders write it in one way only. 421 for a host that is served here
 * but was not named in the handshake, too: its certificate was not shown. A request of HTTP/1.0
 * without Host means the host of the handshake. Behind a reverse proxy, where there was no
 * handshake, the Host alone decides.
 *
 * The policy is sent with Cache-Control: no-cache. Senders must not cache by HTTP (RFC 8461 3.3),
 * and whatever stands between should not show an old one.
 */
#ifndef SEALPOST_HOST_RESPONSE_H
#define SEALPOST_HOST_RESPONSE_H

#include "base/buf.h"
#include "host/snapshot.h"
#include "net/http_request.h"

#define POLICY_PATH STR("/.well-known/mta-sts.txt")

/* What stands before the token of http-01, RFC 8555 8.3. */
#define CHALLENGE_PATH STR("/.well-known/acme-challenge/")

/* A response with a policy of the largest kind fits. Bytes. */
#define RESPONSE_MAX ((size_t)72 * 1024)

struct response_context {
    const struct snapshot *snapshot;
    bool plain;             /* there was no handshake: Host alone says which site it is */
    bool no_policy;         /* the listener is for CAs: the policy's path is as any other */
    int64_t now;            /* seconds since 1970 */
    struct str server_name; /* of the handshake, folded; when not plain */
    struct str date;        /* IMF-fixdate of now, RFC 9110 6.6.1 */
    bool close;             /* the connection ends after this one, whatever the client wants */
};

/* Appends the response to a request that was read (HTTP_DONE) or refused (HTTP_REFUSED), and gives
 * its status. *keep_alive says whether the connection may go on after it. */
unsigned response_write(const struct response_context *context, const struct http_request *request,
                        struct buf *out, bool *keep_alive);

/* Appends the response for a status that no request led to: 408, 503. The connection ends. */
void response_write_status(unsigned status, struct str date, struct buf *out);

#endif
