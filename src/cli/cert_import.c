/* cert import: puts a certificate and its key into the store. */
#include "base/clock.h"
#include "base/file.h"
#include "cli/cert.h"
#include "cli/commands.h"
#include "mtasts/policy_host.h"
#include "net/pem.h"

static void wipe_buffer(struct buf *b)
{
    if (b->p)
        explicit_bzero(b->p, b->cap);
    buf_done(b);
}

static int read_files(struct cli *c, struct pem_certificate *out, struct error *err)
{
    const char *chain_path = cli_value(c, "chain"), *key_path = cli_value(c, "key");
    struct buf chain CLEANUP(buf_done), key CLEANUP(wipe_buffer);
    buf_init(&chain, PEM_CHAIN_MAX);
    buf_init(&key, PEM_KEY_MAX);
    int rc = file_read(chain_path, &chain, err);
    if (rc == 0)
        rc = file_read(key_path, &key, err);
    if (rc == 0)
        rc = pem_certificate_read(out, buf_view(&chain), str_from(chain_path), buf_view(&key),
                                  str_from(key_path), &c->arena, err);
    return rc;
}

static bool serves_policies(const struct store_certificate *row)
{
    struct str domain;
    for (size_t i = 0; i < row->name_count; i++) {
        if (policy_host_covered(row->names[i], &domain))
            return true;
    }
    return false;
}

static int put(struct cli *c, struct store *store, struct store_certificate *row)
{
    struct error err;
    if (store_certificate_put(store, row, &row->id, &err) < 0)
        return cli_fail(c, &err);
    if (c->json) {
        struct json_writer w;
        json_writer_init(&w, &c->out, true);
        cert_json(&w, row);
        return CLI_FINE;
    }
    cli_put_line(c, msg_cert_imported(cert_names(c, row), row->not_after));
    if (row->not_before > row->created)
        cli_put_line(c, msg_cert_not_yet(row->not_before));
    if (!serves_policies(row))
        cli_put_line(c, msg_cert_no_policy_host());
    return CLI_FINE;
}

static int store_it(struct cli *c, const struct pem_certificate *pem)
{
    struct node node CLEANUP(node_close) = {NULL};
    struct store_certificate row = {.names = pem->names,
                                    .name_count = pem->name_count,
                                    .chain = pem->chain,
                                    .key = pem->key,
                                    .not_before = pem->not_before,
                                    .not_after = pem->not_after,
                                    .source = STR("import"),
                                    .created = clock_now()};
    if (row.not_after <= row.created) {
        cli_say(c, msg_cert_expired(row.not_after));
        return CLI_UNUSABLE;
    }
    const struct store_options options = {.access = {[STORE_SECRETS] = STORE_WRITE}};
    int status = node_open(c, &options, &node);
    return status == CLI_FINE ? put(c, node.store, &row) : status;
}

static int run(struct cli *c)
{
    struct pem_certificate pem CLEANUP(pem_wipe) = {NULL};
    struct error err;
    if (!cli_flag(c, "chain") || !cli_flag(c, "key")) {
        cli_say(c, msg_cert_files_missing());
        return CLI_UNUSABLE;
    }
    if (read_files(c, &pem, &err) < 0)
        return cli_fail(c, &err);
    return store_it(c, &pem);
}

static const char *const examples[] = {
    "sealpost cert import --chain fullchain.pem --key privkey.pem",
    NULL,
};

static const struct cli_option options[] = {
    {"chain", "FILE", false, &MSG_OPTION_CERT_CHAIN},
    {"key", "FILE", false, &MSG_OPTION_CERT_KEY},
    CLI_NODE_OPTIONS,
    {.name = NULL},
};

const struct cli_command cli_cert_import = {
    .name = "cert import",
    .synopsis = "",
    .summary = &MSG_SUMMARY_CERT_IMPORT,
    .examples = examples,
    .options = options,
    .args_min = 0,
    .args_max = 0,
    .run = run,
};
