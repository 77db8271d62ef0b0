/* cert ca list: the certificate authorities, in the order in which they are asked. */
#include "base/clock.h"
#include "cli/cert_ca.h"
#include "cli/commands.h"

struct listing {
    struct cli *c;
    struct json_writer w;
    int64_t now;
    uint64_t rows;
};

static void put_text(struct json_writer *w, const char *key, struct str value)
{
    json_key(w, key);
    if (value.n)
        json_put_str(w, value);
    else
        json_put_null(w);
}

/* Keys stay where they are. */
static void put_json(struct json_writer *w, const struct store_ca *row, int64_t now)
{
    json_open(w, '{');
    json_key(w, "name");
    json_put_str(w, row->name);
    json_key(w, "directory");
    json_put_str(w, row->directory);
    json_key(w, "challenge");
    json_put_str(w, row->challenge);
    json_key(w, "key_type");
    json_put_str(w, row->key_type);
    put_text(w, "profile", row->profile);
    put_text(w, "preferred_chain", row->preferred_chain);
    put_text(w, "contact", row->contact);
    put_text(w, "terms", row->terms);
    put_text(w, "eab_kid", row->eab_kid);
    put_text(w, "account", row->account);
    json_key(w, "blocked_until");
    if (row->blocked_until > now)
        json_put_time(w, row->blocked_until);
    else
        json_put_null(w);
    json_key(w, "failures");
    json_put_u64(w, row->failures);
    json_close(w);
}

static void put_text_row(struct cli *c, const struct store_ca *row, int64_t now)
{
    cli_put_line(c, msg_cert_ca_row(row->name, row->directory, row->challenge, row->key_type));
    if (row->profile.n)
        cli_put_line(c, msg_cert_ca_row_profile(row->profile));
    cli_put_line(c, row->account.n ? msg_cert_ca_row_account(row->account)
                                   : msg_cert_ca_row_no_account());
    if (row->failures)
        cli_put_line(c, msg_cert_ca_row_silent(row->failures, row->blocked_until));
    else if (row->blocked_until > now)
        cli_put_line(c, msg_cert_ca_row_blocked(row->blocked_until));
}

static int put_row(void *context, const struct store_ca *row)
{
    struct listing *list = context;
    list->rows++;
    if (list->c->json)
        put_json(&list->w, row, list->now);
    else
        put_text_row(list->c, row, list->now);
    return 0;
}

static int run(struct cli *c)
{
    struct node node CLEANUP(node_close) = {NULL};
    struct listing list = {.c = c, .now = clock_now()};
    struct error err;
    const struct store_options read_secrets = {.access = {[STORE_SECRETS] = STORE_READ}};
    int status = node_open(c, &read_secrets, &node);
    if (status != CLI_FINE)
        return status;
    json_writer_init(&list.w, &c->out, true);
    if (c->json) {
        json_open(&list.w, '{');
        json_key(&list.w, "authorities");
        json_open(&list.w, '[');
    }
    if (store_ca_each(node.store, put_row, &list, &err) < 0) {
        buf_reset(&c->out);
        return cli_fail(c, &err);
    }
    if (c->json) {
        json_close(&list.w);
        json_close(&list.w);
    } else if (!list.rows) {
        cli_put_line(c, msg_cert_ca_none());
    }
    return CLI_FINE;
}

static const char *const examples[] = {
    "sealpost cert ca list",
    NULL,
};

static const struct cli_option options[] = {
    CLI_NODE_OPTIONS,
    {.name = NULL},
};

const struct cli_command cli_cert_ca_list = {
    .name = "cert ca list",
    .synopsis = "",
    .summary = &MSG_SUMMARY_CERT_CA_LIST,
    .examples = examples,
    .options = options,
    .args_min = 0,
    .args_max = 0,
    .run = run,
};
