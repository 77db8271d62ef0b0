#include "cli/node.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#define SYSTEM_ANCHOR "/usr/share/dns/root.key" /* of dns-root-data */

static int load_config(struct cli *c, struct node *node)
{
    struct findings findings;
    struct error err;
    findings_init(&findings, &c->arena);
    if (config_load(&node->config, cli_value(c, "config"), &findings, &err) == 0)
        return CLI_FINE;
    for (const struct finding *f = findings.first; f; f = f->next)
        cli_say(c, f->msg);
    return cli_fail(c, &err);
}

/* dns.h takes ADDRESS@PORT, without brackets, and #NAME. */
static struct str forward_text(struct cli *c, const struct config_resolver *resolver)
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
    return arena_str(&c->arena, buf_view(&text));
}

/* The keys of the root that came with the system are kept up in the store's folder (RFC 5011),
 * where this user may write there; another anchor stays as it is. */
static const char *anchor_state(struct cli *c, const struct config *config)
{
    struct buf path CLEANUP(buf_done);
    buf_init(&path, PATH_MAX);
    buf_str(&path, config->store.path);
    buf_cstr(&path, "/root.key");
    const char *state = path.failed ? NULL : arena_cstr(&c->arena, buf_view(&path));
    if (!state || !str_eq(config->dns.trust_anchor, STR(SYSTEM_ANCHOR)) ||
        access(config->store.path.p, W_OK | X_OK) != 0)
        return NULL;
    return access(state, F_OK) == 0 && access(state, R_OK) != 0 ? NULL : state;
}

static void set_dns(struct cli *c, struct node *node)
{
    const struct config_resolvers *forward = &node->config->dns.forward;
    size_t n = forward->count < CONFIG_LIST_MAX ? forward->count : CONFIG_LIST_MAX;
    for (size_t i = 0; i < n; i++)
        node->forward[i] = forward_text(c, &forward->items[i]);
    const char *anchor = node->config->dns.trust_anchor.p;
    node->dns = (struct dns_settings){
        .forward = node->forward,
        .forward_count = n,
        .trust_anchor = access(anchor, R_OK) == 0 ? anchor : NULL,
        .trust_anchor_state = anchor_state(c, node->config),
    };
}

static int node_load(struct cli *c, struct node *node)
{
    *node = (struct node){0};
    int status = load_config(c, node);
    if (status == CLI_FINE)
        set_dns(c, node);
    return status;
}

int node_load_optional(struct cli *c, struct node *node)
{
    struct error err;
    if (cli_value(c, "config") || getenv(CONFIG_ENVIRONMENT) ||
        access(CONFIG_DEFAULT_FILE, R_OK) == 0 || errno != EACCES)
        return node_load(c, node);
    *node = (struct node){0};
    if (config_parse(&node->config, STR(""), STR(CONFIG_DEFAULT_FILE), NULL, &err) < 0)
        return cli_fail(c, &err);
    set_dns(c, node);
    return CLI_FINE;
}

int node_open(struct cli *c, const struct store_options *options, struct node *node)
{
    struct error err;
    int status = node_load(c, node);
    if (status != CLI_FINE)
        return status;
    const char *path = cli_value(c, "store");
    if (store_open(&node->store, path ? path : node->config->store.path.p, options, &err) < 0)
        return cli_fail(c, &err);
    return CLI_FINE;
}

void node_close(struct node *node)
{
    store_close(node->store);
    config_free(node->config);
    *node = (struct node){0};
}
