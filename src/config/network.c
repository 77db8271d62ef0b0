#include "config/network.h"

#include <arpa/inet.h>
#include <string.h>

/* Whether the first `bits` bits of a and b are equal. */
static bool begin_alike(const unsigned char *a, const unsigned char *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp(a, b, whole) != 0)
        return false;
    return !rest || (unsigned char)((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

static bool has_only_fixed_bits(const struct config_network *n, unsigned all)
{
    for (unsigned bit = n->bits; bit < all; bit++) {
        if (n->bytes[bit / 8] & (0x80 >> (bit % 8)))
            return false;
    }
    return true;
}

bool config_network_parse(struct str s, struct config_network *out)
{
    char text[INET6_ADDRSTRLEN];
    struct config_network n = {.family = str_chr(s, ':') >= 0 ? AF_INET6 : AF_INET};
    struct str host, length;
    unsigned all = n.family == AF_INET ? 32 : 128;
    uint64_t bits = all;
    if (str_cut(s, '/', &host, &length) && !(str_to_u64(length, &bits) && bits <= all))
        return false;
    if (!host.n || host.n >= sizeof text || memchr(host.p, '\0', host.n))
        return false;
    memcpy(text, host.p, host.n);
    text[host.n] = '\0';
    n.bits = (unsigned char)bits;
    if (inet_pton(n.family, text, n.bytes) != 1 || !has_only_fixed_bits(&n, all))
        return false;
    *out = n;
    return true;
}

void config_network_print(struct buf *out, const struct config_network *n)
{
    char text[INET6_ADDRSTRLEN] = "";
    inet_ntop(n->family, n->bytes, text, sizeof text);
    buf_cstr(out, text);
    if (n->bits != (n->family == AF_INET ? 32 : 128))
        buf_printf(out, "/%u", n->bits);
}

bool config_network_has(const struct config_network *n, sa_family_t family,
                        const unsigned char *address)
{
    return n->family == family && begin_alike(n->bytes, address, n->bits);
}
