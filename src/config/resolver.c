#include "config/resolver.h"

#define CLEAR_PORT 53
#define TLS_PORT   853

static bool is_name(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!ascii_is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '.' && s.p[i] != '_')
            return false;
    }
    return s.n && s.n <= CONFIG_RESOLVER_NAME_MAX;
}

bool config_resolver_parse(struct str s, struct config_resolver *out)
{
    struct config_resolver resolver = {.name = STR("")};
    struct str address;
    bool named = str_cut(s, '#', &address, &resolver.name);
    if ((named && !is_name(resolver.name)) ||
        !config_address_parse(address, named ? TLS_PORT : CLEAR_PORT, &resolver.address) ||
        config_address_port(&resolver.address) == 0)
        return false;
    *out = resolver;
    return true;
}

void config_resolver_print(struct buf *out, const struct config_resolver *r)
{
    config_address_print(out, &r->address);
    if (!r->name.n)
        return;
    buf_byte(out, '#');
    buf_str(out, r->name);
}

bool config_resolver_eq(const struct config_resolver *a, const struct config_resolver *b)
{
    return config_address_eq(&a->address, &b->address);
}
