/*
 * main.c - the table of verbs, nothing else.
 */
#include "cli/cli.h"
#include "cli/commands.h"

static const struct cli_command *const commands[] = {
    &cli_setup,         &cli_check,        &cli_policy_lint,    &cli_policy_match,
    &cli_dns_lint,      &cli_dns_show,     &cli_report_show,    &cli_domain_add,
    &cli_domain_apply,  &cli_domain_list,  &cli_domain_show,    &cli_domain_remove,
    &cli_policy_show,   &cli_policy_set,   &cli_cert_issue,     &cli_cert_renew,
    &cli_cert_revoke,   &cli_cert_import,  &cli_cert_list,      &cli_cert_remove,
    &cli_cert_ca_add,   &cli_cert_ca_list, &cli_cert_ca_remove, &cli_cert_ca_roll_key,
    &cli_export_apache, &cli_export_nginx, &cli_export_caddy,   &cli_serve,
    &cli_config_check,  &cli_config_dump,  &cli_config_explain, NULL,
};

int main(int argc, char **argv)
{
    return cli_main(commands, argc, argv);
}
