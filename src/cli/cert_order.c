#include "cli/cert_order.h"

#include <string.h>
#include <unistd.h>

#include "acme/messages.h"
#include "base/clock.h"
#include "cli/stored.h"
#include "mtasts/policy_host.h"

/* A job with everything that its order brings. */
#define HOST_ARENA_MAX ((size_t)16 * 1024 * 1024)
#define OWNER_MAX      (STORE_NODE_ID_MAX + 32)

static int check_ca(struct cli *c, struct store *store, struct str only)
{
    struct store_ca ca;
    struct error err;
    if (only.n)
        return cert_ca_named(c, store, only, &ca);
    int rc = store_ca_any(store, &err);
    if (rc == 0)
        return cli_refuse(c, msg_acme_no_ca());
    return rc < 0 ? cli_fail(c, &err) : CLI_FINE;
}

int cert_order_begin(struct cert_order *o, struct cli *c, struct cert_ca *to)
{
    struct str only = str_from(cli_value(c, "ca"));
    int status = check_ca(c, to->node.store, only);
    if (status != CLI_FINE)
        return status;
    *o = (struct cert_order){.c = c, .to = to, .only = only};
    arena_init(&o->arena, HOST_ARENA_MAX);
    json_writer_init(&o->w, &c->out, true);
    if (c->json) {
        json_open(&o->w, '{');
        json_key(&o->w, "results");
        json_open(&o->w, '[');
    }
    return CLI_FINE;
}

void cert_order_end(struct cert_order *o)
{
    if (o->c && o->c->json) {
        json_close(&o->w);
        json_close(&o->w);
    }
    arena_done(&o->arena);
}

bool cert_order_stopped(const struct cert_order *o)
{
    return o->to->real.stop && atomic_load(o->to->real.stop);
}

int cert_order_host(struct cert_order *o, const char *typed, struct str *host)
{
    char name[POLICY_HOST_SIZE];
    struct store_domain row;
    struct str domain;
    int status = cli_domain_argument(o->c, typed, &domain);
    if (status == CLI_FINE && str_starts(domain, POLICY_HOST_LABEL))
        domain = str_skip(domain, POLICY_HOST_LABEL.n);
    if (status == CLI_FINE)
        status = stored_domain(o->c, &o->to->node, domain, &row);
    if (status != CLI_FINE)
        return status;
    if (!row.has_policy)
        return cli_refuse(o->c, msg_domain_no_policy(domain));
    *host = arena_str(&o->c->arena, policy_host_of(domain, name));
    return CLI_FINE;
}

/* ---- what is told while it goes on ---- */

static void on_told(void *context, enum acme_stage stage, struct str name, struct str ca,
                    const struct error *err)
{
    const struct cli *c = context;
    switch (stage) {
    case ACME_STAGE_PREFLIGHT:
        cli_say(c, msg_cert_stage_preflight(name));
        return;
    case ACME_STAGE_ACCOUNT:
        cli_say(c, msg_cert_stage_account(ca));
        return;
    case ACME_STAGE_ORDER:
        cli_say(c, msg_cert_stage_order(name, ca));
        return;
    case ACME_STAGE_STORED:
        return; /* the result says so */
    case ACME_STAGE_REFUSED:
        cli_say(c, msg_cert_stage_refused(name, ca));
        (void)err; /* the result has it when it was the last one */
        return;
    case ACME_STAGE_SILENT:
    case ACME_STAGE_BACK:
        return; /* likewise */
    }
}

/* ---- the job ---- */

/* Another command, or the keeper, may have it in hand: orders of both would count at the CA. */
static int taken_by_other(struct cert_order *o, struct str host)
{
    struct store_job job;
    struct error err;
    int rc = store_job_get(o->to->node.store, host, &o->arena, &job, &err);
    if (rc < 0)
        return cli_fail(o->c, &err);
    if (rc == 0)
        return cli_refuse(o->c, msg_domain_unknown(host));
    cli_say(o->c, msg_cert_job_taken(host, job.owner, job.lease));
    return CLI_OUTSIDE;
}

