#include "cli/export.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/domain.h"
#include "base/file.h"
#include "cli/stored.h"
#include "host/page.h"

#define CERTIFICATE_DEFAULT "/etc/letsencrypt/live/mta-sts.DOMAIN/fullchain.pem"
#define KEY_DEFAULT         "/etc/letsencrypt/live/mta-sts.DOMAIN/privkey.pem"
#define ROOT_DEFAULT        "/var/www/mta-sts.DOMAIN"

#define TEXT_MAX    ((size_t)1024 * 1024) /* of one configuration */
#define ARENA_MAX   ((size_t)8 * 1024 * 1024)
#define SITES_MAX   1000 /* whose files are put in their places together */
#define FOLDER_MODE 0755
#define FILE_MODE   0644

struct export
{
    struct cli *c;
    const struct export_server *server;
    struct store *store;
    struct json_writer w;
    struct str out; /* the folder to write to, absolute; empty: standard output */
    const char *root, *certificate, *key; /* the latter two NULL: the server gets its own */
    struct arena arena;                   /* of one domain */
    char last[DOMAIN_NAME_MAX + 1];       /* where the next page of the store's domains begins */
    uint64_t seen, done;
    struct file_batch files, configurations; /* written, and not in their places yet */
    int status;
};

/* One domain, its texts and where they go. */
struct site {
    struct store_policy policy;
    struct web_site web;
    struct str configuration, page; /* the texts */
    struct str out;                 /* the folder to write the files to; empty without --out */
    struct str configuration_file, policy_file, page_file;
};

/* The template with the domain in it, in the arena. */
static struct str expand(struct export *e, struct str template, struct str domain)
{
    static const struct str mark = STR_INIT("DOMAIN");
    struct buf text CLEANUP(buf_done);
    buf_init(&text, TEXT_MAX);
    ssize_t at;
    while ((at = str_find(template, mark)) >= 0) {
        buf_str(&text, str_head(template, (size_t)at));
        buf_str(&text, domain);
        template = str_skip(template, (size_t)at + mark.n);
    }
    buf_str(&text, template);
    return arena_str(&e->arena, buf_view(&text));
}

static struct str join(struct export *e, struct str folder, const char *between, struct str name,
                       const char *behind)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, TEXT_MAX);
    buf_str(&text, folder);
    buf_cstr(&text, between);
    buf_str(&text, name);
    buf_cstr(&text, behind);
    return arena_str(&e->arena, buf_view(&text));
}

static struct str comment(struct export *e, const struct site *site)
{
    struct buf text CLEANUP(buf_done);
    struct str served = join(e, site->web.folder, "/", STR(WEB_POLICY_FILE), "");
    struct msg lines[3];
    size_t n = 0;
    lines[n++] = msg_export_comment(site->policy.domain, str_from(e->server->name));
    if (e->server->needs)
        lines[n++] = e->server->needs();
    lines[n++] = msg_export_comment_policy(served, site->policy.id);
    buf_init(&text, TEXT_MAX);
    for (size_t i = 0; i < n; i++) {
        msg_render(e->c->lang, MSG_TEXT, &lines[i], &text);
        buf_byte(&text, '\n');
    }
    /* With --out the file is there, and may be newer than this. */
    struct str rest = e->out.n ? STR("") : site->policy.text, line;
    while (str_cut(rest, '\n', &line, &rest)) {
        buf_cstr(&text, "  ");
        buf_str(&text, line);
        buf_byte(&text, '\n');
    }
    return arena_str(&e->arena, buf_view(&text));
}

static int refuse_path(struct export *e, struct str path)
{
    cli_say(e->c, msg_export_bad_path(path));
    return CLI_UNUSABLE;
}

static bool is_absolute(struct str path)
{
    return str_starts(path, STR("/")) && web_path_ok(path);
}

/* Where the files are, on this machine and on the server. */
static void place(struct export *e, struct site *site)
{
    struct str domain = site->policy.domain;
    struct web_site *web = &site->web;
    if (e->certificate) {
        web->certificate = expand(e, str_from(e->certificate), domain);
        web->key = expand(e, str_from(e->key), domain);
    }
    if (e->out.n) {
        site->configuration_file = join(e, e->out, "/", domain, e->server->suffix);
        site->out = join(e, e->out, "/mta-sts.", domain, "");
    }
    web->folder = site->out;
    if (e->root || !e->out.n)
        web->folder = expand(e, str_from(e->root ? e->root : ROOT_DEFAULT), domain);
    struct str files = e->out.n ? site->out : web->folder;
    site->policy_file = join(e, files, "/", STR(WEB_POLICY_FILE), "");
    site->page_file = join(e, files, "/", STR(WEB_PAGE_FILE), "");
}

