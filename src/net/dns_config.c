#include "net/dns_config.h"

#include <limits.h>
#include <unistd.h>

#define SYSTEM_ANCHOR "/usr/share/dns/root.key" /* of dns-root-data */

/* dns.h takes ADDRESS@PORT, without brackets, and #NAME. */
static struct str forward_text(struct arena *arena, const struct config_resolver *resolver)
{
    struct buf printed CLEANUP(buf_done), text CLEANUP(buf_done);
    buf_init(&printed, CONFIG_ADDRESS_TEXT_MAX);
    buf_init(&text, CONFIG_RESOLVER_TEXT_MAX);
    config_address_print(&printed, &resolver->address);
    struct str host = buf_view(&printed);
    ssize_t colon = str_rchr(host, ':');
    if (colon >= 0)
        host = str_head(host, (size_t)colon);
    if (str_starts(host, STR("[")))
        host = (struct str){host.p + 1, host.n - 2};
    buf_str(&text, host);
    buf_printf(&text, "@%u", config_address_port(&resolver->address));
    buf_cstr(&text, resolver->name.n ? "#" : "");
    buf_str(&text, resolver->name);
    return arena_str(arena, buf_view(&text));
}

static const char *anchor_state(struct arena *arena, const struct config *config)
{
    struct buf path CLEANUP(buf_done);
    buf_init(&path, PATH_MAX);
    buf_str(&path, config->store.path);
    buf_cstr(&path, "/root.key");
    const char *state = path.failed ? NULL : arena_cstr(arena, buf_view(&path));
    if (!state || !str_eq(config->dns.trust_anchor, STR(SYSTEM_ANCHOR)) ||
        access(config->store.path.p, W_OK | X_OK) != 0)
        return NULL;
    return access(state, F_OK) == 0 && access(state, R_OK) != 0 ? NULL : state;
}

int dns_settings_from(const struct config *config, struct arena *arena, struct dns_settings *out,
                      struct error *err)
{
    const struct config_resolvers *forward = &config->dns.forward;
    struct str *texts = arena_array(arena, forward->count + 1, sizeof *texts);
    for (size_t i = 0; texts && i < forward->count; i++)
        texts[i] = forward_text(arena, &forward->items[i]);
    const char *anchor = config->dns.trust_anchor.p;
    *out = (struct dns_settings){
        .forward = texts,
        .forward_count = forward->count,
        .trust_anchor = access(anchor, R_OK) == 0 ? anchor : NULL,
        .trust_anchor_state = anchor_state(arena, config),
    };
    return arena->failed ? error_set_memory(err) : 0;
}
