/* cert remove: takes a certificate out of the store. */
#include "base/clock.h"
#include "cli/cert.h"
#include "cli/cert_cover.h"
#include "cli/commands.h"
#include "cli/domain_argument.h"
#include "mtasts/policy_host.h"
#include "store/acme.h"

#define CHOICES_MAX 16 /* certificates of one name that are listed to choose from */

struct removal {
    struct cli *c;
    struct node node;
    struct store *control; /* NULL: there are no domains */
    int64_t now;
    struct store_certificate row;
    struct str bare[STORE_CERTIFICATE_NAMES_MAX]; /* hosts that have no good one afterwards */
    size_t bare_count;
    bool any_ca; /* where to get another */
};

/* ---- which one ---- */

struct choices {
    int64_t ids[CHOICES_MAX];
    size_t count;
};

static int take_id(void *context, int64_t id)
{
    struct choices *choices = context;
    choices->ids[choices->count++] = id;
    return choices->count == CHOICES_MAX;
}

static int read_row(struct removal *r, int64_t id)
{
    struct error err;
    int rc = store_certificate_by_id(r->node.store, id, &r->c->arena, &r->row, &err);
    if (rc < 0)
        return cli_fail(r->c, &err);
    return rc == 1 ? CLI_FINE : cli_refuse(r->c, msg_cert_remove_no_number((uint64_t)id));
}

/* As a person types it: the name of a certificate, with a wildcard or not, or a domain. */
static int read_name(struct cli *c, const char *typed, struct str *name)
{
    static const struct str star = STR_INIT("*.");
    struct buf text CLEANUP(buf_done) = {0};
    bool wildcard = str_starts(str_from(typed), star);
    int status = cli_domain_argument(c, typed + (wildcard ? star.n : 0), name);
    if (status != CLI_FINE || !wildcard)
        return status;
    buf_init(&text, star.n + DOMAIN_NAME_MAX);
    buf_str(&text, star);
    buf_str(&text, *name);
    *name = arena_str(&c->arena, buf_view(&text));
    return CLI_FINE;
}

static int tell_choices(struct removal *r, struct str name, const struct choices *choices)
{
    cli_say(r->c, msg_cert_remove_several(name));
    for (size_t i = 0; i < choices->count; i++) {
        int status = read_row(r, choices->ids[i]);
        if (status != CLI_FINE)
            return status;
        cli_say(r->c, msg_cert_remove_choice((uint64_t)r->row.id, cert_names(r->c, &r->row),
                                             r->row.not_after));
    }
    return CLI_UNUSABLE;
}

static int find_named(struct removal *r, const char *typed)
{
    char host[POLICY_HOST_SIZE];
    struct choices choices = {.count = 0};
    struct error err;
    struct str name;
    int status = read_name(r->c, typed, &name);
    if (status != CLI_FINE)
        return status;
    int rc = store_certificates_named(r->node.store, name, take_id, &choices, &err);
    if (rc >= 0 && !choices.count)
        rc = store_certificates_named(r->node.store, policy_host_of(name, host), take_id, &choices,
                                      &err);
    if (rc < 0)
        return cli_fail(r->c, &err);
    if (choices.count > 1)
        return tell_choices(r, name, &choices);
    return choices.count ? read_row(r, choices.ids[0])
                         : cli_refuse(r->c, msg_cert_remove_none(name));
}

static int find(struct removal *r, const char *typed)
{
    uint64_t number;
    if (str_to_u64(str_from(typed), &number) && number <= INT64_MAX)
        return read_row(r, (int64_t)number);
    return find_named(r, typed);
}

/* ---- what it means ---- */

/* Whether there is a good certificate for the host without this one. 1: yes. */
static int has_other(struct removal *r, struct str host, struct error *err)
{
    struct store_certificate other;
    int64_t id;
    int rc = store_certificate_find_without(r->node.store, host, r->row.id, &id, err);
    if (rc == 1)
        rc = store_certificate_by_id(r->node.store, id, &r->c->arena, &other, err);
    return rc == 1 ? other.not_after > r->now : rc;
}

