/* cert import: puts a certificate and its key into the store. */
#include "base/clock.h"
#include "base/file.h"
#include "cli/cert.h"
#include "cli/cert_cover.h"
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

/* ---- what comes of it ---- */

static bool is_served(const struct cert_host *host, int64_t id)
{
    return host->has_policy && host->served_by == id;
}

static bool waits(const struct cert_host *host, int64_t id)
{
    return !host->has_policy && host->served_by == id;
}

static bool is_kept(const struct cert_host *host, int64_t id)
{
    return host->served_by != id;
}

typedef bool host_is(const struct cert_host *host, int64_t id);

/* The first host that is so; NULL: none is. */
static const struct cert_host *first_that(const struct cert_cover *cover, host_is *is, int64_t id)
{
    for (size_t i = 0; i < cover->host_count; i++) {
        if (is(&cover->hosts[i], id))
            return &cover->hosts[i];
    }
    return NULL;
}

/* Their names with ", " between. */
static struct str names_that(struct cli *c, const struct cert_cover *cover, host_is *is, int64_t id)
{
    struct str names[STORE_CERTIFICATE_NAMES_MAX];
    struct store_certificate row = {.names = names};
    for (size_t i = 0; i < cover->host_count; i++) {
        if (is(&cover->hosts[i], id))
            names[row.name_count++] = cover->hosts[i].name;
    }
    return cert_names(c, &row);
}

/* Why no policy is served with it, and what to type. */
static struct msg why_none(const struct cert_cover *cover, int64_t id)
{
    const struct cert_host *waiting = first_that(cover, waits, id);
    const struct cert_host *kept = first_that(cover, is_kept, id);
    struct str domain;
    if (waiting)
        return msg_cert_domain_lacks_policy(waiting->domain);
    if (kept)
        return msg_cert_host_has_other(kept->name, (uint64_t)kept->served_by);
    for (size_t i = 0; i < cover->other_count; i++) {
        if (policy_host_covered(cover->others[i], &domain))
            return msg_cert_domain_unknown(domain);
    }
    return msg_cert_no_policy_host();
}

static void find_faults(const struct store_certificate *row, const struct cert_cover *cover,
                        struct findings *findings)
{
    if (row->not_before > row->created)
        finding_add(findings, SEVERITY_NOTE, msg_cert_not_yet(row->not_before), 0, 0);
    if (!first_that(cover, is_served, row->id))
        finding_add(findings, SEVERITY_WARNING, why_none(cover, row->id), 0, 0);
}

static void put_hosts(struct json_writer *w, const char *key, const struct cert_cover *cover,
                      host_is *is, int64_t id)
{
    json_key(w, key);
    json_open(w, '[');
    for (size_t i = 0; i < cover->host_count; i++) {
        if (is(&cover->hosts[i], id))
            json_put_str(w, cover->hosts[i].name);
    }
    json_close(w);
}

static void put_json(struct cli *c, const struct store_certificate *row,
                     const struct cert_cover *cover, const struct findings *findings)
{
    struct json_writer w;
    json_writer_init(&w, &c->out, true);
    json_open(&w, '{');
    cert_json_members(&w, row);
    put_hosts(&w, "serves", cover, is_served, row->id);
    put_hosts(&w, "waits_for_policy", cover, waits, row->id);
    put_hosts(&w, "served_by_other", cover, is_kept, row->id);
    json_key(&w, "other_names");
    json_open(&w, '[');
    for (size_t i = 0; i < cover->other_count; i++)
        json_put_str(&w, cover->others[i]);
    json_close(&w);
    json_key(&w, "findings");
    cli_json_findings(c, &w, findings);
    json_close(&w);
}

static void put_text(struct cli *c, const struct store_certificate *row,
                     const struct cert_cover *cover, const struct findings *findings)
{
    const struct store_certificate others = {.names = cover->others,
                                             .name_count = cover->other_count};
    cli_put_line(c, msg_cert_imported(cert_names(c, row), row->not_after));
    if (first_that(cover, is_served, row->id))
        cli_put_line(c, msg_cert_serves(names_that(c, cover, is_served, row->id)));
    if (first_that(cover, waits, row->id))
        cli_put_line(c, msg_cert_waits(names_that(c, cover, waits, row->id)));
    if (first_that(cover, is_kept, row->id))
        cli_put_line(c, msg_cert_kept(names_that(c, cover, is_kept, row->id)));
    if (cover->other_count)
        cli_put_line(c, msg_cert_other_names(cert_names(c, &others)));
    cli_put_findings(c, findings);
}

/* ---- putting it ---- */

static int put(struct cli *c, struct store *control, struct store *secrets,
               struct store_certificate *row)
{
    struct cert_cover cover;
    struct findings findings;
    struct error err;
    findings_init(&findings, &c->arena);
    int rc = store_certificate_put(secrets, row, &row->id, &err);
    if (rc >= 0)
        rc = cert_cover_find(control, secrets, row, &c->arena, &cover, &err);
    if (rc < 0)
        return cli_fail(c, &err);
    find_faults(row, &cover, &findings);
    if (c->json)
        put_json(c, row, &cover, &findings);
    else
        put_text(c, row, &cover, &findings);
    return CLI_FINE;
}

static int store_it(struct cli *c, const struct pem_certificate *pem)
{
    struct node node CLEANUP(node_close) = {NULL};
    struct store *control CLEANUP(store_closep) = NULL;
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
    if (status == CLI_FINE)
        status = cert_cover_domains(c, &node, &control);
    return status == CLI_FINE ? put(c, control, node.store, &row) : status;
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
