/* cert issue: gets the certificates of policy hosts by ACME, now. */
#include "acme/job_list.h"
#include "base/clock.h"
#include "base/domain.h"
#include "cli/cert_order.h"
#include "cli/commands.h"

struct page {
    struct arena *arena;
    struct str names[STORE_PAGE_MAX];
    size_t count;
};

static int take_row(void *context, const struct store_job *row)
{
    struct page *page = context;
    if (page->count < ARRAY_LEN(page->names))
        page->names[page->count++] = arena_str(page->arena, row->name);
    return 0;
}

/* Only a host that no certificate of the store is for, whoever brought that. */
static int run_missing(struct cert_order *o, struct str host)
{
    struct error err;
    int64_t id;
    int rc = store_certificate_find(o->to->node.store, host, &id, &err);
    if (rc < 0)
        return cli_fail(o->c, &err);
    return rc == 1 ? CLI_FINE : cert_order_run(o, host);
}

/* All hosts without a certificate, page by page. */
static int run_all(struct cert_order *o, uint64_t *seen)
{
    struct arena arena CLEANUP(arena_done);
    struct page *page = arena_alloc(&o->c->arena, sizeof *page);
    char last[DOMAIN_NAME_MAX + 1] = "";
    struct error err;
    int status = CLI_FINE;
    arena_init(&arena, sizeof *page + STORE_PAGE_MAX * (DOMAIN_NAME_MAX + 1) * 2);
    if (!page || acme_jobs_match(o->to->node.store, clock_now(), NULL, NULL, &err) < 0)
        return page ? cli_fail(o->c, &err) : CLI_OUTSIDE;
    do {
        arena_reset(&arena);
        *page = (struct page){.arena = &arena};
        if (store_job_list(o->to->node.store, str_from(last), 0, take_row, page, &err) < 0)
            return cli_fail(o->c, &err);
        for (size_t i = 0; i < page->count && !cert_order_stopped(o); i++)
            status = cli_worse(status, run_missing(o, page->names[i]));
        *seen += page->count;
        if (page->count)
            snprintf(last, sizeof last, "%.*s", STR_ARG(page->names[page->count - 1]));
    } while (page->count == STORE_PAGE_MAX && !cert_order_stopped(o));
    return status;
}

static int run_named(struct cert_order *o)
{
    int status = CLI_FINE;
    for (size_t i = 0; i < o->c->arg_count && !cert_order_stopped(o); i++) {
        struct str host;
        int usable = cert_order_host(o, o->c->args[i], &host);
        status = cli_worse(status, usable == CLI_FINE ? cert_order_run(o, host) : usable);
    }
    return status;
}

static int run(struct cli *c)
{
    struct cert_ca to CLEANUP(cert_ca_close) = {.node = {NULL}};
    struct cert_order order CLEANUP(cert_order_end) = {.c = NULL};
    uint64_t seen = 0;
    int status = cert_ca_open(c, &to);
    if (status == CLI_FINE)
        status = cert_order_begin(&order, c, &to);
    if (status != CLI_FINE)
        return status;
    order.dry_run = cli_flag(c, "dry-run");
    if (c->arg_count)
        return run_named(&order);
    status = run_all(&order, &seen);
    if (!order.runs && status == CLI_FINE && !c->json)
        cli_put_line(c, seen ? msg_cert_issue_none_missing() : msg_cert_issue_no_policies());
    return status;
}

static const char *const examples[] = {
    "sealpost cert issue example.org",
    "sealpost cert issue example.org --dry-run",
    "sealpost cert issue",
    NULL,
};

static const struct cli_option options[] = {
    {"dry-run", NULL, false, &MSG_OPTION_CERT_ISSUE_DRY_RUN},
    {"ca", "NAME", false, &MSG_OPTION_CERT_ISSUE_CA},
    CLI_NODE_OPTIONS,
    {.name = NULL},
};

const struct cli_command cli_cert_issue = {
    .name = "cert issue",
    .synopsis = "[DOMAIN...]",
    .summary = &MSG_SUMMARY_CERT_ISSUE,
    .examples = examples,
    .options = options,
    .args_min = 0,
    .args_max = CLI_ARGS_ANY,
    .run = run,
};
