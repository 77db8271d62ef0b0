/*
 * proxy_header.h - what a TCP balancer says before a connection's first byte: who the client is.
 *
 * The PROXY protocol of HAProxy, both of its forms: version 1, a line of text, and version 2,
 * binary. Whether a peer may speak it at all is the caller's to know: anybody can write anything
 * there. Of version 2's extensions (TLVs) nothing is read; they are passed over.
 */
#ifndef SEALPOST_NET_PROXY_HEADER_H
#define SEALPOST_NET_PROXY_HEADER_H

#include "net/address.h"

#define PROXY_LINE_MAX   107  /* of version 1, with its CRLF; the specification's */
#define PROXY_HEADER_MAX 4096 /* of version 2, with its TLVs; ours: the form allows 65,551 */

enum proxy_progress {
    PROXY_MORE, /* so far it is right, and not complete */
    PROXY_DONE, /* *out is set */
    PROXY_BAD,  /* this is no such header, or one that is too long */
};

struct proxy_header {
    bool has_client; /* false: the balancer speaks for itself (LOCAL), or does not say (UNKNOWN, a
                        Unix socket, a datagram) */
    struct address client;
    size_t size; /* bytes of the header; the connection's own follow */
};

/* Reads a header from the first bytes of a connection, all that have come. The result does not
 * depend on how they were cut into calls, and no header is waited for that would pass its limit. */
enum proxy_progress proxy_header_read(struct str bytes, struct proxy_header *out);

#endif
