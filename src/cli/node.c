#include "cli/node.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

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

static int set_dns(struct cli *c, struct node *node)
{
    struct error err;
    return dns_settings_from(node->config, &c->arena, &node->dns, &err) < 0 ? cli_fail(c, &err)
                                                                            : CLI_FINE;
}

static int node_load(struct cli *c, struct node *node)
{
    *node = (struct node){0};
    int status = load_config(c, node);
    return status == CLI_FINE ? set_dns(c, node) : status;
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
    return set_dns(c, node);
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
