/* policy show: the current policy of a domain, as it is served. */
#include "cli/commands.h"
#include "cli/policy_json.h"
#include "cli/stored.h"

static void put_json(struct cli *c, const struct store_policy *row)
{
    struct json_writer w;
    json_writer_init(&w, &c->out, true);
    json_open(&w, '{');
    json_key(&w, "domain");
    json_put_str(&w, row->domain);
    json_key(&w, "id");
    json_put_str(&w, row->id);
    json_key(&w, "created");
    json_put_time(&w, row->created);
    json_key(&w, "policy");
    cli_json_policy(&w, &row->policy);
    json_key(&w, "text");
    json_put_str(&w, row->text);
    json_close(&w);
}

/* For people, the lines without CR; the text is our own print and holds nothing to escape. */
static void put_text(struct cli *c, const struct store_policy *row)
{
    cli_style(c, CLI_DIM);
    cli_put_line(c, msg_policy_shown(row->domain, row->id, row->created));
    cli_style(c, CLI_PLAIN);
    for (size_t i = 0; i < row->text.n; i++) {
        if (row->text.p[i] != '\r')
            buf_byte(&c->out, row->text.p[i]);
    }
}

static int run(struct cli *c)
{
    struct node node CLEANUP(node_close) = {NULL};
    struct store_domain domain;
    struct store_policy row;
    struct error err;
    struct str name;
    int status = cli_domain_argument(c, c->args[0], &name);
    if (status == CLI_FINE)
        status = stored_open(c, STORE_READ, &node);
    if (status == CLI_FINE)
        status = stored_domain(c, &node, name, &domain);
    if (status != CLI_FINE)
        return status;
    int rc = store_policy_current(node.store, name, &c->arena, &row, &err);
    if (rc < 0)
        return cli_fail(c, &err);
    if (rc == 0) {
        cli_say(c, msg_domain_no_policy(name));
        return CLI_BAD_NEWS;
    }
    if (c->json)
        put_json(c, &row);
    else
        put_text(c, &row);
    return CLI_FINE;
}

static const char *const examples[] = {
    "sealpost policy show example.org",
    NULL,
};

static const struct cli_option options[] = {
    CLI_NODE_OPTIONS,
    {.name = NULL},
};

const struct cli_command cli_policy_show = {
    .name = "policy show",
    .synopsis = "DOMAIN",
    .summary = &MSG_SUMMARY_POLICY_SHOW,
    .examples = examples,
    .options = options,
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
