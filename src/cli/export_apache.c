/* export apache: the virtual hosts with which Apache serves the policies of this store. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/domain.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/stored.h"
#include "publish/apache.h"

#define CERTIFICATE_DEFAULT "/etc/letsencrypt/live/mta-sts.DOMAIN/fullchain.pem"
#define KEY_DEFAULT         "/etc/letsencrypt/live/mta-sts.DOMAIN/privkey.pem"
#define ROOT_DEFAULT        "/var/www/mta-sts.DOMAIN"

#define TEXT_MAX    ((size_t)1024 * 1024) /* of one configuration */
#define ARENA_MAX   ((size_t)8 * 1024 * 1024)
#define FOLDER_MODE 0755
#define FILE_MODE   0644

struct export
{
    struct cli *c;
    struct store *store;
    struct json_writer w;
    struct str out; /* the folder to write to, absolute; empty: standard output */
    const char *root, *certificate, *key;
    struct arena arena;             /* of one domain */
    char last[DOMAIN_NAME_MAX + 1]; /* where the next page of the store's domains begins */
    uint64_t seen, done;
    int status;
};

/* One domain, its texts and where they go. */
struct site {
    struct store_policy policy;
    struct apache_site apache;
    struct str configuration; /* the text */
    struct str configuration_file, policy_file;
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
    struct str served = join(e, site->apache.folder, "/", STR(APACHE_POLICY_FILE), "");
    struct msg lines[] = {
        msg_export_comment(site->policy.domain),
        msg_export_comment_modules(),
        msg_export_comment_policy(served, site->policy.id),
    };
    buf_init(&text, TEXT_MAX);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
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
    return str_starts(path, STR("/")) && apache_path_ok(path);
}

static int make_site(struct export *e, struct site *site)
{
    struct buf text CLEANUP(buf_done);
    struct str domain = site->policy.domain;
    struct apache_site *a = &site->apache;
    buf_init(&text, TEXT_MAX);
    a->domain = domain;
    a->certificate = expand(e, str_from(e->certificate), domain);
    a->key = expand(e, str_from(e->key), domain);
    if (e->out.n) {
        site->configuration_file = join(e, e->out, "/", domain, ".conf");
        a->folder = join(e, e->out, "/mta-sts.", domain, "");
        site->policy_file = join(e, a->folder, "/", STR(APACHE_POLICY_FILE), "");
    }
    if (e->root || !e->out.n)
        a->folder = expand(e, str_from(e->root ? e->root : ROOT_DEFAULT), domain);
    if (!e->out.n)
        site->policy_file = join(e, a->folder, "/", STR(APACHE_POLICY_FILE), "");
    const struct str paths[] = {a->folder, a->certificate, a->key};
    for (size_t i = 0; i < ARRAY_LEN(paths) && !e->arena.failed; i++) {
        if (!is_absolute(paths[i]))
            return refuse_path(e, paths[i]);
    }
    a->comment = comment(e, site);
    apache_print_site(a, &text);
    site->configuration = arena_str(&e->arena, buf_view(&text));
    if (!e->arena.failed && !text.failed)
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

/* The policy first: a configuration never names a file that is not there. */
static int write_site(struct export *e, const struct site *site)
{
    struct error err;
    char *folder = arena_cstr(&e->arena, join(e, e->out, "/mta-sts.", site->policy.domain, ""));
    char *policy = arena_cstr(&e->arena, site->policy_file);
    char *configuration = arena_cstr(&e->arena, site->configuration_file);
    int rc = folder && policy && configuration ? make_folder(folder, &err) : error_set_memory(&err);
    if (rc == 0)
        rc = file_write(policy, site->policy.text, FILE_MODE, &err);
    if (rc == 0)
        rc = file_write(configuration, site->configuration, FILE_MODE, &err);
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
    json_close(w);
}

static void put_text(struct export *e, const struct site *site)
{
    if (e->out.n) {
        cli_put_line(e->c, msg_export_written(site->policy.domain, site->configuration_file,
                                              site->policy_file));
        return;
    }
    if (e->done)
        buf_byte(&e->c->out, '\n');
    buf_str(&e->c->out, site->configuration);
    cli_say(e->c, msg_export_put_policy(site->policy.domain, site->policy_file));
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
    if (!e->certificate) {
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

static void finish(struct export *e)
{
    if (e->c->json) {
        json_close(&e->w);
        json_close(&e->w);
    } else if (e->out.n && e->done) {
        cli_put_line(e->c, msg_export_next());
    }
}

static void export_done(struct export *e)
{
    arena_done(&e->arena);
}

static int run(struct cli *c)
{
    struct node node CLEANUP(node_close) = {NULL};
    struct export e CLEANUP(export_done) = {.c = c};
    arena_init(&e.arena, ARENA_MAX);
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
    finish(&e);
    return status;
}

static const struct cli_option options[] = {
    {"out", "FOLDER", false, &MSG_EXPORT_OPTION_OUT},
    {"certificate", "FILE", false, &MSG_EXPORT_OPTION_CERTIFICATE},
    {"key", "FILE", false, &MSG_EXPORT_OPTION_KEY},
    {"root", "FOLDER", false, &MSG_EXPORT_OPTION_ROOT},
    CLI_NODE_OPTIONS,
    {.name = NULL},
};

static const char *const examples[] = {
    "sealpost export apache example.org --out /etc/apache2/mta-sts",
    "sealpost export apache example.org >mta-sts.example.org.conf",
    NULL,
};

const struct cli_command cli_export_apache = {
    .name = "export apache",
    .synopsis = "[DOMAIN...]",
    .summary = &MSG_EXPORT_APACHE_SUMMARY,
    .examples = examples,
    .options = options,
    .args_min = 0,
    .args_max = CLI_ARGS_ANY,
    .run = run,
};
