/* cert ca remove: a certificate authority is not asked any more. */
#include "cli/cert_ca.h"
#include "cli/commands.h"

static int run(struct cli *c)
{
    struct node node CLEANUP(node_close) = {NULL};
    struct str name = str_from(c->args[0]);
    struct error err;
    const struct store_options write_secrets = {.access = {[STORE_SECRETS] = STORE_WRITE}};
    int status = node_open(c, &write_secrets, &node);
    if (status != CLI_FINE)
        return status;
    int rc = store_ca_remove(node.store, name, &err);
    if (rc < 0)
        return cli_fail(c, &err);
    if (rc == 0)
        return cli_refuse(c, msg_cert_ca_unknown(name));
    if (c->json) {
        struct json_writer w;
        json_writer_init(&w, &c->out, true);
        json_open(&w, '{');
        json_key(&w, "name");
        json_put_str(&w, name);
        json_key(&w, "removed");
        json_put_bool(&w, true);
        json_close(&w);
    } else {
        cli_put_line(c, msg_cert_ca_removed(name));
    }
    return CLI_FINE;
}

static const char *const examples[] = {
    "sealpost cert ca remove letsencrypt-staging",
    NULL,
};

static const struct cli_option options[] = {
    CLI_NODE_OPTIONS,
    {.name = NULL},
};

const struct cli_command cli_cert_ca_remove = {
    .name = "cert ca remove",
    .synopsis = "NAME",
    .summary = &MSG_SUMMARY_CERT_CA_REMOVE,
    .examples = examples,
    .options = options,
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
