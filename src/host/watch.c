#include "host/watch.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "mtasts/policy_host.h"

/* A policy's body, or a row of a challenge. */
#define ROW_MAX ((size_t)256 * 1024)

/* This machine's name as the id of a node; what does not fit there becomes a hyphen. */
static void name_node(char id[STORE_NODE_ID_MAX + 1])
{
    if (gethostname(id, STORE_NODE_ID_MAX) != 0 || !id[0])
        memcpy(id, "node", sizeof "node");
    id[STORE_NODE_ID_MAX] = 0;
    for (char *c = id; *c; c++) {
        if (!ascii_is_alnum(*c))
            *c = '-';
    }
}

/* ---- all of it ---- */

static int add_body(void *context, const struct store_body *row)
{
    return site_edit_policy(context, row->domain, row->text) ? 0 : 1;
}

static int add_certificate(void *context, const struct store_certificate_name *row)
{
    struct str domain;
    return !policy_host_covered(row->name, &domain) ||
                   site_edit_certificate(context, domain, row->certificate)
               ? 0
               : 1;
}

/* Names come in byte order, so wildcards first: a certificate that names the host counts. */
static int read_sites(struct watch *w, struct site_edit *edit, struct error *err)
{
    int result = store_body_each(w->store, add_body, edit, err);
    if (!result)
        result = store_certificate_names_each(w->store, add_certificate, edit, err);
    return result > 0 ? error_set_memory(err) : result;
}

static int add_challenge(void *context, const struct store_challenge *row)
{
    struct error err;
    if (challenges_add(context, row, &err) < 0)
        LOG(LOG_ERROR, "host.challenge_unusable", LOG_STR("host", row->name), LOG_ERR(&err));
    return 0;
}

static int read_challenges(struct watch *w, struct error *err)
{
    struct challenges *fresh = challenges_new();
    int result =
        fresh ? store_challenge_each(w->store, add_challenge, fresh, err) : error_set_memory(err);
    if (result < 0) {
        challenges_unref(fresh);
        return result;
    }
    challenges_unref(w->challenges);
    w->challenges = fresh;
    return 0;
}

static int end_edit(struct watch *w, struct site_edit *edit, int result)
{
    if (result < 0) {
        site_edit_drop(edit);
        return result;
    }
    site_table_unref(w->sites);
    w->sites = site_edit_end(edit);
    return 0;
}

/* The numbers are noted before anything is read: what changes meanwhile is read again later. */
static int read_all(struct watch *w, struct error *err)
{
    struct watch_seqs now;
    int result = store_changes_last(w->store, STORE_CONTROL, &now.control, err);
    if (result >= 0)
        result = store_changes_last(w->store, STORE_SECRETS, &now.secrets, err);
    if (result < 0)
        return result;
    struct site_edit *edit = site_edit_begin(w->texts, NULL, w->seed);
    result = edit ? read_sites(w, edit, err) : error_set_memory(err);
    result = end_edit(w, edit, result);
    if (!result)
        result = read_challenges(w, err);
    if (!result)
        w->read = now;
    return result;
}

/* ---- what changed ---- */

struct change_walk {
    struct watch *watch;
    struct site_edit *edit;
    struct arena arena;
    bool challenges; /* some have changed */
    struct watch_seqs seen;
    uint64_t rows;
    int result; /* negative: *err says why the walk ended */
    struct error *err;
};

/* The certificate of a domain's policy host, as the store has it now. */
static int reread_certificate(struct change_walk *walk, struct str domain)
{
    char text[POLICY_HOST_SIZE];
    struct str host = policy_host_of(domain, text);
    int64_t id = 0;
    struct site site;
    if (!host.n || !site_edit_find(walk->edit, domain, &site))
        return 0;
    int result = store_certificate_find(walk->watch->store, host, &id, walk->err);
    if (result < 0)
        return result;
    return site_edit_certificate(walk->edit, domain, result ? id : 0) ? 0
                                                                      : error_set_memory(walk->err);
}

static int reread_policy(struct change_walk *walk, struct str domain)
{
    struct str body;
    struct site site;
    bool known = site_edit_find(walk->edit, domain, &site);
    arena_reset(&walk->arena);
    int result = store_body_get(walk->watch->store, domain, &walk->arena, &body, walk->err);
    if (result < 0)
        return result;
    if (!(result ? site_edit_policy(walk->edit, domain, body)
                 : site_edit_remove(walk->edit, domain)))
        return error_set_memory(walk->err);
    return result && !known ? reread_certificate(walk, domain) : 0;
}

static int apply_control(void *context, const struct store_change *row)
{
    struct change_walk *walk = context;
    walk->seen.control = row->seq;
    walk->rows++;
    if (row->kind == STORE_CHANGE_DOMAIN || row->kind == STORE_CHANGE_POLICY)
        walk->result = reread_policy(walk, row->key);
    return walk->result < 0;
}

static int apply_secrets(void *context, const struct store_change *row)
{
    struct change_walk *walk = context;
    struct str names = row->key, name, domain;
    walk->seen.secrets = row->seq;
    walk->rows++;
    walk->challenges = walk->challenges || row->kind == STORE_CHANGE_CHALLENGE;
    while (row->kind == STORE_CHANGE_CERTIFICATE && walk->result >= 0 && names.n) {
        str_cut(names, ' ', &name, &names);
        if (policy_host_covered(name, &domain))
            walk->result = reread_certificate(walk, domain);
    }
    return walk->result < 0;
}