static int take_job(struct cert_order *o, struct str host, struct store_job *job)
{
    char machine[STORE_NODE_ID_MAX + 1] = "", owner[OWNER_MAX];
    struct store *store = o->to->node.store;
    struct error err;
    int64_t now = clock_now();
    (void)gethostname(machine, sizeof machine - 1);
    snprintf(owner, sizeof owner, "%s-command-%ld", machine, (long)getpid());
    int rc = store_jobs_add(store, &host, 1, now, NULL, &err);
    if (rc >= 0)
        rc = store_job_take(store, host, str_from(owner), now, now + ACME_LEASE_S, &err);
    if (rc == 0)
        return taken_by_other(o, host);
    if (rc == 1)
        rc = store_job_get(store, host, &o->arena, job, &err);
    return rc < 0 ? cli_fail(o->c, &err) : CLI_FINE;
}

/* ---- the result ---- */

static void put_json(struct cert_order *o, const struct store_job *job, const char *result,
                     int64_t until, const struct error *err)
{
    struct json_writer *w = &o->w;
    json_open(w, '{');
    json_key(w, "host");
    json_put_str(w, job->name);
    json_key(w, "result");
    json_put_str(w, str_from(result));
    json_key(w, "authority");
    if (job->ca.n)
        json_put_str(w, job->ca);
    else
        json_put_null(w);
    json_key(w, "not_after");
    if (until)
        json_put_time(w, until);
    else
        json_put_null(w);
    json_key(w, "next");
    if (o->dry_run)
        json_put_null(w);
    else
        json_put_time(w, job->due);
    if (err) {
        json_key(w, "code");
        json_put_str(w, str_from(err->msg.def->id));
        json_key(w, "text");
        json_put_msg(w, o->c->lang, MSG_TEXT, &err->msg);
        json_key(w, "fix");
        json_put_msg(w, o->c->lang, MSG_FIX, &err->msg);
    }
    json_close(w);
}

static int tell_failure(struct cert_order *o, const struct store_job *job, const struct error *err)
{
    int status = cli_fail(o->c, err);
    if (o->c->json)
        put_json(o, job, "failed", 0, err);
    else if (o->dry_run)
        cli_put_line(o->c, msg_cert_dry_run_failed(job->name));
    else if (error_is(err, &MSG_ACME_STOPPED))
        cli_put_line(o->c, msg_cert_issue_stopped(job->name));
    else
        cli_put_line(o->c, msg_cert_issue_failed(job->name, job->due));
    return status;
}

static int tell_success(struct cert_order *o, const struct store_job *job, bool issued)
{
    struct store_certificate row;
    struct error err;
    int64_t until = 0;
    if (o->dry_run) {
        if (o->c->json)
            put_json(o, job, "would-issue", 0, NULL);
        else
            cli_put_line(o->c, msg_cert_dry_run_fine(job->name));
        return CLI_FINE;
    }
    int rc = job->certificate ? store_certificate_by_id(o->to->node.store, job->certificate,
                                                        &o->arena, &row, &err)
                              : 0;
    if (rc < 0)
        return cli_fail(o->c, &err);
    if (rc == 1)
        until = row.not_after;
    if (o->c->json)
        put_json(o, job, issued ? "issued" : "not-due", until, NULL);
    else
        cli_put_line(o->c, issued ? msg_cert_issued(job->name, job->ca, until, job->due)
                                  : msg_cert_issue_not_due(job->name, until, job->due));
    return CLI_FINE;
}

int cert_order_run(struct cert_order *o, struct str host)
{
    const struct config *config = o->to->node.config;
    struct publish publish = {config, &o->to->node.dns, o->to->real.stop};
    const struct acme_dns by_publish = acme_dns_by(&publish);
    const struct acme_issue_settings settings = {
        .world = &o->to->world,
        .store = o->to->node.store,
        .dns = &o->to->node.dns,
        .publish = config->publisher_count ? &by_publish : NULL,
        .webroot = config->acme.webroot.p,
        .only = o->only,
        .now = o->renew,
        .by_hand = true,
        .dry_run = o->dry_run,
        .told = on_told,
        .context = o->c,
    };
    struct store_job job = {.name = host};
    struct error err;
    o->runs++;
    arena_reset(&o->arena);
    /* A trial has a job of its own, which nobody keeps. */
    int status = o->dry_run ? CLI_FINE : take_job(o, host, &job);
    if (status != CLI_FINE)
        return status;
    int rc = acme_issue(&settings, &job, &o->arena, &err);
    status = rc < 0 ? tell_failure(o, &job, &err) : tell_success(o, &job, rc == 1);
    return cli_worse(status, o->c->json ? CLI_FINE : cli_flush(o->c));
}
