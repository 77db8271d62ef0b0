#include "cli/cert_ca.h"

#include <signal.h>

/* What a signal handler can reach. */
static atomic_bool told_to_stop;

static void on_signal(int number)
{
    (void)number;
    atomic_store(&told_to_stop, true);
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int cert_ca_open(struct cli *c, struct cert_ca *ca)
{
    struct error err;
    const struct store_options options = {
        .access = {[STORE_CONTROL] = STORE_WRITE, [STORE_SECRETS] = STORE_WRITE}};
    *ca = (struct cert_ca){.real = {.stop = &told_to_stop}};
    int status = node_open(c, &options, &ca->node);
    if (status != CLI_FINE)
        return status;
    catch_signals();
    ca->node.dns.stop = &told_to_stop;
    const struct api_settings settings = {.ca_file = ca->node.config->acme.ca_file.p,
                                          .stop = &told_to_stop};
    if (api_client_new(&ca->real.client, &settings, &err) < 0)
        return cli_fail(c, &err);
    ca->world = acme_world_real(&ca->real);
    return CLI_FINE;
}

void cert_ca_close(struct cert_ca *ca)
{
    api_client_free(ca->real.client);
    node_close(&ca->node);
}

int cert_ca_named(struct cli *c, struct store *store, struct str name, struct store_ca *out)
{
    struct error err;
    int rc = store_ca_get(store, name, &c->arena, out, &err);
    if (rc < 0)
        return cli_fail(c, &err);
    return rc == 1 ? CLI_FINE : cli_refuse(c, msg_cert_ca_unknown(name));
}