static int make_site(struct export *e, struct site *site)
{
    struct buf text CLEANUP(buf_done), page CLEANUP(buf_done);
    struct web_site *web = &site->web;
    buf_init(&text, TEXT_MAX);
    buf_init(&page, PAGE_MAX);
    web->domain = site->policy.domain;
    place(e, site);
    const struct str paths[] = {web->folder, web->certificate, web->key};
    for (size_t i = 0; i < (e->certificate ? 3 : 1) && !e->arena.failed; i++) {
        if (!is_absolute(paths[i]))
            return refuse_path(e, paths[i]);
    }
    web->comment = comment(e, site);
    e->server->print(web, &text);
    page_write(web->domain, &page);
    site->configuration = arena_str(&e->arena, buf_view(&text));
    site->page = arena_str(&e->arena, buf_view(&page));
    if (!e->arena.failed && !text.failed && !page.failed)
        return CLI_FINE;
    cli_say(e->c, msg_cli_no_memory());
    return CLI_OUTSIDE;
}

static int make_folder(const char *path, struct error *err)
{
    if (mkdir(path, FOLDER_MODE) == 0 || errno == EEXIST)
        return 0;
    return error_set_errno(err, errno, str_from(path));
}

static int write_file(struct export *e, struct file_batch *batch, struct str path,
                      struct str content, struct error *err)
{
    char *name = arena_cstr(&e->arena, path);
    return name ? file_batch_write(batch, name, content, FILE_MODE, err) : error_set_memory(err);
}

/* Configurations last: none ever names a file that is not there. */
static int put_files(struct export *e, struct error *err)
{
    char *folder = arena_cstr(&e->arena, e->out);
    int rc = folder ? file_batch_put(&e->files, folder, err) : error_set_memory(err);
    return rc == 0 ? file_batch_put(&e->configurations, folder, err) : rc;
}

static int write_site(struct export *e, const struct site *site)
{
    struct error err;
    char *folder = arena_cstr(&e->arena, site->out);
    int rc = folder ? make_folder(folder, &err) : error_set_memory(&err);
    if (rc == 0)
        rc = write_file(e, &e->files, site->policy_file, site->policy.text, &err);
    if (rc == 0)
        rc = write_file(e, &e->files, site->page_file, site->page, &err);
    if (rc == 0)
        rc = write_file(e, &e->configurations, site->configuration_file, site->configuration, &err);
    if (rc == 0 && e->configurations.count == SITES_MAX)
        rc = put_files(e, &err);
    return rc < 0 ? cli_fail(e->c, &err) : CLI_FINE;
}

static void put_json(struct export *e, const struct site *site)
{
    struct json_writer *w = &e->w;
    json_open(w, '{');
    json_key(w, "domain");
    json_put_str(w, site->policy.domain);
    json_key(w, "policy_id");
    json_put_str(w, site->policy.id);
    json_key(w, "configuration_file");
    if (e->out.n)
        json_put_str(w, site->configuration_file);
    else
        json_put_null(w);
    json_key(w, "configuration");
    json_put_str(w, site->configuration);
    json_key(w, "policy_file");
    json_put_str(w, site->policy_file);
    json_key(w, "policy");
    json_put_str(w, site->policy.text);
    json_key(w, "page_file");
    json_put_str(w, site->page_file);
    json_key(w, "page");
    json_put_str(w, site->page);
    json_close(w);
}

static void put_text(struct export *e, const struct site *site)
{
    if (e->out.n) {
        cli_put_line(e->c, msg_export_written(site->policy.domain, site->configuration_file,
                                              site->policy_file, site->page_file));
        return;
    }
    if (e->done)
        buf_byte(&e->c->out, '\n');
    buf_str(&e->c->out, site->configuration);
    cli_say(e->c, msg_export_put_files(site->policy.domain, site->policy_file, site->page_file));
}

static int export_policy(struct export *e, const struct store_policy *policy)
{
    struct site site = {.policy = *policy};
    int status = make_site(e, &site);
    if (status == CLI_FINE && e->out.n)
        status = write_site(e, &site);
    if (status != CLI_FINE)
        return status;
    if (e->c->json)
        put_json(e, &site);
    else
        put_text(e, &site);
    e->done++;
    return CLI_FINE;
}