static int walk_log(struct change_walk *walk, enum store_database database)
{
    bool control = database == STORE_CONTROL;
    int result;
    do {
        walk->rows = 0;
        result = store_changes_since(walk->watch->store, database,
                                     control ? walk->seen.control : walk->seen.secrets,
                                     control ? apply_control : apply_secrets, walk, walk->err);
        if (walk->result < 0)
            result = walk->result;
    } while (!result && walk->rows == STORE_PAGE_MAX);
    return result;
}

static int apply_changes(struct watch *w, struct error *err)
{
    struct change_walk walk = {.watch = w, .seen = w->read, .err = err};
    arena_init(&walk.arena, ROW_MAX);
    walk.edit = site_edit_begin(w->texts, w->sites, w->seed);
    int result = walk.edit ? walk_log(&walk, STORE_CONTROL) : error_set_memory(err);
    if (!result)
        result = walk_log(&walk, STORE_SECRETS);
    arena_done(&walk.arena);
    result = end_edit(w, walk.edit, result);
    if (!result && walk.challenges)
        result = read_challenges(w, err);
    if (result)
        return result;
    bool news = walk.seen.control != w->read.control || walk.seen.secrets != w->read.secrets;
    w->read = walk.seen;
    return news;
}

/* ---- polling ---- */

static int open_and_read(struct watch *w, struct error *err)
{
    const struct store_options options = {
        .access = {[STORE_CONTROL] = STORE_READ, [STORE_SECRETS] = STORE_READ}};
    int result = w->store ? 0 : store_open(&w->store, w->path, &options, err);
    if (result < 0)
        return result;
    int control = store_changed(w->store, STORE_CONTROL, err);
    int secrets = control < 0 ? control : store_changed(w->store, STORE_SECRETS, err);
    if (secrets >= 0 && !control && !secrets && w->sites)
        return 0;
    result = secrets < 0 ? secrets : w->sites ? apply_changes(w, err) : read_all(w, err);
    if (result < 0) /* a change may have been seen and not read: begin anew */
        watch_reload(w);
    return result;
}

static void tell(struct watch *w, int result, const struct error *err)
{
    counters_store(w->counters, COUNTER_STORE_READ_ERRORS, result >= 0, clock_now());
    if (result < 0 && !w->failing)
        LOG(LOG_ERROR, "host.store_failed", LOG_CSTR("store", w->path), LOG_ERR(err));
    else if (result >= 0 && w->failing)
        LOG(LOG_INFO, "host.store_recovered", LOG_CSTR("store", w->path));
    w->failing = result < 0;
}

int watch_init(struct watch *w, const char *path, struct counters *counters, struct error *err)
{
    *w = (struct watch){.path = path, .counters = counters};
    name_node(w->node);
    arc4random_buf(w->seed, sizeof w->seed);
    w->texts = text_pool_new(w->seed);
    int result = w->texts ? open_and_read(w, err) : error_set_memory(err);
    if (result < 0)
        watch_done(w);
    else
        tell(w, 0, NULL);
    return result < 0 ? result : 0;
}

void watch_done(struct watch *w)
{
    store_close(w->store);
    store_close(w->report);
    site_table_unref(w->sites);
    challenges_unref(w->challenges);
    text_pool_free(w->texts);
    *w = (struct watch){.path = w->path};
}

struct snapshot *watch_snapshot(struct watch *w)
{
    return snapshot_new(++w->serial, w->sites, w->challenges);
}

int watch_poll(struct watch *w, struct snapshot **out)
{
    struct error err;
    int64_t now = clock_monotonic_ms();
    if (now < w->next_attempt)
        return 0;
    bool whole = !w->store;
    int result = open_and_read(w, &err);
    struct snapshot *fresh = NULL;
    if (result > 0 || (result == 0 && whole)) {
        fresh = watch_snapshot(w);
        result = fresh ? 1 : error_set_memory(&err);
        if (!fresh)
            watch_reload(w);
    }
    tell(w, result, &err);
    w->next_attempt = result < 0 ? now + WATCH_RETRY_MS : 0;
    if (result <= 0)
        return 0;
    *out = fresh;
    return 1;
}

void watch_reload(struct watch *w)
{
    store_close(w->store);
    w->store = NULL;
    w->next_attempt = 0;
    site_table_unref(w->sites);
    w->sites = NULL;
}

/* ---- the node's row ---- */

static int report(struct watch *w, struct error *err)
{
    const struct store_options options = {.access = {[STORE_CONTROL] = STORE_WRITE}};
    int result = w->report ? 0 : store_open(&w->report, w->path, &options, err);
    if (result >= 0)
        result = store_node_applied(w->report, str_from(w->node), w->read.control, w->read.secrets,
                                    clock_now(), err);
    if (result < 0) {
        store_close(w->report);
        w->report = NULL;
    }
    return result;
}

void watch_report(struct watch *w)
{
    struct error err;
    int64_t now = clock_monotonic_ms();
    bool news = w->reported.control != w->read.control || w->reported.secrets != w->read.secrets;
    if (now < w->next_report && (!news || w->report_failing))
        return;
    int result = report(w, &err);
    if (result < 0 && !w->report_failing)
        LOG(LOG_WARN, "host.report_failed", LOG_CSTR("store", w->path), LOG_ERR(&err));
    else if (result >= 0 && w->report_failing)
        LOG(LOG_INFO, "host.report_recovered", LOG_CSTR("store", w->path));
    counters_store(w->counters, COUNTER_STORE_WRITE_ERRORS, result >= 0, clock_now());
    w->report_failing = result < 0;
    w->next_report = now + WATCH_REPORT_MS;
    if (result >= 0)
        w->reported = w->read;
}
