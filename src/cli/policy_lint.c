/* policy lint: whether a policy is valid, and what is unwise about it. */
#include "base/file.h"
#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/policy_json.h"
#include "mtasts/policy.h"

/* Far beyond what a policy may have, so that a large one is called too large and not unreadable. */
#define FILE_MAX ((size_t)64 * 1024 * 1024)

/* The hosts given with --mx, in the arena. */
static struct sts_lint_context mx_hosts(struct cli *c)
{
    size_t n = cli_value_count(c, "mx");
    struct str *hosts = n ? arena_array(&c->arena, n, sizeof *hosts) : NULL;
    for (size_t i = 0; hosts && i < n; i++)
        hosts[i] = str_from(cli_value_at(c, "mx", i));
    return (struct sts_lint_context){hosts, hosts ? n : 0};
}

/* policy is NULL when the text is not valid. */
static void put_json(struct cli *c, const struct sts_policy *policy,
                     const struct findings *findings)
{
    struct json_writer w;
    json_writer_init(&w, &c->out, true);
    json_open(&w, '{');
    json_key(&w, "valid");
    json_put_bool(&w, policy != NULL);
    json_key(&w, "policy");
    cli_json_policy(&w, policy);
    json_key(&w, "findings");
    cli_json_findings(c, &w, findings);
    json_close(&w);
}

static void put_text(struct cli *c, const struct sts_policy *policy,
                     const struct findings *findings)
{
    if (policy)
        cli_put_line(c, msg_policy_lint_valid(str_from(sts_mode_name(policy->mode)),
                                              policy->mx_count, policy->max_age));
    else
        cli_put_line(c, msg_policy_lint_not_valid(findings->errors));
    cli_put_findings(c, findings);
}

static int run(struct cli *c)
{
    struct buf text CLEANUP(buf_done);
    struct findings findings;
    struct sts_policy policy;
    struct error err;
    buf_init(&text, FILE_MAX);
    if (file_read(c->args[0], &text, &err) < 0)
        return cli_worse(CLI_UNUSABLE, cli_fail(c, &err));
    findings_init(&findings, &c->arena);
    int result = sts_policy_parse(&policy, buf_view(&text), &findings);
    if (result == -ERROR_TEMPORARY) {
        error_set_memory(&err);
        return cli_fail(c, &err);
    }
    bool valid = result == 0;
    if (valid) {
        const struct sts_lint_context context = mx_hosts(c);
        sts_policy_lint(&policy, buf_view(&text), &context, &findings);
    }
    findings_sort(&findings);
    if (c->json)
        put_json(c, valid ? &policy : NULL, &findings);
    else
        put_text(c, valid ? &policy : NULL, &findings);
    return valid ? CLI_FINE : CLI_BAD_NEWS;
}

static const char *const examples[] = {
    "sealpost policy lint mta-sts.txt --mx mx1.example.org --mx mx2.example.org",
    "sealpost policy lint - --json <mta-sts.txt",
    NULL,
};

static const struct cli_option options[] = {
    {"mx", "HOST", true, &MSG_OPTION_POLICY_MX},
    {.name = NULL},
};

const struct cli_command cli_policy_lint = {
    .name = "policy lint",
    .synopsis = "FILE|-",
    .summary = &MSG_SUMMARY_POLICY_LINT,
    .examples = examples,
    .options = options,
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
