/* dns lint: whether a sender can use the TXT records that the resolver found. */
#include "cli/commands.h"
#include "cli/messages.h"
#include "mtasts/txt.h"
#include "tlsrpt/txt.h"

/* What is left of the records: one of the two kinds. */
struct usable {
    bool valid, is_tlsrpt;
    struct sts_txt sts;
    struct rpt_txt rpt;
};

static void put_rua_json(struct json_writer *w, const struct usable *u)
{
    json_open(w, '[');
    for (size_t i = 0; u->valid && i < u->rpt.rua_count; i++)
        json_put_str(w, u->rpt.rua[i].uri);
    json_close(w);
}

static void put_json(struct cli *c, const struct usable *u, const struct findings *findings)
{
    struct json_writer w;
    json_writer_init(&w, &c->out, true);
    json_open(&w, '{');
    json_key(&w, "valid");
    json_put_bool(&w, u->valid);
    json_key(&w, u->is_tlsrpt ? "rua" : "id");
    if (u->is_tlsrpt)
        put_rua_json(&w, u);
    else if (u->valid)
        json_put_str(&w, u->sts.id);
    else
        json_put_null(&w);
    json_key(&w, "findings");
    cli_json_findings(c, &w, findings);
    json_close(&w);
}

static void put_text(struct cli *c, const struct usable *u, const struct findings *findings)
{
    if (!u->valid)
        cli_put_line(c, msg_dns_lint_not_usable());
    else if (!u->is_tlsrpt)
        cli_put_line(c, msg_dns_lint_id(u->sts.id));
    for (size_t i = 0; u->valid && u->is_tlsrpt && i < u->rpt.rua_count; i++)
        cli_put_line(c, msg_dns_lint_rua(u->rpt.rua[i].uri));
    cli_put_record_findings(c, findings);
}

static int run(struct cli *c)
{
    struct findings findings;
    struct usable u = {.is_tlsrpt = cli_flag(c, "tlsrpt")};
    struct error err;
    if (u.is_tlsrpt == cli_flag(c, "mta-sts")) {
        cli_say(c, msg_dns_lint_which());
        return CLI_UNUSABLE;
    }
    struct str *records = arena_array(&c->arena, c->arg_count, sizeof *records);
    for (size_t i = 0; records && i < c->arg_count; i++)
        records[i] = str_from(c->args[i]);
    findings_init(&findings, &c->arena);
    int result = -ERROR_TEMPORARY;
    if (records && u.is_tlsrpt)
        result = rpt_txt_parse(&u.rpt, records, c->arg_count, &findings);
    else if (records)
        result = sts_txt_parse(&u.sts, records, c->arg_count, &findings);
    if (result == -ERROR_TEMPORARY) {
        error_set_memory(&err);
        return cli_fail(c, &err);
    }
    u.valid = result == 0;
    findings_sort(&findings);
    if (c->json)
        put_json(c, &u, &findings);
    else
        put_text(c, &u, &findings);
    return u.valid ? CLI_FINE : CLI_BAD_NEWS;
}

static const char *const examples[] = {
    "sealpost dns lint --mta-sts \"v=STSv1; id=20260131T080000Z;\"",
    "sealpost dns lint --tlsrpt \"v=TLSRPTv1; rua=mailto:tls@example.org\"",
    NULL,
};

static const struct cli_option options[] = {
    {"mta-sts", NULL, false, &MSG_OPTION_DNS_MTA_STS},
    {"tlsrpt", NULL, false, &MSG_OPTION_DNS_TLSRPT},
    {.name = NULL},
};

const struct cli_command cli_dns_lint = {
    .name = "dns lint",
    .synopsis = "--mta-sts|--tlsrpt TXT...",
    .summary = &MSG_SUMMARY_DNS_LINT,
    .examples = examples,
    .options = options,
    .args_min = 1,
    .args_max = CLI_ARGS_ANY,
    .run = run,
};
