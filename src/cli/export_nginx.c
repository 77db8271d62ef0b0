/* export nginx: the servers with which nginx serves the policies of this store. */
#include "cli/commands.h"
#include "cli/export.h"

static int run(struct cli *c)
{
    static const struct export_server server = {
        .name = "nginx",
        .suffix = ".conf",
        .print = nginx_print_site,
        .next = msg_export_nginx_next,
    };
    return export_run(c, &server);
}

static const struct cli_option options[] = {
    EXPORT_OPTIONS(&MSG_EXPORT_OPTION_CERTIFICATE),
    {.name = NULL},
};

static const char *const examples[] = {
    "sealpost export nginx example.org --out /etc/nginx/mta-sts",
    "sealpost export nginx example.org >mta-sts.example.org.conf",
    NULL,
};

const struct cli_command cli_export_nginx = {
    .name = "export nginx",
    .synopsis = "[DOMAIN...]",
    .summary = &MSG_EXPORT_NGINX_SUMMARY,
    .examples = examples,
    .options = options,
    .args_min = 0,
    .args_max = CLI_ARGS_ANY,
    .run = run,
};
