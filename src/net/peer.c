#include "net/peer.h"

#include <errno.h>

const char *net_failure_name(enum net_failure failure)
{
    static const char *const names[] = {
        [NET_OK] = "ok",
        [NET_FORBIDDEN] = "forbidden",
        [NET_REFUSED] = "refused",
        [NET_UNREACHABLE] = "unreachable",
        [NET_TIMEOUT] = "timeout",
        [NET_CLOSED] = "closed",
        [NET_TLS] = "tls",
        [NET_PROTOCOL] = "protocol",
        [NET_TOO_LARGE] = "too-large",
        [NET_REPLY] = "reply",
        [NET_LOCAL] = "local",
    };
    return (size_t)failure < ARRAY_LEN(names) ? names[failure] : "unknown";
}

enum net_failure net_failure_from_errno(int errnum)
{
    switch (errnum) {
    case ECONNREFUSED:
        return NET_REFUSED;
    case ETIMEDOUT:
        return NET_TIMEOUT;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
    case ENOPROTOOPT: /* ICMP: no TCP there */
    case ENONET:      /* ICMP: the host is cut off */
    case EINVAL:      /* a link-local address without its interface */
    case EACCES:      /* a packet filter of this machine */
    case EPERM:
        return NET_UNREACHABLE;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
        return NET_LOCAL;
    default:
        return NET_CLOSED;
    }
}

void tls_peer_copy(struct tls_peer *to, const struct tls_peer *from, struct arena *arena)
{
    struct tls_peer copy = *from;
    copy.cipher = arena_str(arena, from->cipher);
    copy.protocol = arena_str(arena, from->protocol);
    copy.chain = arena_array(arena, from->chain_count, sizeof *copy.chain);
    for (size_t i = 0; copy.chain && i < from->chain_count; i++)
        copy.chain[i] = arena_str(arena, from->chain[i]);
    copy.chain_count = copy.chain ? from->chain_count : 0;
    copy.read = NULL;
    *to = copy;
}

const char *tls_version_name(unsigned version)
{
    switch (version) {
    case 0:
        return "";
    case 0x0300:
        return "SSL 3.0";
    case 0x0301:
        return "TLS 1.0";
    case 0x0302:
        return "TLS 1.1";
    case 0x0303:
        return "TLS 1.2";
    case 0x0304:
        return "TLS 1.3";
    default:
        return "unknown";
    }
}
