/* export apache: the virtual hosts with which Apache serves the policies of this store. */
#include "cli/commands.h"
#include "cli/export.h"

static int run(struct cli *c)
{
    static const struct export_server server = {
        .name = "apache",
        .suffix = ".conf",
        .print = apache_print_site,
        .needs = msg_export_apache_needs,
        .next = msg_export_apache_next,
    };
    return export_run(c, &server);
}

static const struct cli_option options[] = {
    EXPORT_OPTIONS(&MSG_EXPORT_OPTION_CERTIFICATE),
    {.name = NULL},
};

static const char *const examples[] = {
    "sealpost export apache example.org --out /etc/apache2/mta-sts",
    "sealpost export apache example.org >mta-sts.example.org.conf",
    NULL,
};

const struct cli_command cli_export_apache = {
    .name = "export apache",
    .synopsis = "[DOMAIN...]",
    .summary = &MSG_EXPORT_APACHE_SUMMARY,
    .examples = examples,
    .options = options,
    .args_min = 0,
    .args_max = CLI_ARGS_ANY,
    .run = run,
};
