#include "config/listener.h"

#define HTTPS STR("https://")
#define HTTP  STR("http://")

bool config_listener_parse(struct str s, struct config_listener *out)
{
    bool http = str_starts(s, HTTP), https = str_starts(s, HTTPS);
    struct str at = http ? str_skip(s, HTTP.n) : https ? str_skip(s, HTTPS.n) : s;
    if (!config_address_parse(at, http ? 80 : 443, &out->address))
        return false;
    out->scheme = http ? CONFIG_HTTP : CONFIG_HTTPS;
    return true;
}

void config_listener_print(struct buf *out, const struct config_listener *l)
{
    buf_str(out, l->scheme == CONFIG_HTTP ? HTTP : STR(""));
    config_address_print(out, &l->address);
}
