/* policy match: which mx line of a policy allows a host. */
#include "base/file.h"
#include "cli/commands.h"
#include "cli/messages.h"
#include "mtasts/policy.h"

#define FILE_MAX ((size_t)64 * 1024 * 1024)

static void put_json(struct cli *c, const struct sts_policy *policy,
                     const struct findings *findings)
{
    struct json_writer w;
    json_writer_init(&w, &c->out, true);
    json_open(&w, '{');
    json_key(&w, "valid");
    json_put_bool(&w, policy != NULL);
    json_key(&w, "hosts");
    json_open(&w, '[');
    for (size_t i = 1; policy && i < c->arg_count; i++) {
        const struct str *pattern = sts_policy_find_mx(policy, str_from(c->args[i]));
        json_open(&w, '{');
        json_key(&w, "host");
        json_put_str(&w, str_from(c->args[i]));
        json_key(&w, "matches");
        json_put_bool(&w, pattern != NULL);
        json_key(&w, "pattern");
        if (pattern)
            json_put_str(&w, *pattern);
        else
            json_put_null(&w);
        json_close(&w);
    }
    json_close(&w);
    json_key(&w, "findings");
    cli_json_findings(c, &w, findings);
    json_close(&w);
}

static void put_text(struct cli *c, const struct sts_policy *policy)
{
    for (size_t i = 1; i < c->arg_count; i++) {
        struct str host = str_from(c->args[i]);
        const struct str *pattern = sts_policy_find_mx(policy, host);
        if (pattern)
            cli_put_line(c, msg_policy_match_yes(host, *pattern));
        else
            cli_put_line(c, msg_policy_match_no(host));
    }
}

static int match_status(const struct cli *c, const struct sts_policy *policy)
{
    for (size_t i = 1; i < c->arg_count; i++) {
        if (!sts_policy_find_mx(policy, str_from(c->args[i])))
            return CLI_BAD_NEWS;
    }
    return CLI_FINE;
}

static int run(struct cli *c)
{
    struct buf text CLEANUP(buf_done);
    struct findings findings;
    struct sts_policy policy;
    struct error err;
    buf_init(&text, FILE_MAX);
    if (file_read(c->args[0], &text, &err) < 0)
        return cli_fail(c, &err);
    findings_init(&findings, &c->arena);
    int result = sts_policy_parse(&policy, buf_view(&text), &findings);
    if (result == -ERROR_TEMPORARY) {
        error_set_memory(&err);
        return cli_fail(c, &err);
    }
    findings_sort(&findings);
    if (c->json)
        put_json(c, result < 0 ? NULL : &policy, &findings);
    if (result < 0) {
        cli_say(c, msg_policy_match_not_valid(str_from(c->args[0])));
        return CLI_UNUSABLE;
    }
    if (!c->json)
        put_text(c, &policy);
    return match_status(c, &policy);
}

static const char *const examples[] = {
    "sealpost policy match mta-sts.txt mx1.example.org mx2.example.org",
    NULL,
};

const struct cli_command cli_policy_match = {
    .name = "policy match",
    .synopsis = "FILE|- HOST...",
    .summary = &MSG_SUMMARY_POLICY_MATCH,
    .examples = examples,
    .args_min = 2,
    .args_max = CLI_ARGS_ANY,
    .run = run,
};
