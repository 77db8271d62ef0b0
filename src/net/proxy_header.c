#include "net/proxy_header.h"

#include <string.h>

#define V1_BEGIN STR("PROXY ")
#define V2_BEGIN STR("\r\n\r\n\0\r\nQUIT\n")
#define V2_FIXED 16 /* signature, version and command, family and protocol, length */

static const struct proxy_header nobody = {.has_client = false};

/* Whether bytes begin with all of prefix, or may yet do so. */
static bool may_begin(struct str bytes, struct str prefix)
{
    size_t n = bytes.n < prefix.n ? bytes.n : prefix.n;
    return n == 0 || memcmp(bytes.p, prefix.p, n) == 0;
}

/* ---- version 1: PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 CRLF ---- */

static bool is_port(struct str s)
{
    uint64_t port;
    bool leading_zero = s.n > 1 && s.p[0] == '0';
    return s.n && s.n <= 5 && !leading_zero && str_to_u64(s, &port) && port <= UINT16_MAX;
}

static bool read_address(struct str s, sa_family_t family, struct address *out)
{
    return address_parse(s, out) && out->family == family;
}

/* What follows "PROXY ", without the end of the line. */
static bool read_line(struct str line, struct proxy_header *out)
{
    struct str word[5], rest = line;
    struct address server;
    size_t n = 0;
    if (str_eq(line, STR("UNKNOWN")) || str_starts(line, STR("UNKNOWN ")))
        return true; /* what follows is to be ignored */
    while (n < ARRAY_LEN(word) && str_cut(rest, ' ', &word[n], &rest))
        n++;
    if (n != ARRAY_LEN(word) - 1)
        return false;
    bool v4 = str_eq(word[0], STR("TCP4"));
    sa_family_t family = v4 ? AF_INET : AF_INET6;
    if (!v4 && !str_eq(word[0], STR("TCP6")))
        return false;
    out->has_client = true;
    return read_address(word[1], family, &out->client) && read_address(word[2], family, &server) &&
           is_port(word[3]) && is_port(word[4]);
}

static enum proxy_progress read_v1(struct str bytes, struct proxy_header *out)
{
    struct str line = str_head(bytes, bytes.n < PROXY_LINE_MAX ? bytes.n : PROXY_LINE_MAX);
    ssize_t end = str_chr(line, '\n'), cr = str_chr(line, '\r');
    if (cr >= 0 && (size_t)cr + 1 < line.n && end != cr + 1)
        return PROXY_BAD;
    if (end < 0)
        return bytes.n < PROXY_LINE_MAX ? PROXY_MORE : PROXY_BAD;
    if (cr < 0 || cr + 1 != end)
        return PROXY_BAD;
    out->size = (size_t)end + 1;
    line = str_skip(str_head(line, (size_t)cr), V1_BEGIN.n);
    return read_line(line, out) ? PROXY_DONE : PROXY_BAD;
}

/* ---- version 2 ---- */

static bool read_v2_address(struct str block, unsigned char family, struct proxy_header *out)
{
    switch (family) {
    case 0x11: /* TCP over IPv4: source, destination, ports */
    case 0x21: /* TCP over IPv6 */
        out->has_client = true;
        out->client.family = family == 0x11 ? AF_INET : AF_INET6;
        size_t each = family == 0x11 ? 4 : 16;
        if (block.n < 2 * each + 4)
            return false;
        memcpy(out->client.bytes, block.p, each);
        return true;
    case 0x12: /* UDP over IPv4 */
        return block.n >= 12;
    case 0x22: /* UDP over IPv6 */
        return block.n >= 36;
    case 0x31: /* Unix sockets */
    case 0x32:
        return block.n >= 216;
    case 0x00: /* unspecified */
        return true;
    default:
        return false;
    }
}

static enum proxy_progress read_v2(struct str bytes, struct proxy_header *out)
{
    const unsigned char *p = (const unsigned char *)bytes.p;
    if (bytes.n > 12 && (p[12] & 0xfe) != 0x20) /* version 2, LOCAL or PROXY */
        return PROXY_BAD;
    if (bytes.n < V2_FIXED)
        return PROXY_MORE;
    size_t length = (size_t)p[14] << 8 | p[15];
    if (V2_FIXED + length > PROXY_HEADER_MAX)
        return PROXY_BAD;
    if (bytes.n < V2_FIXED + length)
        return PROXY_MORE;
    out->size = V2_FIXED + length;
    if (p[12] == 0x20) /* LOCAL: the family means nothing */
        return PROXY_DONE;
    struct str block = str_head(str_skip(bytes, V2_FIXED), length);
    return read_v2_address(block, p[13], out) ? PROXY_DONE : PROXY_BAD;
}

enum proxy_progress proxy_header_read(struct str bytes, struct proxy_header *out)
{
    *out = nobody;
    if (may_begin(bytes, V1_BEGIN))
        return bytes.n < V1_BEGIN.n ? PROXY_MORE : read_v1(bytes, out);
    if (may_begin(bytes, V2_BEGIN))
        return bytes.n < V2_BEGIN.n ? PROXY_MORE : read_v2(bytes, out);
    return PROXY_BAD;
}
