/* cert revoke: takes back a certificate that came by ACME, at its authority and in the store. */
#include <openssl/x509.h>

#include "acme/account.h"
#include "acme/ca.h"
#include "acme/key.h"
#include "base/clock.h"
#include "cli/cert.h"
#include "cli/cert_cover.h"
#include "cli/cert_order.h"
#include "cli/commands.h"

/* RFC 5280 5.3.1: those that are for the owner of a server to give. */
static const struct {
    const char *name;
    unsigned number;
} reasons[] = {
    {"unspecified", 0}, {"key-compromise", 1},         {"affiliation-changed", 3},
    {"superseded", 4},  {"cessation-of-operation", 5},
};

static int read_reason(const struct cli *c, unsigned *number)
{
    struct str given = str_from(cli_value(c, "reason"));
    *number = 0;
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        if (str_eq(given, str_from(reasons[i].name))) {
            *number = reasons[i].number;
            return CLI_FINE;
        }
    }
    return given.n ? cli_refuse(c, msg_cert_revoke_reason(given)) : CLI_FINE;
}

struct revocation {
    struct cli *c;
    struct cert_ca *to;
    struct str host, directory;
    unsigned reason;
    struct store_certificate row;
};

/* The certificate that is served for the host, and where it came from. */
static int find(struct revocation *r)
{
    struct store *store = r->to->node.store;
    struct store_job job;
    struct store_ca ca;
    struct error err;
    int rc = store_certificate_get(store, r->host, &r->c->arena, &r->row, &err);
    if (rc == 0)
        return cli_refuse(r->c, msg_cert_revoke_none(r->host));
    if (rc == 1 && !str_eq(r->row.source, STR("acme")))
        return cli_refuse(r->c, msg_cert_revoke_imported(r->host));
    if (rc == 1)
        rc = store_job_get(store, r->host, &r->c->arena, &job, &err);
    if (rc == 1)
        rc = store_ca_get(store, job.ca, &r->c->arena, &ca, &err);
    if (rc < 0)
        return cli_fail(r->c, &err);
    const struct acme_known_ca *known = rc == 0 ? acme_known_ca(job.ca) : NULL;
    r->directory = rc == 1 ? ca.directory : str_from(known ? known->directory : NULL);
    return r->directory.n ? CLI_FINE : cli_refuse(r->c, msg_cert_revoke_no_authority(r->host));
}

/* The first certificate of the chain. */
static struct str leaf_of(struct str chain)
{
    const unsigned char *at = (const unsigned char *)chain.p;
    X509 *leaf = d2i_X509(NULL, &at, (long)chain.n);
    size_t size = leaf ? (size_t)((const char *)at - chain.p) : 0;
    X509_free(leaf);
    return str_head(chain, size);
}

/* By the certificate's own key: it needs no account, and tells the CA that never again may a
 * certificate be for a key that is said to be compromised. */
static int ask_ca(struct revocation *r)
{
    struct acme_session *session = NULL;
    EVP_PKEY *key = NULL;
    struct error err;
    int rc = acme_session_new(&session, &r->to->world, r->directory, &err);
    if (rc == 0)
        rc = acme_key_read(r->row.key, &key, &err);
    if (rc == 0)
        rc = acme_revoke(session, key, leaf_of(r->row.chain), r->reason, NULL, &err);
    EVP_PKEY_free(key);
    acme_session_free(session);
    return rc < 0 ? cli_fail(r->c, &err) : CLI_FINE;
}

/* Killed in between, the command is given again: a CA takes it well when a certificate is revoked
 * already. */
static int forget(struct revocation *r)
{
    struct error err;
    if (cert_forget(r->to->node.store, &r->row, clock_now(), &err) < 0)
        return cli_fail(r->c, &err);
    if (r->c->json) {
        struct json_writer w;
        json_writer_init(&w, &r->c->out, true);
        json_open(&w, '{');
        json_key(&w, "host");
        json_put_str(&w, r->host);
        json_key(&w, "revoked");
        json_put_bool(&w, true);
        json_close(&w);
    } else {
        cli_put_line(r->c, msg_cert_revoked(r->host));
    }
    return CLI_FINE;
}

static int run(struct cli *c)
{
    struct cert_ca to CLEANUP(cert_ca_close) = {.node = {NULL}};
    struct revocation r = {.c = c, .to = &to};
    struct cert_order order = {.c = c, .to = &to}; /* for the name alone */
    int status = read_reason(c, &r.reason);
    if (status == CLI_FINE)
        status = cert_ca_open(c, &to);
    if (status == CLI_FINE)
        status = cert_order_host(&order, c->args[0], &r.host);
    if (status == CLI_FINE)
        status = find(&r);
    if (status == CLI_FINE)
        status = ask_ca(&r);
    return status == CLI_FINE ? forget(&r) : status;
}

static const char *const examples[] = {
    "sealpost cert revoke example.org --reason key-compromise",
    NULL,
};

static const struct cli_option options[] = {
    {"reason", "REASON", false, &MSG_OPTION_CERT_REVOKE_REASON},
    CLI_NODE_OPTIONS,
    {.name = NULL},
};

const struct cli_command cli_cert_revoke = {
    .name = "cert revoke",
    .synopsis = "DOMAIN",
    .summary = &MSG_SUMMARY_CERT_REVOKE,
    .examples = examples,
    .options = options,
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
