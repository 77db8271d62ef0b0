/* cert renew: new certificates for policy hosts, however long the old ones last. */
#include "cli/cert_order.h"
#include "cli/commands.h"

static int run(struct cli *c)
{
    struct cert_ca to CLEANUP(cert_ca_close) = {.node = {NULL}};
    struct cert_order order CLEANUP(cert_order_end) = {.c = NULL};
    int status = cert_ca_open(c, &to);
    if (status == CLI_FINE)
        status = cert_order_begin(&order, c, &to);
    if (status != CLI_FINE)
        return status;
    order.renew = true;
    for (size_t i = 0; i < c->arg_count && !cert_order_stopped(&order); i++) {
        struct str host;
        int usable = cert_order_host(&order, c->args[i], &host);
        status = cli_worse(status, usable == CLI_FINE ? cert_order_run(&order, host) : usable);
    }
    return status;
}

static const char *const examples[] = {
    "sealpost cert renew example.org",
    NULL,
};

static const struct cli_option options[] = {
    {"ca", "NAME", false, &MSG_OPTION_CERT_ISSUE_CA},
    CLI_NODE_OPTIONS,
    {.name = NULL},
};

const struct cli_command cli_cert_renew = {
    .name = "cert renew",
    .synopsis = "DOMAIN...",
    .summary = &MSG_SUMMARY_CERT_RENEW,
    .examples = examples,
    .options = options,
    .args_min = 1,
    .args_max = CLI_ARGS_ANY,
    .run = run,
};
