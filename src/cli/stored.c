#include "cli/stored.h"

int stored_open(struct cli *c, enum store_access access, struct node *node)
{
    const struct store_options options = {.access = {[STORE_CONTROL] = access}};
    return node_open(c, &options, node);
}

int stored_domain(struct cli *c, struct node *node, struct str name, struct store_domain *out)
{
    struct error err;
    int rc = store_domain_get(node->store, name, &c->arena, out, &err);
    if (rc < 0)
        return cli_fail(c, &err);
    if (rc == 1)
        return CLI_FINE;
    cli_say(c, msg_domain_unknown(name));
    return CLI_UNUSABLE;
}
