#include "net/peer.h"

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
