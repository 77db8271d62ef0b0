/* domain show: what the store knows of one domain. */
#include "cli/commands.h"
#include "cli/policy_json.h"
#include "cli/stored.h"

struct showing {
    struct cli *c;
    struct json_writer w;
};

static int put_setting(void *context, const struct store_setting *row)
{
    struct showing *show = context;
    if (show->c->json) {
        char key[STORE_SETTING_KEY_MAX + 1];
        snprintf(key, sizeof key, "%.*s", STR_ARG(row->key));
        json_key(&show->w, key);
        json_put_str(&show->w, row->value);
    } else {
        cli_put_line(show->c, msg_domain_setting(row->key, row->value));
    }
    return 0;
}

static void put_text(struct cli *c, const struct store_domain *domain,
                     const struct store_policy *policy)
{
    cli_put_line(c, msg_domain_since(domain->name, domain->created));
    if (policy)
        cli_put_line(c, msg_policy_since(str_from(sts_mode_name(policy->policy.mode)), policy->id,
                                         policy->created));
    else
        cli_put_line(c, msg_domain_no_policy(domain->name));
}

static void put_json_head(struct json_writer *w, const struct store_domain *domain,
                          const struct store_policy *policy)
{
    json_open(w, '{');
    json_key(w, "domain");
    json_put_str(w, domain->name);
    json_key(w, "created");
    json_put_time(w, domain->created);
    json_key(w, "policy_id");
    if (policy)
        json_put_str(w, policy->id);
    else
        json_put_null(w);
    json_key(w, "policy");
    cli_json_policy(w, policy ? &policy->policy : NULL);
    json_key(w, "settings");
    json_open(w, '{');
}

static int run(struct cli *c)
{
    struct node node CLEANUP(node_close) = {NULL};
    struct showing show = {.c = c};
    struct store_domain domain;
    struct store_policy policy;
    struct error err;
    struct str name;
    int status = cli_domain_argument(c, c->args[0], &name);
    if (status == CLI_FINE)
        status = stored_open(c, STORE_READ, &node);
    if (status == CLI_FINE)
        status = stored_domain(c, &node, name, &domain);
    if (status != CLI_FINE)
        return status;
    int rc = store_policy_current(node.store, name, &c->arena, &policy, &err);
    if (rc < 0)
        return cli_fail(c, &err);
    json_writer_init(&show.w, &c->out, true);
    if (c->json)
        put_json_head(&show.w, &domain, rc == 1 ? &policy : NULL);
    else
        put_text(c, &domain, rc == 1 ? &policy : NULL);
    if (store_setting_list(node.store, name, put_setting, &show, &err) < 0) {
        buf_reset(&c->out);
        return cli_fail(c, &err);
    }
    if (c->json) {
        json_close(&show.w);
        json_close(&show.w);
    }
    return CLI_FINE;
}

static const char *const examples[] = {
    "sealpost domain show example.org",
    NULL,
};

static const struct cli_option options[] = {
    CLI_NODE_OPTIONS,
    {.name = NULL},
};

const struct cli_command cli_domain_show = {
    .name = "domain show",
    .synopsis = "DOMAIN",
    .summary = &MSG_SUMMARY_DOMAIN_SHOW,
    .examples = examples,
    .options = options,
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
