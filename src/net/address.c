#include "net/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>

#define ADDRESSES_MAX 64

bool address_parse(struct str text, struct address *out)
{
    char copy[INET6_ADDRSTRLEN + 1];
    struct address a = {0};
    if (text.n == 0 || text.n >= sizeof copy || memchr(text.p, 0, text.n))
        return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = 0;
    if (inet_pton(AF_INET, copy, a.bytes) == 1)
        a.family = AF_INET;
    else if (inet_pton(AF_INET6, copy, a.bytes) == 1)
        a.family = AF_INET6;
    else
        return false;
    *out = a;
    return true;
}

void address_print(const struct address *a, struct buf *out)
{
    char text[INET6_ADDRSTRLEN];
    if (inet_ntop(a->family, a->bytes, text, sizeof text))
        buf_cstr(out, text);
}

struct prefix {
    unsigned char bytes[16];
    unsigned bits;
};

/* What the registries of special-purpose addresses (RFC 6890 and its successors) keep from the
 * public Internet. */
static const struct prefix private_ipv4[] = {
    {{0}, 8},
    {{10}, 8},
    {{100, 64}, 10},
    {{127}, 8},
    {{169, 254}, 16},
    {{172, 16}, 12},
    {{192, 0, 0}, 24},
    {{192, 0, 2}, 24},
    {{192, 88, 99}, 24},
    {{192, 168}, 16},
    {{198, 18}, 15},
    {{198, 51, 100}, 24},
    {{203, 0, 113}, 24},
    {{224}, 3},
};

/* The forms that carry an IPv4 address within are refused whole: a name that has such an IPv4
 * address says so by an A record, and where a translator or a relay would lead is not ours to know.
 */
static const struct prefix private_ipv6[] = {
    {{0}, 8},                             /* unspecified, loopback, IPv4-compatible, IPv4-mapped,
                                             NAT64 of both kinds (RFC 6052, RFC 8215) */
    {{0x01, 0x00}, 64},                   /* discard-only, RFC 6666 */
    {{0x01, 0x00, 0, 0, 0, 0, 0, 1}, 64}, /* dummy prefix, RFC 9780 */
    {{0x20, 0x01, 0x00}, 23},             /* IETF protocol assignments, Teredo among them */
    {{0x20, 0x01, 0x0d, 0xb8}, 32},       /* documentation */
    {{0x20, 0x02}, 16},                   /* 6to4, RFC 7526 */
    {{0x3f, 0xff}, 20},                   /* documentation, RFC 9637 */
    {{0x5f, 0x00}, 16},                   /* segment routing, RFC 9602 */
    {{0xfc}, 7},                          /* unique local */
    {{0xfe, 0x80}, 10},                   /* link-local */
    {{0xfe, 0xc0}, 10},                   /* site-local of old */
    {{0xff}, 8},                          /* multicast */
};

static bool in_prefix(const unsigned char *bytes, const struct prefix *p)
{
    size_t whole = p->bits / 8;
    unsigned rest = p->bits % 8;
    if (memcmp(bytes, p->bytes, whole) != 0)
        return false;
    unsigned mask = 0xFF00U >> rest & 0xFFU;
    return rest == 0 || ((bytes[whole] ^ p->bytes[whole]) & mask) == 0;
}

static bool in_any(const unsigned char *bytes, const struct prefix *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (in_prefix(bytes, &list[i]))
            return true;
    }
    return false;
}

bool address_is_public(const struct address *a)
{
    if (a->family == AF_INET)
        return !in_any(a->bytes, private_ipv4, ARRAY_LEN(private_ipv4));
    return a->family == AF_INET6 && !in_any(a->bytes, private_ipv6, ARRAY_LEN(private_ipv6));
}

bool address_print_refused(size_t i, struct buf *out)
{
    bool ipv4 = i < ARRAY_LEN(private_ipv4);
    size_t j = ipv4 ? i : i - ARRAY_LEN(private_ipv4);
    if (!ipv4 && j >= ARRAY_LEN(private_ipv6))
        return false;
    const struct prefix *p = ipv4 ? &private_ipv4[j] : &private_ipv6[j];
    struct address a = {.family = ipv4 ? AF_INET : AF_INET6};
    memcpy(a.bytes, p->bytes, sizeof a.bytes);
    address_print(&a, out);
    buf_printf(out, "/%u", p->bits);
    return true;
}

struct address address_of_socket(const struct sockaddr *socket)
{
    struct address a = {.family = socket->sa_family};
    if (a.family == AF_INET)
        memcpy(a.bytes, &((const struct sockaddr_in *)(const void *)socket)->sin_addr, 4);
    else if (a.family == AF_INET6)
        memcpy(a.bytes, &((const struct sockaddr_in6 *)(const void *)socket)->sin6_addr, 16);
    else
        a.family = 0;
    return a;
}

struct address address_without_mapping(const struct address *a)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct address v4 = {.family = AF_INET};
    if (a->family != AF_INET6 || memcmp(a->bytes, mapped, sizeof mapped) != 0)
        return *a;
    memcpy(v4.bytes, a->bytes + sizeof mapped, 4);
    return v4;
}

static void collect(const struct ifaddrs *interfaces, sa_family_t family, struct address_list *out)
{
    for (const struct ifaddrs *i = interfaces; i; i = i->ifa_next) {
        if (!i->ifa_addr || !(i->ifa_flags & IFF_UP) || i->ifa_addr->sa_family != family)
            continue;
        struct address a = address_of_socket(i->ifa_addr);
        if (address_is_public(&a) && out->count < ADDRESSES_MAX)
            out->at[out->count++] = a;
    }
}

int address_of_this_machine(struct arena *arena, struct address_list *out, struct error *err)
{
    struct ifaddrs *interfaces;
    *out = (struct address_list){.at = arena_array(arena, ADDRESSES_MAX, sizeof *out->at)};
    if (!out->at)
        return error_set_memory(err);
    if (getifaddrs(&interfaces) < 0)
        return error_set_errno(err, errno, STR("network interfaces"));
    collect(interfaces, AF_INET, out);
    collect(interfaces, AF_INET6, out);
    freeifaddrs(interfaces);
    return 0;
}
