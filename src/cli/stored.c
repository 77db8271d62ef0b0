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

/* Until when a sender may hold one of the domain's policies in mode enforce. */
struct holding {
    int64_t replaced; /* when the policy that is looked at was replaced; now for the current one */
    int64_t until;    /* 0: none was in mode enforce */
};

/* Rows come newest first. */
static int look_at_policy(void *context, const struct store_policy *row)
{
    struct holding *h = context;
    int64_t until = h->replaced + row->policy.max_age;
    if (row->policy.mode == STS_MODE_ENFORCE && until > h->until)
        h->until = until;
    h->replaced = row->created;
    return 0;
}

int stored_enforced_until(struct store *store, struct str name, int64_t now, int64_t *until,
                          struct error *err)
{
    struct holding holding = {.replaced = now};
    int rc = store_policy_history(store, name, 0, 0, look_at_policy, &holding, err);
    *until = holding.until;
    return rc < 0 ? rc : holding.until > now;
}
