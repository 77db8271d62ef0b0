#include "cli/cert_missing.h"

#include "acme/messages.h"
#include "base/domain.h"
#include "base/json_read.h"
#include "store/acme.h"

#define PREFIX    "mta-sts."
#define ARENA_MAX ((size_t)64 * 1024 * 1024) /* the jobs of a page */

/* A walk through the domains, page by page: no transaction stays open for long. */
struct walk {
    struct cert_missing *m;
    struct arena *arena; /* of a page */
    struct str hosts[STORE_PAGE_MAX];
    size_t count, rows;
    char last[DOMAIN_NAME_MAX + 1];
    bool any_ca;
};

/* Why the last attempt failed, as the job has it. */
struct problem {
    struct str code, text, fix;
};

static struct problem read_problem(struct str json, struct arena *arena)
{
    struct problem p = {STR(""), STR(""), STR("")};
    struct json_reader r;
    struct str key;
    json_reader_init(&r, json, arena);
    if (json_peek(&r) != JSON_OBJECT || !json_enter(&r))
        return p;
    while (json_next_key(&r, &key)) {
        struct str *into = str_eq(key, STR("code"))   ? &p.code
                           : str_eq(key, STR("text")) ? &p.text
                           : str_eq(key, STR("fix"))  ? &p.fix
                                                      : NULL;
        if (!into || !json_string(&r, into))
            json_skip(&r, NULL);
    }
    return p;
}

/* What is known of a host that was not tried yet. */
static struct msg not_tried(const struct walk *walk)
{
    return walk->any_ca ? msg_cert_missing_waits() : msg_acme_no_ca();
}

static void put_optional(struct json_writer *w, const char *key, struct str text)
{
    json_key(w, key);
    if (text.n)
        json_put_str(w, text);
    else
        json_put_null(w);
}

static void put_json(struct walk *walk, struct str host, const struct problem *p, int64_t due)
{
    struct json_writer *w = walk->m->w;
    struct msg m = not_tried(walk);
    json_open(w, '{');
    json_key(w, "host");
    json_put_str(w, host);
    json_key(w, "code");
    json_put_str(w, p->text.n ? p->code : str_from(m.def->id));
    json_key(w, "text");
    if (p->text.n)
        json_put_str(w, p->text);
    else
        json_put_msg(w, walk->m->c->lang, MSG_TEXT, &m);
    if (p->text.n) {
        put_optional(w, "fix", p->fix);
    } else {
        json_key(w, "fix");
        json_put_msg(w, walk->m->c->lang, MSG_FIX, &m);
    }
    json_key(w, "next");
    if (due && walk->any_ca)
        json_put_time(w, due);
    else
        json_put_null(w);
    json_close(w);
}

static void put_text(struct walk *walk, struct str host, const struct problem *p, int64_t due)
{
    struct cli *c = walk->m->c;
    struct msg m = not_tried(walk);
    cli_put_line(c, msg_cert_missing(host));
    if (p->text.n) {
        cli_put_line(c, msg_cert_missing_detail(p->text));
        if (p->fix.n)
            cli_put_line(c, msg_cert_missing_detail(p->fix));
        if (due && walk->any_ca)
            cli_put_line(c, msg_cert_missing_next(due));
        return;
    }
    for (enum msg_part part = MSG_TEXT; part < MSG_PART_COUNT; part++) {
        if (!msg_has(&m, part))
            continue;
        buf_cstr(&c->out, "  ");
        cli_put(c, part, m);
        buf_byte(&c->out, '\n');
    }
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
    struct problem problem = read_problem(job.problem, walk->arena);
    m->rows++;
    if (m->c->json)
        put_json(walk, host, &problem, job.due);
    else
        put_text(walk, host, &problem, job.due);
    return 0;
}

static int take_row(void *context, const struct store_domain *row)
{
    struct walk *walk = context;
    struct buf host CLEANUP(buf_done) = {0};
    walk->rows++;
    snprintf(walk->last, sizeof walk->last, "%.*s", STR_ARG(row->name));
    if (!row->has_policy)
        return 0;
    buf_init(&host, sizeof PREFIX + DOMAIN_NAME_MAX);
    buf_cstr(&host, PREFIX);
    buf_str(&host, row->name);
    walk->hosts[walk->count++] = arena_str(walk->arena, buf_view(&host));
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

static int see_ca(void *context, const struct store_ca *row)
{
    (void)context;
    (void)row;
    return 1;
}

int cert_missing_put(struct cert_missing *m, struct error *err)
{
    struct arena arena CLEANUP(arena_done) = {0};
    struct walk *walk = arena_alloc(&m->c->arena, sizeof *walk);
    int rc = m->secrets ? store_ca_each(m->secrets, see_ca, NULL, err) : 0;
    if (!walk)
        return error_set_memory(err);
    if (rc < 0)
        return rc;
    arena_init(&arena, ARENA_MAX);
    *walk = (struct walk){.m = m, .arena = &arena, .any_ca = rc == 1};
    do {
        rc = put_page(walk, err);
    } while (rc == 0 && walk->rows == STORE_PAGE_MAX);
    return rc;
}