/* Hosts that lose by it: their policy is served with it now, and cannot be afterwards. */
static int find_bare(struct removal *r, struct error *err)
{
    struct cert_cover cover;
    int rc = cert_cover_find(r->control, r->node.store, &r->row, &r->c->arena, &cover, err);
    for (size_t i = 0; i < cover.host_count && rc >= 0; i++) {
        const struct cert_host *host = &cover.hosts[i];
        if (!host->has_policy || host->served_by != r->row.id || r->row.not_after <= r->now)
            continue;
        rc = has_other(r, host->name, err);
        if (rc == 0)
            r->bare[r->bare_count++] = host->name;
    }
    if (rc >= 0)
        rc = store_ca_any(r->node.store, err);
    r->any_ca = rc == 1;
    return rc < 0 ? rc : 0;
}

static struct str bare_names(struct removal *r)
{
    const struct store_certificate row = {.names = r->bare, .name_count = r->bare_count};
    return cert_names(r->c, &row);
}

static int check_safe(struct removal *r)
{
    struct error err;
    if (find_bare(r, &err) < 0)
        return cli_fail(r->c, &err);
    if (!r->bare_count || cli_flag(r->c, "force"))
        return CLI_FINE;
    struct str names = cert_names(r->c, &r->row);
    return cli_refuse(r->c, r->any_ca ? msg_cert_remove_renewable(names, bare_names(r))
                                      : msg_cert_remove_needed(names, bare_names(r)));
}

/* ---- doing it ---- */

static void find_notes(struct removal *r, struct findings *findings)
{
    struct str folder = r->node.config->keeper.certificates_from;
    findings_init(findings, &r->c->arena);
    if (r->bare_count)
        finding_add(findings, SEVERITY_WARNING,
                    r->any_ca ? msg_cert_removed_ordered(bare_names(r))
                              : msg_cert_removed_bare(bare_names(r)),
                    0, 0);
    if (folder.n && str_eq(r->row.source, STR("import")))
        finding_add(findings, SEVERITY_NOTE, msg_cert_removed_comes_back(folder), 0, 0);
    if (r->row.not_after > r->now)
        finding_add(findings, SEVERITY_NOTE, msg_cert_removed_not_revoked(r->row.not_after), 0, 0);
}

static void put_json(struct removal *r, const struct findings *findings)
{
    struct json_writer w;
    json_writer_init(&w, &r->c->out, true);
    json_open(&w, '{');
    cert_json_members(&w, &r->row);
    json_key(&w, "removed");
    json_put_bool(&w, true);
    json_key(&w, "without_certificate");
    json_open(&w, '[');
    for (size_t i = 0; i < r->bare_count; i++)
        json_put_str(&w, r->bare[i]);
    json_close(&w);
    json_key(&w, "findings");
    cli_json_findings(r->c, &w, findings);
    json_close(&w);
}

static int remove_it(struct removal *r)
{
    struct findings findings;
    struct error err;
    if (cert_forget(r->node.store, &r->row, r->now, &err) < 0)
        return cli_fail(r->c, &err);
    find_notes(r, &findings);
    if (r->c->json) {
        put_json(r, &findings);
        return CLI_FINE;
    }
    cli_put_line(r->c, msg_cert_removed(cert_names(r->c, &r->row)));
    cli_put_findings(r->c, &findings);
    return CLI_FINE;
}

static void removal_done(struct removal *r)
{
    store_close(r->control);
    node_close(&r->node);
}

static int run(struct cli *c)
{
    struct removal r CLEANUP(removal_done) = {.c = c, .now = clock_now()};
    const struct store_options options = {.access = {[STORE_SECRETS] = STORE_WRITE}};
    int status = node_open(c, &options, &r.node);
    if (status == CLI_FINE)
        status = cert_cover_domains(c, &r.node, &r.control);
    if (status == CLI_FINE)
        status = find(&r, c->args[0]);
    if (status == CLI_FINE)
        status = check_safe(&r);
    return status == CLI_FINE ? remove_it(&r) : status;
}

static const char *const examples[] = {
    "sealpost cert remove '*.example.org'",
    "sealpost cert remove 17",
    NULL,
};

static const struct cli_option options[] = {
    {"force", NULL, false, &MSG_OPTION_CERT_REMOVE_FORCE},
    CLI_NODE_OPTIONS,
    {.name = NULL},
};

const struct cli_command cli_cert_remove = {
    .name = "cert remove",
    .synopsis = "NAME|NUMBER",
    .summary = &MSG_SUMMARY_CERT_REMOVE,
    .examples = examples,
    .options = options,
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