/* A domain of the store; one without a policy is told. */
static int export_domain(struct export *e, struct str domain)
{
    struct store_policy policy;
    struct error err;
    arena_reset(&e->arena);
    int found = store_policy_current(e->store, domain, &e->arena, &policy, &err);
    if (found < 0)
        return cli_fail(e->c, &err);
    if (found == 1)
        return export_policy(e, &policy);
    cli_say(e->c, msg_domain_no_policy(domain));
    return CLI_UNUSABLE;
}

static int export_named(struct export *e, struct node *node)
{
    int status = CLI_FINE;
    for (size_t i = 0; i < e->c->arg_count; i++) {
        struct str domain;
        struct store_domain row;
        int one = cli_domain_argument(e->c, e->c->args[i], &domain);
        if (one == CLI_FINE)
            one = stored_domain(e->c, node, domain, &row);
        if (one == CLI_FINE)
            one = export_domain(e, domain);
        status = cli_worse(status, one);
    }
    return status;
}

static int on_row(void *context, const struct store_domain *row)
{
    struct export *e = context;
    e->seen++;
    snprintf(e->last, sizeof e->last, "%.*s", STR_ARG(row->name));
    if (row->has_policy)
        e->status = cli_worse(e->status, export_domain(e, row->name));
    return 0;
}

static int export_all(struct export *e)
{
    struct error err;
    uint64_t before;
    do {
        before = e->seen;
        if (store_domain_list(e->store, str_from(e->last), 0, on_row, e, &err) < 0)
            return cli_fail(e->c, &err);
    } while (e->seen - before == STORE_PAGE_MAX);
    if (e->done || e->status != CLI_FINE)
        return e->status;
    cli_say(e->c, e->seen ? msg_export_no_policies(str_from(e->last)) : msg_domain_none());
    return CLI_UNUSABLE;
}

/* The folder of --out, made when it is missing, as an absolute path. */
static int find_out(struct export *e)
{
    const char *typed = cli_value(e->c, "out");
    struct error err;
    if (!typed)
        return CLI_FINE;
    if (make_folder(typed, &err) < 0)
        return cli_fail(e->c, &err);
    char *path = realpath(typed, NULL);
    if (!path) {
        error_set_errno(&err, errno, str_from(typed));
        return cli_fail(e->c, &err);
    }
    e->out = arena_str(&e->c->arena, str_from(path));
    free(path);
    return is_absolute(e->out) ? CLI_FINE : refuse_path(e, e->out);
}

static int read_options(struct export *e)
{
    struct cli *c = e->c;
    e->root = cli_value(c, "root");
    e->certificate = cli_value(c, "certificate");
    e->key = cli_value(c, "key");
    if (!e->certificate != !e->key) {
        cli_say(c, msg_export_both_files());
        return CLI_UNUSABLE;
    }
    if (!e->certificate && !e->server->has_own_certificates) {
        e->certificate = CERTIFICATE_DEFAULT;
        e->key = KEY_DEFAULT;
    }
    return CLI_FINE;
}

static void begin_json(struct export *e)
{
    json_writer_init(&e->w, &e->c->out, true);
    if (!e->c->json)
        return;
    json_open(&e->w, '{');
    json_key(&e->w, "sites");
    json_open(&e->w, '[');
}

static int finish(struct export *e)
{
    struct error err;
    if (e->out.n && put_files(e, &err) < 0) {
        buf_reset(&e->c->out); /* it would tell of files that are not there */
        return cli_fail(e->c, &err);
    }
    if (e->c->json) {
        json_close(&e->w);
        json_close(&e->w);
    } else if (e->out.n && e->done) {
        cli_put_line(e->c, e->server->next());
    }
    return CLI_FINE;
}

static void export_done(struct export *e)
{
    file_batch_done(&e->files);
    file_batch_done(&e->configurations);
    arena_done(&e->arena);
}

int export_run(struct cli *c, const struct export_server *server)
{
    struct node node CLEANUP(node_close) = {NULL};
    struct export e CLEANUP(export_done) = {.c = c, .server = server};
    arena_init(&e.arena, ARENA_MAX);
    file_batch_init(&e.files);
    file_batch_init(&e.configurations);
    int status = read_options(&e);
    if (status == CLI_FINE)
        status = stored_open(c, STORE_READ, &node);
    if (status == CLI_FINE)
        status = find_out(&e);
    if (status != CLI_FINE)
        return status;
    e.store = node.store;
    begin_json(&e);
    status = c->arg_count ? export_named(&e, &node) : export_all(&e);
    return cli_worse(status, finish(&e));
}
