/* domain add: puts domains into the store. */
#include "base/clock.h"
#include "cli/commands.h"
#include "cli/stored.h"

static void put_one(struct cli *c, struct json_writer *w, struct str name, bool added)
{
    if (c->json) {
        json_open(w, '{');
        json_key(w, "domain");
        json_put_str(w, name);
        json_key(w, "added");
        json_put_bool(w, added);
        json_close(w);
    } else {
        cli_put_line(c, added ? msg_domain_added(name) : msg_domain_was_there(name));
    }
}

static int add_all(struct cli *c, struct node *node, struct json_writer *w)
{
    int status = CLI_FINE;
    for (size_t i = 0; i < c->arg_count; i++) {
        struct error err;
        struct str name;
        int usable = cli_domain_argument(c, c->args[i], &name);
        status = cli_worse(status, usable);
        if (usable != CLI_FINE)
            continue;
        int rc = store_domain_add(node->store, name, clock_now(), &err);
        if (rc < 0)
            return cli_worse(status, cli_fail(c, &err));
        put_one(c, w, name, rc == 1);
    }
    return status;
}

static int run(struct cli *c)
{
    struct node node CLEANUP(node_close) = {NULL};
    struct json_writer w;
    int status = stored_open(c, STORE_WRITE, &node);
    if (status != CLI_FINE)
        return status;
    json_writer_init(&w, &c->out, true);
    if (c->json) {
        json_open(&w, '{');
        json_key(&w, "domains");
        json_open(&w, '[');
    }
    status = add_all(c, &node, &w);
    if (c->json) {
        json_close(&w);
        json_close(&w);
    }
    return status;
}

static const char *const examples[] = {
    "sealpost domain add example.org",
    NULL,
};

static const struct cli_option options[] = {
    CLI_NODE_OPTIONS,
    {.name = NULL},
};

const struct cli_command cli_domain_add = {
    .name = "domain add",
    .synopsis = "DOMAIN...",
    .summary = &MSG_SUMMARY_DOMAIN_ADD,
    .examples = examples,
    .options = options,
    .args_min = 1,
    .args_max = CLI_ARGS_ANY,
    .run = run,
};
