#include "config/address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>

static bool to_cstr(struct str s, char *to, size_t size)
{
    if (!s.n || s.n >= size || memchr(s.p, '\0', s.n))
        return false;
    memcpy(to, s.p, s.n);
    to[s.n] = '\0';
    return true;
}

static bool read_port(struct str s, uint16_t *out)
{
    uint64_t port;
    if (s.n > 5 || !str_to_u64(s, &port) || port > UINT16_MAX)
        return false;
    *out = (uint16_t)port;
    return true;
}

static bool read_scope(struct str s, uint32_t *out)
{
    char name[IF_NAMESIZE];
    uint64_t number;
    if (str_to_u64(s, &number) && number > 0 && number <= UINT32_MAX) {
        *out = (uint32_t)number;
        return true;
    }
    if (!to_cstr(s, name, sizeof name))
        return false;
    *out = if_nametoindex(name);
    return *out != 0;
}

static bool read_v4(struct str host, uint16_t port, struct config_address *out)
{
    char text[INET_ADDRSTRLEN];
    struct config_address a = {.v4 = {.sin_family = AF_INET, .sin_port = htons(port)}};
    if (!to_cstr(host, text, sizeof text) || inet_pton(AF_INET, text, &a.v4.sin_addr) != 1)
        return false;
    *out = a;
    return true;
}

static bool read_v6(struct str host, uint16_t port, struct config_address *out)
{
    char text[INET6_ADDRSTRLEN];
    struct config_address a = {.v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)}};
    struct str scope;
    if (str_cut(host, '%', &host, &scope) && !read_scope(scope, &a.v6.sin6_scope_id))
        return false;
    if (!to_cstr(host, text, sizeof text) || inet_pton(AF_INET6, text, &a.v6.sin6_addr) != 1)
        return false;
    *out = a;
    return true;
}

bool config_address_parse(struct str s, uint16_t default_port, struct config_address *out)
{
    struct str host = s, tail;
    uint16_t port = default_port;
    bool v6 = s.n && s.p[0] == '[';
    if (v6) {
        if (!str_cut(str_skip(s, 1), ']', &host, &tail))
            return false;
        if (tail.n && (tail.p[0] != ':' || !read_port(str_skip(tail, 1), &port)))
            return false;
    } else {
        ssize_t colon = str_chr(s, ':');
        tail = colon >= 0 ? str_skip(s, (size_t)colon) : (struct str){NULL, 0};
        v6 = colon >= 0 && str_rchr(s, ':') != colon;
        if (v6) {
            tail.n = 0;
        } else if (tail.n) {
            host = str_head(s, (size_t)colon);
            if (!read_port(str_skip(tail, 1), &port))
                return false;
        }
    }
    if (!tail.n && !default_port)
        return false;
    return v6 ? read_v6(host, port, out) : read_v4(host, port, out);
}

void config_address_print(struct buf *out, const struct config_address *a)
{
    char text[INET6_ADDRSTRLEN] = "";
    if (a->any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &a->v4.sin_addr, text, sizeof text);
        buf_cstr(out, text);
    } else {
        inet_ntop(AF_INET6, &a->v6.sin6_addr, text, sizeof text);
        buf_printf(out, "[%s", text);
        if (a->v6.sin6_scope_id)
            buf_printf(out, "%%%u", a->v6.sin6_scope_id);
        buf_byte(out, ']');
    }
    buf_printf(out, ":%u", config_address_port(a));
}

bool config_address_eq(const struct config_address *a, const struct config_address *b)
{
    if (a->any.sa_family != b->any.sa_family || config_address_port(a) != config_address_port(b))
        return false;
    if (a->any.sa_family == AF_INET)
        return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
    return memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr) == 0 &&
           a->v6.sin6_scope_id == b->v6.sin6_scope_id;
}

socklen_t config_address_length(const struct config_address *a)
{
    return a->any.sa_family == AF_INET ? sizeof a->v4 : sizeof a->v6;
}

uint16_t config_address_port(const struct config_address *a)
{
    return ntohs(a->any.sa_family == AF_INET ? a->v4.sin_port : a->v6.sin6_port);
}
