/*
 * commands.h - every verb of the program, one file each.
 */
#ifndef SEALPOST_CLI_COMMANDS_H
#define SEALPOST_CLI_COMMANDS_H

#include "cli/cli.h"

extern const struct cli_command cli_cert_ca_add;
extern const struct cli_command cli_cert_ca_list;
extern const struct cli_command cli_cert_ca_remove;
extern const struct cli_command cli_cert_ca_roll_key;
extern const struct cli_command cli_cert_import;
extern const struct cli_command cli_cert_issue;
extern const struct cli_command cli_cert_list;
extern const struct cli_command cli_cert_remove;
extern const struct cli_command cli_cert_renew;
extern const struct cli_command cli_cert_revoke;
extern const struct cli_command cli_check;
extern const struct cli_command cli_config_check;
extern const struct cli_command cli_config_dump;
extern const struct cli_command cli_config_explain;
extern const struct cli_command cli_dns_lint;
extern const struct cli_command cli_dns_show;
extern const struct cli_command cli_domain_add;
extern const struct cli_command cli_domain_apply;
extern const struct cli_command cli_domain_list;
extern const struct cli_command cli_domain_remove;
extern const struct cli_command cli_domain_show;
extern const struct cli_command cli_export_apache;
extern const struct cli_command cli_export_caddy;
extern const struct cli_command cli_export_nginx;
extern const struct cli_command cli_policy_lint;
extern const struct cli_command cli_policy_match;
extern const struct cli_command cli_policy_set;
extern const struct cli_command cli_policy_show;
extern const struct cli_command cli_report_show;
extern const struct cli_command cli_serve;
extern const struct cli_command cli_setup;

#endif
