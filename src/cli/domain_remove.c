/* domain remove: takes a domain out of the store. */
#include "base/clock.h"
#include "cli/commands.h"
#include "cli/stored.h"

static void put_result(struct cli *c, const struct store_domain *domain)
{
    if (c->json) {
        struct json_writer w;
        json_writer_init(&w, &c->out, true);
        json_open(&w, '{');
        json_key(&w, "domain");
        json_put_str(&w, domain->name);
        json_key(&w, "removed");
        json_put_bool(&w, true);
        json_close(&w);
        return;
    }
    cli_put_line(c, msg_domain_removed(domain->name));
    /* RFC 8461 8.3: senders keep a cached policy until it expires. */
    if (domain->has_policy && domain->mode != STS_MODE_NONE)
        cli_put_line(c, msg_domain_removed_cached(domain->name));
}

/* Refuses while a sender may hold an enforce policy, whose end it would learn from the policy host
 * only (RFC 8461 8.3). An exit status. */
static int check_safe(struct cli *c, struct store *store, struct str name)
{
    int64_t until;
    struct error err;
    if (cli_flag(c, "force"))
        return CLI_FINE;
    int rc = stored_enforced_until(store, name, clock_now(), &until, &err);
    if (rc < 0)
        return cli_fail(c, &err);
    if (rc == 0)
        return CLI_FINE;
    cli_say(c, msg_domain_remove_enforced(name, until));
    return CLI_UNUSABLE;
}

static int run(struct cli *c)
{
    struct node node CLEANUP(node_close) = {NULL};
    struct store_domain domain;
    struct error err;
    struct str name;
    int status = cli_domain_argument(c, c->args[0], &name);
    if (status == CLI_FINE)
        status = stored_open(c, STORE_WRITE, &node);
    if (status == CLI_FINE)
        status = stored_domain(c, &node, name, &domain);
    if (status == CLI_FINE)
        status = check_safe(c, node.store, name);
    if (status != CLI_FINE)
        return status;
    if (store_domain_remove(node.store, name, clock_now(), &err) < 0)
        return cli_fail(c, &err);
    put_result(c, &domain);
    return CLI_FINE;
}

static const char *const examples[] = {
    "sealpost domain remove example.org",
    NULL,
};

static const struct cli_option options[] = {
    {"force", NULL, false, &MSG_OPTION_DOMAIN_REMOVE_FORCE},
    CLI_NODE_OPTIONS,
    {.name = NULL},
};

const struct cli_command cli_domain_remove = {
    .name = "domain remove",
    .synopsis = "DOMAIN",
    .summary = &MSG_SUMMARY_DOMAIN_REMOVE,
    .examples = examples,
    .options = options,
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
