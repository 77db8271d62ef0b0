/* serve: the daemon, or one of its roles. */
#include "base/log.h"
#include "cli/commands.h"
#include "cli/messages.h"
#include "serve/messages.h"
#include "serve/serve.h"

#define NAMES_MAX 1024

static int fail_role(const struct cli *c, const char *name)
{
    struct buf names CLEANUP(buf_done);
    buf_init(&names, NAMES_MAX);
    for (size_t i = 0; i < serve_role_count; i++)
        buf_printf(&names, "%s%s", i ? ", " : "", serve_roles[i].name);
    cli_say(c, msg_serve_role_unknown(str_from(name), buf_view(&names)));
    return CLI_UNUSABLE;
}

static int run_role(struct cli *c, const struct role *role, struct config *config)
{
    struct error err;
    int result = serve_role(role, config, &err);
    config_free(config);
    if (result >= 0)
        return result;
    LOG(LOG_ERROR, "serve.role_cannot_begin", LOG_ERR(&err));
    return cli_fail(c, &err);
}

static int run(struct cli *c)
{
    const struct serve_options options = {serve_roles, serve_role_count};
    struct config *config = NULL;
    struct findings findings;
    struct error err;
    const struct role *role = NULL;
    const char *name = cli_value(c, "role");
    if (name && !(role = role_find(serve_roles, serve_role_count, str_from(name))))
        return fail_role(c, name);
    findings_init(&findings, &c->arena);
    if (config_load(&config, cli_value(c, "config"), &findings, &err) < 0) {
        serve_log_findings(str_from(config_path(cli_value(c, "config"))), &findings);
        return cli_fail(c, &err);
    }
    if (role)
        return run_role(c, role, config);
    int result = serve_supervise(&options, config, &err);
    return result < 0 ? cli_fail(c, &err) : result;
}

const struct cli_command cli_serve = {
    .name = "serve",
    .synopsis = "",
    .summary = &MSG_SERVE_SUMMARY,
    .examples =
        (const char *const[]){"sealpost serve", "sealpost serve --config ./sealpost.conf", NULL},
    .options = (const struct cli_option[]){{"config", "FILE", false, &MSG_OPTION_CONFIG},
                                           {"role", "ROLE", false, &MSG_OPTION_ROLE},
                                           {.name = NULL}},
    .run = run,
};
