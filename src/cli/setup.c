#include "cli/setup.h"

#include "base/clock.h"
#include "cli/commands.h"
#include "cli/domain_argument.h"
#include "cli/messages.h"
#include "cli/node.h"
#include "mtasts/policy_host.h"
#include "store/acme.h"

/* RFC 8461 3.2 recommends weeks, once all is well; while testing a day and a second is short enough
 * to change one's mind and long enough for those who send no reports below a day. */
#define TESTING_MAX_AGE 86401

/* The policy that the domain has stays as it is: its mode may be the work of weeks. */
static int use_current_policy(struct setup *s, struct store *store)
{
    struct store_policy current;
    struct error err;
    int found = store_policy_current(store, s->domain, &s->c->arena, &current, &err);
    if (found < 0)
        return cli_fail(s->c, &err);
    if (found == 1) {
        s->had_policy = true;
        s->policy = current.policy;
        s->policy_id = current.id;
    }
    return CLI_FINE;
}

static int make_policy(struct setup *s, struct store *store)
{
    struct store_policy_id id;
    struct error err;
    s->policy = (struct sts_policy){.mode = STS_MODE_TESTING,
                                    .max_age = TESTING_MAX_AGE,
                                    .mx_count = s->mx.count,
                                    .mx = s->mx.at};
    int changed = store_policy_set(store, s->domain, &s->policy, clock_now(), &id, &err);
    if (changed < 0)
        return cli_fail(s->c, &err);
    s->changed = true;
    s->policy_id = arena_str(&s->c->arena, str_from(id.text));
    return CLI_FINE;
}

static int write_setting(struct setup *s, struct store *store, struct str key,
                         const struct setup_words *words)
{
    struct error err;
    int changed = store_setting_set(store, s->domain, key, setup_join(s, words), &err);
    if (changed < 0)
        return cli_fail(s->c, &err);
    s->changed |= changed == 1;
    return CLI_FINE;
}

static int write_all(struct setup *s, struct store *store)
{
    struct error err;
    int added = store_domain_add(store, s->domain, clock_now(), &err);
    if (added < 0)
        return cli_fail(s->c, &err);
    s->changed |= added == 1;
    int status = use_current_policy(s, store);
    if (status == CLI_FINE && !s->had_policy)
        status = make_policy(s, store);
    if (status == CLI_FINE)
        status = write_setting(s, store, STORE_SETTING_MX, &s->mx);
    if (status == CLI_FINE)
        status = write_setting(s, store, STORE_SETTING_ADDRESSES, &s->addresses);
    if (status == CLI_FINE)
        status = write_setting(s, store, STORE_SETTING_RUA, &s->rua);
    return status;
}

/* The keys' part of the store is not for everybody: whoever may not read it is told the whole way.
 */
static enum setup_certificate find_certificate(const struct setup *s, const struct node *node)
{
    const struct store_options read_secrets = {.access = {[STORE_SECRETS] = STORE_READ}};
    const char *path = cli_value(s->c, "store");
    enum setup_certificate found = SETUP_CERTIFICATE_UNKNOWN;
    char host[POLICY_HOST_SIZE];
    struct store *secrets;
    int64_t id;
    if (store_open(&secrets, path ? path : node->config->store.path.p, &read_secrets, NULL) < 0)
        return found;
    if (store_certificate_find(secrets, policy_host_of(s->domain, host), &id, NULL) == 1)
        found = SETUP_CERTIFICATE_THERE;
    else if (store_ca_any(secrets, NULL) == 1)
        found = SETUP_CERTIFICATE_AHEAD;
    store_close(secrets);
    return found;
}

static int run(struct cli *c)
{
    struct setup s = {.c = c};
    struct node node CLEANUP(node_close);
    const struct store_options options = {.access = {[STORE_CONTROL] = STORE_WRITE}};
    int status = cli_domain_argument(c, c->args[0], &s.domain);
    if (status == CLI_FINE)
        status = node_open(c, &options, &node);
    if (status == CLI_FINE)
        status = setup_find_mx(&s, &node.dns);
    if (status == CLI_FINE)
        status = setup_find_addresses(&s, node.store);
    if (status == CLI_FINE)
        status = setup_find_rua(&s, node.store);
    if (status == CLI_FINE)
        status = write_all(&s, node.store);
    if (status == CLI_FINE)
        s.certificate = find_certificate(&s, &node);
    return status == CLI_FINE ? setup_print(&s) : status;
}

static const struct cli_option options[] = {
    {"mx", "HOST", true, &MSG_OPTION_SETUP_MX},
    {"address", "ADDRESS", true, &MSG_OPTION_SETUP_ADDRESS},
    {"rua", "URI", true, &MSG_OPTION_SETUP_RUA},
    {"allow-private", NULL, false, &MSG_OPTION_SETUP_ALLOW_PRIVATE},
    CLI_NODE_OPTIONS,
    {.name = NULL},
};

static const char *const examples[] = {
    "sealpost setup example.org",
    "sealpost setup example.org --address 198.51.100.7 --rua mailto:tls-reports@example.org",
    NULL,
};

const struct cli_command cli_setup = {
    .name = "setup",
    .synopsis = "DOMAIN",
    .summary = &MSG_SUMMARY_SETUP,
    .examples = examples,
    .options = options,
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
