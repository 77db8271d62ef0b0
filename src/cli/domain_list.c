/* domain list: the domains of the store with the modes of their policies. */
#include "base/domain.h"
#include "cli/commands.h"
#include "cli/stored.h"

struct listing {
    struct cli *c;
    struct json_writer w;
    char last[DOMAIN_NAME_MAX + 1]; /* where the next page begins */
    uint64_t rows;
};

static void put_json_row(struct json_writer *w, const struct store_domain *row)
{
    json_open(w, '{');
    json_key(w, "domain");
    json_put_str(w, row->name);
    json_key(w, "created");
    json_put_time(w, row->created);
    json_key(w, "mode");
    if (row->has_policy)
        json_put_str(w, str_from(sts_mode_name(row->mode)));
    else
        json_put_null(w);
    json_key(w, "policy_id");
    if (row->has_policy)
        json_put_str(w, row->policy_id);
    else
        json_put_null(w);
    json_close(w);
}

static int put_row(void *context, const struct store_domain *row)
{
    struct listing *list = context;
    list->rows++;
    snprintf(list->last, sizeof list->last, "%.*s", STR_ARG(row->name));
    if (list->c->json)
        put_json_row(&list->w, row);
    else if (row->has_policy)
        cli_put_line(list->c,
                     msg_domain_row(row->name, str_from(sts_mode_name(row->mode)), row->policy_id));
    else
        cli_put_line(list->c, msg_domain_row_no_policy(row->name));
    return 0;
}

/* Page by page, so that no transaction stays open for long. */
static int put_pages(struct store *store, struct listing *list, struct error *err)
{
    uint64_t before;
    do {
        before = list->rows;
        int rc = store_domain_list(store, str_from(list->last), 0, put_row, list, err);
        if (rc < 0)
            return rc;
    } while (list->rows - before == STORE_PAGE_MAX);
    return 0;
}

static int run(struct cli *c)
{
    struct node node CLEANUP(node_close) = {NULL};
    struct listing list = {.c = c};
    struct error err;
    int status = stored_open(c, STORE_READ, &node);
    if (status != CLI_FINE)
        return status;
    json_writer_init(&list.w, &c->out, true);
    if (c->json) {
        json_open(&list.w, '{');
        json_key(&list.w, "domains");
        json_open(&list.w, '[');
    }
    if (put_pages(node.store, &list, &err) < 0) {
        buf_reset(&c->out);
        return cli_fail(c, &err);
    }
    if (c->json) {
        json_close(&list.w);
        json_close(&list.w);
    } else if (list.rows == 0) {
        cli_put_line(c, msg_domain_none());
    }
    return CLI_FINE;
}

static const char *const examples[] = {
    "sealpost domain list",
    NULL,
};

static const struct cli_option options[] = {
    CLI_NODE_OPTIONS,
    {.name = NULL},
};

const struct cli_command cli_domain_list = {
    .name = "domain list",
    .synopsis = "",
    .summary = &MSG_SUMMARY_DOMAIN_LIST,
    .examples = examples,
    .options = options,
    .args_min = 0,
    .args_max = 0,
    .run = run,
};
