#include "base/domain.h"
#include "cli/commands.h"
#include "cli/domain_argument.h"
#include "cli/messages.h"
#include "cli/node.h"
#include "cli/records.h"

static int setting(struct cli *c, struct node *node, struct str domain, struct str key,
                   struct str *value)
{
    struct error err;
    *value = STR("");
    if (store_setting_get(node->store, domain, key, &c->arena, value, &err) < 0)
        return cli_fail(c, &err);
    return CLI_FINE;
}

/* What the store knows of the domain. */
static int read_input(struct cli *c, struct node *node, struct records_input *input)
{
    struct store_domain row;
    struct error err;
    int found = store_domain_get(node->store, input->domain, &c->arena, &row, &err);
    if (found < 0)
        return cli_fail(c, &err);
    if (found == 0) {
        cli_say(c, msg_domain_unknown(input->domain));
        return CLI_UNUSABLE;
    }
    input->policy_id = row.policy_id;
    int status = setting(c, node, input->domain, STORE_SETTING_RUA, &input->rua);
    return cli_worse(status,
                     setting(c, node, input->domain, STORE_SETTING_ADDRESSES, &input->addresses));
}

/* A record that is not there because nothing says what it should hold. */
static void say_what_is_missing(struct cli *c, const struct records_input *input)
{
    if (input->addresses.n == 0)
        cli_say(c, msg_dns_show_no_address(input->domain));
    if (input->policy_id.n == 0)
        cli_say(c, msg_dns_show_no_policy(input->domain));
    if (input->rua.n == 0)
        cli_say(c, msg_dns_show_no_rua(input->domain));
}

static void print(struct cli *c, const struct records_input *input, const struct records *records)
{
    if (!c->json) {
        cli_put_records(c, records);
        return;
    }
    struct json_writer w;
    json_writer_init(&w, &c->out, true);
    json_open(&w, '{');
    json_key(&w, "domain");
    json_put_str(&w, input->domain);
    json_key(&w, "records");
    cli_json_records(&w, records);
    json_close(&w);
}

static int run(struct cli *c)
{
    struct node node CLEANUP(node_close);
    const struct store_options options = {.access = {[STORE_CONTROL] = STORE_READ}};
    struct records_input input = {0};
    struct records records;
    struct error err;
    int status = node_open(c, &options, &node);
    if (status == CLI_FINE)
        status = cli_domain_argument(c, c->args[0], &input.domain);
    if (status == CLI_FINE)
        status = read_input(c, &node, &input);
    if (status != CLI_FINE)
        return status;
    if (records_wanted(&input, &c->arena, &records, &err) < 0)
        return cli_fail(c, &err);
    say_what_is_missing(c, &input);
    print(c, &input, &records);
    return CLI_FINE;
}

static const struct cli_option options[] = {CLI_NODE_OPTIONS, {.name = NULL}};

static const char *const examples[] = {"sealpost dns show example.org", NULL};

const struct cli_command cli_dns_show = {
    .name = "dns show",
    .synopsis = "DOMAIN",
    .summary = &MSG_SUMMARY_DNS_SHOW,
    .examples = examples,
    .options = options,
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
