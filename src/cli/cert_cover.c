#include "cli/cert_cover.h"

#include "mtasts/policy_host.h"
#include "store/acme.h"
#include "store/messages.h"

int cert_cover_domains(struct cli *c, const struct node *node, struct store **out)
{
    const struct store_options read_control = {.access = {[STORE_CONTROL] = STORE_READ}};
    const char *path = cli_value(c, "store");
    struct error err;
    if (store_open(out, path ? path : node->config->store.path.p, &read_control, &err) == 0)
        return CLI_FINE;
    *out = NULL;
    return error_is(&err, &MSG_STORE_MISSING) ? CLI_FINE : cli_fail(c, &err);
}

static bool has_host(const struct cert_cover *cover, struct str name)
{
    for (size_t i = 0; i < cover->host_count; i++) {
        if (str_eq(cover->hosts[i].name, name))
            return true;
    }
    return false;
}

/* The policy host of a domain in the store that the name stands for. 1: it is one. */
static int find_host(struct store *control, struct str name, struct arena *arena,
                     struct cert_host *out, struct error *err)
{
    char text[POLICY_HOST_SIZE];
    struct store_domain row;
    struct str domain;
    if (!control || !policy_host_covered(name, &domain))
        return 0;
    int rc = store_domain_get(control, domain, arena, &row, err);
    if (rc != 1)
        return rc;
    *out = (struct cert_host){.name = arena_str(arena, policy_host_of(domain, text)),
                              .domain = row.name,
                              .has_policy = row.has_policy};
    return out->name.n ? 1 : 0;
}

/* One name of the certificate. */
static int take_name(struct store *control, struct store *secrets, struct str name,
                     struct arena *arena, struct cert_cover *out, struct error *err)
{
    struct cert_host host;
    int rc = find_host(control, name, arena, &host, err);
    if (rc == 0)
        out->others[out->other_count++] = name;
    if (rc != 1 || has_host(out, host.name)) /* a wildcard beside the name itself */
        return rc < 0 ? rc : 0;
    rc = store_certificate_find(secrets, host.name, &host.served_by, err);
    if (rc < 0)
        return rc;
    out->hosts[out->host_count++] = host;
    return 0;
}

int cert_cover_find(struct store *control, struct store *secrets,
                    const struct store_certificate *row, struct arena *arena,
                    struct cert_cover *out, struct error *err)
{
    int rc = 0;
    *out = (struct cert_cover){.host_count = 0};
    for (size_t i = 0; i < row->name_count && i < STORE_CERTIFICATE_NAMES_MAX && rc == 0; i++)
        rc = take_name(control, secrets, row->names[i], arena, out, err);
    return rc == 0 && arena->failed ? error_set_memory(err) : rc;
}

int cert_forget(struct store *secrets, const struct store_certificate *row, int64_t now,
                struct error *err)
{
    int rc = store_certificate_remove(secrets, row->id, err);
    for (size_t i = 0; i < row->name_count && rc >= 0; i++) {
        char text[POLICY_HOST_SIZE];
        struct str domain;
        if (!policy_host_covered(row->names[i], &domain))
            continue;
        struct str host = policy_host_of(domain, text);
        if (host.n)
            rc = store_jobs_hasten(secrets, host, now, err);
    }
    return rc < 0 ? rc : 0;
}
