/* cert list: the certificates of the store, and how long they last. */
#include "base/clock.h"
#include "cli/cert.h"
#include "cli/cert_missing.h"
#include "cli/commands.h"
#include "cli/stored.h"
#include "store/messages.h"

#define DAY       86400
#define NAMES_MAX ((size_t)64 * 1024)

struct listing {
    struct cli *c;
    struct json_writer w;
    int64_t now;
    uint64_t rows;
};

struct str cert_names(struct cli *c, const struct store_certificate *row)
{
    struct buf names CLEANUP(buf_done);
    buf_init(&names, NAMES_MAX);
    for (size_t i = 0; i < row->name_count; i++) {
        if (i)
            buf_cstr(&names, ", ");
        buf_str(&names, row->names[i]);
    }
    return arena_str(&c->arena, buf_view(&names));
}

void cert_json_members(struct json_writer *w, const struct store_certificate *row)
{
    json_key(w, "id");
    json_put_i64(w, row->id);
    json_key(w, "names");
    json_open(w, '[');
    for (size_t i = 0; i < row->name_count; i++)
        json_put_str(w, row->names[i]);
    json_close(w);
    json_key(w, "not_before");
    json_put_time(w, row->not_before);
    json_key(w, "not_after");
    json_put_time(w, row->not_after);
    json_key(w, "source");
    json_put_str(w, row->source);
    json_key(w, "created");
    json_put_time(w, row->created);
}

static void put_row_json(struct json_writer *w, const struct store_certificate *row)
{
    json_open(w, '{');
    cert_json_members(w, row);
    json_close(w);
}

static int put_row(void *context, const struct store_certificate *row)
{
    struct listing *list = context;
    list->rows++;
    if (list->c->json) {
        put_row_json(&list->w, row);
        return 0;
    }
    struct str names = cert_names(list->c, row);
    if (row->not_after <= list->now)
        cli_put_line(list->c, msg_cert_row_expired(names, row->not_after, row->id));
    else
        cli_put_line(list->c, msg_cert_row(names, row->not_after,
                                           (uint64_t)(row->not_after - list->now) / DAY, row->id));
    return 0;
}

/* The certificates, where any were ever kept: the keys' database is made by who first writes it. */
static int open_secrets(struct cli *c, const struct node *node, struct store **secrets)
{
    const struct store_options read_secrets = {.access = {[STORE_SECRETS] = STORE_READ}};
    const char *path = cli_value(c, "store");
    struct error err;
    if (store_open(secrets, path ? path : node->config->store.path.p, &read_secrets, &err) == 0)
        return CLI_FINE;
    *secrets = NULL;
    return error_is(&err, &MSG_STORE_MISSING) ? CLI_FINE : cli_fail(c, &err);
}

static int put_all(struct listing *list, struct store *control, struct store *secrets,
                   struct error *err)
{
    struct cert_missing missing = {list->c, control, secrets, &list->w, 0};
    int rc = 0;
    if (list->c->json) {
        json_open(&list->w, '{');
        json_key(&list->w, "certificates");
        json_open(&list->w, '[');
    }
    if (secrets)
        rc = store_certificate_list(secrets, put_row, list, err);
    if (list->c->json) {
        json_close(&list->w);
        json_key(&list->w, "missing");
        json_open(&list->w, '[');
    }
    if (rc == 0)
        rc = cert_missing_put(&missing, err);
    if (list->c->json) {
        json_close(&list->w);
        json_close(&list->w);
    } else if (!list->rows && !missing.rows) {
        cli_put_line(list->c, msg_cert_none());
    }
    return rc;
}

static int run(struct cli *c)
{
    struct node node CLEANUP(node_close) = {NULL};
    struct store *secrets CLEANUP(store_closep) = NULL;
    struct listing list = {.c = c, .now = clock_now()};
    struct error err;
    int status = stored_open(c, STORE_READ, &node);
    if (status == CLI_FINE)
        status = open_secrets(c, &node, &secrets);
    if (status != CLI_FINE)
        return status;
    json_writer_init(&list.w, &c->out, true);
    if (put_all(&list, node.store, secrets, &err) < 0) {
        buf_reset(&c->out);
        return cli_fail(c, &err);
    }
    return CLI_FINE;
}

static const char *const examples[] = {
    "sealpost cert list",
    NULL,
};

static const struct cli_option options[] = {
    CLI_NODE_OPTIONS,
    {.name = NULL},
};

const struct cli_command cli_cert_list = {
    .name = "cert list",
    .synopsis = "",
    .summary = &MSG_SUMMARY_CERT_LIST,
    .examples = examples,
    .options = options,
    .args_min = 0,
    .args_max = 0,
    .run = run,
};
