/* cert ca roll-key: the account at a certificate authority gets a new key. */
#include "acme/roll.h"
#include "cli/cert_ca.h"
#include "cli/commands.h"

static void put_result(struct cli *c, struct str name, bool changed)
{
    if (c->json) {
        struct json_writer w;
        json_writer_init(&w, &c->out, true);
        json_open(&w, '{');
        json_key(&w, "name");
        json_put_str(&w, name);
        json_key(&w, "changed");
        json_put_bool(&w, changed);
        json_close(&w);
        return;
    }
    cli_put_line(c, changed ? msg_cert_ca_rolled(name) : msg_cert_ca_roll_no_account(name));
}

static int run(struct cli *c)
{
    struct cert_ca to CLEANUP(cert_ca_close) = {.node = {NULL}};
    struct acme_session *session = NULL;
    struct store_ca ca;
    struct error err;
    int status = cert_ca_open(c, &to);
    if (status == CLI_FINE)
        status = cert_ca_named(c, to.node.store, str_from(c->args[0]), &ca);
    if (status != CLI_FINE)
        return status;
    int rc = acme_session_new(&session, &to.world, ca.directory, &err);
    if (rc == 0)
        rc = acme_roll_key(session, to.node.store, &ca, &c->arena, NULL, &err);
    acme_session_free(session);
    if (rc < 0)
        return cli_fail(c, &err);
    put_result(c, ca.name, rc == 1);
    return CLI_FINE;
}

static const char *const examples[] = {
    "sealpost cert ca roll-key letsencrypt",
    NULL,
};

static const struct cli_option options[] = {
    CLI_NODE_OPTIONS,
    {.name = NULL},
};

const struct cli_command cli_cert_ca_roll_key = {
    .name = "cert ca roll-key",
    .synopsis = "NAME",
    .summary = &MSG_SUMMARY_CERT_CA_ROLL_KEY,
    .examples = examples,
    .options = options,
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
