/* policy set: a new current policy for a domain, from a file or from options. */
#include "base/clock.h"
#include "base/domain.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/policy_json.h"
#include "cli/stored.h"

/* What a first policy has when nothing is said: harmless, and read again within a week. */
#define FIRST_MAX_AGE 604800

/* More than a policy may have, so that a large file is called a large policy. */
#define FILE_MAX ((size_t)16 * 1024 * 1024)

static bool has_options(const struct cli *c)
{
    return cli_flag(c, "mode") || cli_flag(c, "mx") || cli_flag(c, "max-age");
}

/* --mx in the form of a policy: U-labels converted, lower case, no trailing dot. */
static int take_mx(struct cli *c, struct sts_policy *policy)
{
    size_t n = cli_value_count(c, "mx");
    struct str *mx = arena_array(&c->arena, n, sizeof *mx);
    for (size_t i = 0; mx && i < n; i++) {
        struct str typed = str_from(cli_value_at(c, "mx", i));
        struct buf pattern CLEANUP(buf_done);
        buf_init(&pattern, DOMAIN_NAME_MAX + 3);
        if (!sts_mx_pattern_from_user(typed, &pattern)) {
            cli_say(c, msg_policy_set_bad_mx(typed));
            return CLI_UNUSABLE;
        }
        mx[i] = arena_str(&c->arena, buf_view(&pattern));
    }
    policy->mx = mx;
    policy->mx_count = mx ? n : 0;
    return CLI_FINE;
}

/* Changes *policy as the options say. */
static int apply_options(struct cli *c, struct sts_policy *policy)
{
    const char *mode = cli_value(c, "mode"), *max_age = cli_value(c, "max-age");
    uint64_t seconds;
    if (mode && !sts_mode_parse(str_from(mode), &policy->mode)) {
        cli_say(c, msg_policy_set_bad_mode(str_from(mode)));
        return CLI_UNUSABLE;
    }
    if (max_age) {
        if (!str_to_u64(str_from(max_age), &seconds) || seconds > STS_MAX_AGE_MAX) {
            cli_say(c, msg_policy_set_bad_max_age(str_from(max_age), STS_MAX_AGE_MAX));
            return CLI_UNUSABLE;
        }
        policy->max_age = (uint32_t)seconds;
    }
    return cli_flag(c, "mx") ? take_mx(c, policy) : CLI_FINE;
}

/* The MX hosts that setup saw; NULL when it saw none. */
static struct str *known_mx(struct cli *c, struct node *node, struct str name, size_t *count)
{
    struct str joined, host;
    *count = 0;
    if (store_setting_get(node->store, name, STORE_SETTING_MX, &c->arena, &joined, NULL) != 1 ||
        joined.n == 0)
        return NULL;
    size_t n = 1;
    for (size_t i = 0; i < joined.n; i++)
        n += joined.p[i] == ' ';
    struct str *hosts = arena_array(&c->arena, n, sizeof *hosts);
    while (hosts && joined.n) {
        str_cut(joined, ' ', &host, &joined);
        hosts[(*count)++] = host;
    }
    return hosts;
}

/* A policy of mode none without mx lines gets those of the policy before, or the MX hosts that
 * setup saw: a widely used reader refuses it otherwise, and keeps the old policy. */
static int keep_mx(struct cli *c, struct node *node, struct str name, struct sts_policy *policy)
{
    struct store_policy row;
    struct error err;
    if (policy->mode != STS_MODE_NONE || policy->mx_count)
        return CLI_FINE;
    int rc = store_policy_current(node->store, name, &c->arena, &row, &err);
    if (rc < 0)
        return cli_fail(c, &err);
    if (rc == 1 && row.policy.mx_count) {
        policy->mx = row.policy.mx;
        policy->mx_count = row.policy.mx_count;
        return CLI_FINE;
    }
    policy->mx = known_mx(c, node, name, &policy->mx_count);
    return CLI_FINE;
}

/* The current policy, or the first one of a domain, with the options applied. */
static int from_options(struct cli *c, struct node *node, struct str name,
                        struct sts_policy *policy)
{
    struct store_policy row;
    struct error err;
    int rc = store_policy_current(node->store, name, &c->arena, &row, &err);
    if (rc < 0)
        return cli_fail(c, &err);
    if (rc == 1)
        *policy = row.policy;
    else
        *policy = (struct sts_policy){.mode = STS_MODE_TESTING, .max_age = FIRST_MAX_AGE};
    int status = apply_options(c, policy);
    if (status == CLI_FINE)
        status = keep_mx(c, node, name, policy);
    if (status != CLI_FINE)
        return status;
    if (policy->mx_count == 0) {
        cli_say(c, msg_policy_set_no_mx(name));
        return CLI_UNUSABLE;
    }
    return CLI_FINE;
}

