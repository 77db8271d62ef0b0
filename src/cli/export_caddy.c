/* export caddy: the sites with which Caddy serves the policies of this store. */
#include "cli/commands.h"
#include "cli/export.h"

static int run(struct cli *c)
{
    static const struct export_server server = {
        .name = "caddy",
        .suffix = ".caddy",
        .has_own_certificates = true,
        .print = caddy_print_site,
        .next = msg_export_caddy_next,
    };
    return export_run(c, &server);
}

static const struct cli_option options[] = {
    EXPORT_OPTIONS(&MSG_EXPORT_OPTION_OWN_CERTIFICATE),
    {.name = NULL},
};

static const char *const examples[] = {
    "sealpost export caddy example.org --out /etc/caddy/mta-sts",
    "sealpost export caddy example.org --certificate /tls/chain.pem --key /tls/key.pem",
    NULL,
};

const struct cli_command cli_export_caddy = {
    .name = "export caddy",
    .synopsis = "[DOMAIN...]",
    .summary = &MSG_EXPORT_CADDY_SUMMARY,
    .examples = examples,
    .options = options,
    .args_min = 0,
    .args_max = CLI_ARGS_ANY,
    .run = run,
};
