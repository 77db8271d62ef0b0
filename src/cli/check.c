/* check: a domain from outside, step by step, as a sending mail server sees it. */
#include <malloc.h>

#include "cli/check_run.h"
#include "cli/commands.h"

static int run(struct cli *c)
{
    struct check_run run CLEANUP(check_run_close) = {.c = c};
    const char *from = cli_value(c, "from");
    if (cli_flag(c, "rules")) {
        check_put_rules(c);
        return CLI_FINE;
    }
    if (from && c->arg_count)
        return cli_refuse(c, msg_check_from_with_domains());
    if (from && cli_value(c, "html"))
        return cli_refuse(c, msg_check_from_with_html());
    if (!from && !c->arg_count)
        return cli_refuse(c, msg_check_nothing());
    /* The thread of libunbound and ours hand memory to each other; with heaps of their own many
     * checks took a third more. */
    mallopt(M_ARENA_MAX, 1);
    int status = check_run_open(c, &run);
    if (status == CLI_FINE)
        status = check_run_prepare(&run);
    if (status != CLI_FINE)
        return status;
    return from ? check_many(&run, from) : check_given(&run);
}

static const struct cli_option options[] = {
    {"html", "FILE", false, &MSG_CHECK_OPTION_HTML},
    {"from", "FILE", false, &MSG_CHECK_OPTION_FROM},
    {"jobs", "N", false, &MSG_CHECK_OPTION_JOBS},
    {"thorough", NULL, false, &MSG_CHECK_OPTION_THOROUGH},
    {"per-address", "N", false, &MSG_CHECK_OPTION_PER_ADDRESS},
    {"resolver", "ADDRESS", true, &MSG_CHECK_OPTION_RESOLVER},
    {"trust-anchor", "FILE", false, &MSG_CHECK_OPTION_TRUST_ANCHOR},
    {"ca-file", "FILE", false, &MSG_CHECK_OPTION_CA_FILE},
    {"ehlo", "NAME", false, &MSG_CHECK_OPTION_EHLO},
    {"mx", "HOST", true, &MSG_CHECK_OPTION_MX},
    {"connect", "HOST:PORT=ADDRESS:PORT", true, &MSG_CHECK_OPTION_CONNECT},
    {"allow-private", NULL, false, &MSG_CHECK_OPTION_ALLOW_PRIVATE},
    {"probe-rua", NULL, false, &MSG_CHECK_OPTION_PROBE_RUA},
    {"host-timeout", "SECONDS", false, &MSG_CHECK_OPTION_HOST_TIMEOUT},
    {"timeout", "SECONDS", false, &MSG_CHECK_OPTION_TIMEOUT},
    {"rules", NULL, false, &MSG_CHECK_OPTION_RULES},
    CLI_NODE_OPTIONS,
    {.name = NULL},
};

static const char *const examples[] = {
    "sealpost check example.org",
    "sealpost check example.org --html example.org.html",
    "sealpost check --from domains.txt --jobs 200 >results.jsonl",
    NULL,
};

const struct cli_command cli_check = {
    .name = "check",
    .synopsis = "DOMAIN...",
    .summary = &MSG_CHECK_SUMMARY,
    .examples = examples,
    .options = options,
    .args_min = 0,
    .args_max = CLI_ARGS_ANY,
    .run = run,
};