/* The policy of a file, which must be valid as it stands. */
static int from_file(struct cli *c, const char *path, struct sts_policy *policy)
{
    struct buf text CLEANUP(buf_done);
    struct findings findings;
    struct error err;
    buf_init(&text, FILE_MAX);
    findings_init(&findings, &c->arena);
    if (file_read(path, &text, &err) < 0)
        return cli_worse(CLI_UNUSABLE, cli_fail(c, &err));
    int rc = sts_policy_parse(policy, buf_view(&text), &findings);
    if (rc == 0)
        return CLI_FINE;
    if (rc == -ERROR_TEMPORARY) {
        error_set_memory(&err);
        return cli_fail(c, &err);
    }
    cli_say(c, msg_policy_set_not_valid(str_from(path)));
    for (const struct finding *f = findings.first; f; f = f->next) {
        if (f->severity == SEVERITY_ERROR)
            cli_say(c, f->msg);
    }
    return CLI_UNUSABLE;
}

static void put_json(struct cli *c, struct str name, const struct sts_policy *policy, bool changed,
                     struct str id, const struct findings *findings)
{
    struct json_writer w;
    json_writer_init(&w, &c->out, true);
    json_open(&w, '{');
    json_key(&w, "domain");
    json_put_str(&w, name);
    json_key(&w, "changed");
    json_put_bool(&w, changed);
    json_key(&w, "id");
    json_put_str(&w, id);
    json_key(&w, "policy");
    cli_json_policy(&w, policy);
    json_key(&w, "findings");
    cli_json_findings(c, &w, findings);
    json_close(&w);
}

static int set(struct cli *c, struct node *node, struct str name, const struct sts_policy *policy)
{
    struct store_policy_id id = {.text = ""};
    struct findings findings;
    struct error err;
    int rc = store_policy_set(node->store, name, policy, clock_now(), &id, &err);
    if (rc < 0)
        return cli_fail(c, &err);
    findings_init(&findings, &c->arena);
    struct sts_lint_context context;
    context.mx_hosts = known_mx(c, node, name, &context.mx_host_count);
    sts_policy_lint(policy, STR(""), &context, &findings);
    if (c->json) {
        put_json(c, name, policy, rc == 1, str_from(id.text), &findings);
        return CLI_FINE;
    }
    struct str mode = str_from(sts_mode_name(policy->mode));
    cli_put_line(c, rc == 1 ? msg_policy_set_changed(name, mode, str_from(id.text))
                            : msg_policy_set_unchanged(name, str_from(id.text)));
    cli_put_findings(c, &findings);
    if (rc == 1)
        cli_put_line(c, msg_policy_set_next(name));
    return CLI_FINE;
}

static int run(struct cli *c)
{
    struct node node CLEANUP(node_close) = {NULL};
    struct store_domain domain;
    struct sts_policy policy = {.mx_count = 0};
    struct str name;
    bool file = c->arg_count > 1;
    if (file == has_options(c)) {
        cli_say(c, file ? msg_policy_set_both() : msg_policy_set_neither());
        return CLI_UNUSABLE;
    }
    int status = cli_domain_argument(c, c->args[0], &name);
    if (status == CLI_FINE)
        status = stored_open(c, STORE_WRITE, &node);
    if (status == CLI_FINE)
        status = stored_domain(c, &node, name, &domain);
    if (status == CLI_FINE)
        status = file ? from_file(c, c->args[1], &policy) : from_options(c, &node, name, &policy);
    if (status == CLI_FINE && file)
        status = keep_mx(c, &node, name, &policy);
    return status == CLI_FINE ? set(c, &node, name, &policy) : status;
}

static const char *const examples[] = {
    "sealpost policy set example.org --mode testing --mx mx1.example.org --mx mx2.example.org",
    "sealpost policy set example.org --max-age 1209600",
    "sealpost policy set example.org mta-sts.txt",
    NULL,
};

static const struct cli_option options[] = {
    {"mode", "MODE", false, &MSG_OPTION_POLICY_SET_MODE},
    {"mx", "PATTERN", true, &MSG_OPTION_POLICY_SET_MX},
    {"max-age", "SECONDS", false, &MSG_OPTION_POLICY_SET_MAX_AGE},
    CLI_NODE_OPTIONS,
    {.name = NULL},
};

const struct cli_command cli_policy_set = {
    .name = "policy set",
    .synopsis = "DOMAIN [FILE|-]",
    .summary = &MSG_SUMMARY_POLICY_SET,
    .examples = examples,
    .options = options,
    .args_min = 1,
    .args_max = 2,
    .run = run,
};
