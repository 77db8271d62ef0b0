#include "cli/cert_missing.h"

#include "acme/issue.h"
#include "acme/messages.h"
#include "base/clock.h"
#include "base/messages.h"
#include "base/msg_record.h"
#include "mtasts/policy_host.h"
#include "net/messages.h"
#include "store/acme.h"
#include "store/messages.h"

#define ARENA_MAX ((size_t)64 * 1024 * 1024) /* the jobs of a page */

/* A walk through the domains, page by page: no transaction stays open for long. */
struct walk {
    struct cert_missing *m;
    struct arena *arena; /* of a page */
    struct str hosts[STORE_PAGE_MAX];
    size_t count, rows;
    char last[DOMAIN_NAME_MAX + 1];
    bool any_ca;
    bool lacks_ca;   /* that is all there is to say of some; it is said once */
    int64_t free_at; /* no CA may be asked before; 0: one may */
};

/* Why the host has no certificate: what came of the last attempt, else what is known of a host that
 * was not tried yet. */
static struct msg_record find_reason(const struct walk *walk, struct str problem)
{
    static const struct msg_def *const *const catalogues[] = {acme_messages, net_messages,
                                                              store_messages, base_messages, NULL};
    struct msg_record record = msg_record_read(problem, catalogues, walk->arena);
    if (!record.code.n) {
        record.msg = !walk->any_ca   ? msg_acme_no_ca()
                     : walk->free_at ? msg_acme_cas_wait(walk->free_at)
                                     : msg_cert_missing_waits();
        record.code = str_from(record.msg.def->id);
    }
    return record;
}

static void put_json(struct walk *walk, struct str host, const struct msg_record *why, int64_t next)
{
    struct json_writer *w = walk->m->w;
    enum lang lang = walk->m->c->lang;
    json_open(w, '{');
    json_key(w, "host");
    json_put_str(w, host);
    json_key(w, "code");
    json_put_str(w, why->code);
    json_key(w, "text");
    if (why->msg.def)
        json_put_msg(w, lang, MSG_TEXT, &why->msg);
    else
        json_put_str(w, why->text);
    json_key(w, "fix");
    if (why->msg.def)
        json_put_msg(w, lang, MSG_FIX, &why->msg);
    else
        json_put_null(w);
    json_key(w, "next");
    if (next)
        json_put_time(w, next);
    else
        json_put_null(w);
    json_close(w);
}

static void put_parts(struct cli *c, const struct msg *m, const char *before)
{
    for (enum msg_part part = MSG_TEXT; part < MSG_PART_COUNT; part++) {
        if (!msg_has(m, part))
            continue;
        buf_cstr(&c->out, before);
        cli_put(c, part, *m);
        buf_byte(&c->out, '\n');
    }
}

static void put_text(struct walk *walk, struct str host, const struct msg_record *why, int64_t next)
{
    struct cli *c = walk->m->c;
    cli_put_line(c, msg_cert_missing(host));
    if (!why->msg.def)
        cli_put_line(c, msg_cert_missing_detail(why->text));
    else if (why->msg.def == &MSG_ACME_NO_CA)
        walk->lacks_ca = true;
    else
        put_parts(c, &why->msg, "  ");
    if (next)
        cli_put_line(c, msg_cert_missing_next(next));
}

static int put_host(struct walk *walk, struct str host, struct error *err)
{
    struct cert_missing *m = walk->m;
    struct store_job job = {.due = 0};
    int64_t id;
    int rc = m->secrets ? store_certificate_find(m->secrets, host, &id, err) : 0;
    if (rc != 0)
        return rc < 0 ? rc : 0;
    rc = m->secrets ? store_job_get(m->secrets, host, walk->arena, &job, err) : 0;
    if (rc < 0)
        return rc;
    struct msg_record why = find_reason(walk, job.problem);
    int64_t next = walk->any_ca && job.problem.n ? job.due : 0;
    next = walk->any_ca && next < walk->free_at ? walk->free_at : next;
    m->rows++;
    if (m->c->json)
        put_json(walk, host, &why, next);
    else
        put_text(walk, host, &why, next);
    return 0;
}

static int take_row(void *context, const struct store_domain *row)
{
    struct walk *walk = context;
    char host[POLICY_HOST_SIZE];
    walk->rows++;
    snprintf(walk->last, sizeof walk->last, "%.*s", STR_ARG(row->name));
    struct str name = policy_host_of(row->name, host);
    if (row->has_policy && name.n)
        walk->hosts[walk->count++] = arena_str(walk->arena, name);
    return 0;
}

static int put_page(struct walk *walk, struct error *err)
{
    arena_reset(walk->arena);
    walk->count = walk->rows = 0;
    int rc = store_domain_list(walk->m->control, str_from(walk->last), STORE_PAGE_MAX, take_row,
                               walk, err);
    for (size_t i = 0; i < walk->count && rc == 0; i++)
        rc = put_host(walk, walk->hosts[i], err);
    return rc == 0 && walk->arena->failed ? error_set_memory(err) : rc;
}

int cert_missing_put(struct cert_missing *m, struct error *err)
{
    struct arena arena CLEANUP(arena_done) = {0};
    struct walk *walk = arena_alloc(&m->c->arena, sizeof *walk);
    int64_t free_at = 0;
    int rc = m->secrets ? store_ca_any(m->secrets, err) : 0;
    bool any_ca = rc == 1;
    if (any_ca)
        rc = acme_cas_free(m->secrets, clock_now(), &free_at, err);
    if (rc < 0)
        return rc;
    if (!walk)
        return error_set_memory(err);
    arena_init(&arena, ARENA_MAX);
    *walk = (struct walk){.m = m, .arena = &arena, .any_ca = any_ca};
    walk->free_at = rc == 1 ? 0 : free_at;
    do {
        rc = put_page(walk, err);
    } while (rc == 0 && walk->rows == STORE_PAGE_MAX);
    if (rc == 0 && walk->lacks_ca) {
        const struct msg lack = msg_acme_no_ca();
        put_parts(m->c, &lack, "");
    }
    return rc;
}
