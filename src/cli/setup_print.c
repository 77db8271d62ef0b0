#include "cli/messages.h"
#include "cli/setup.h"

static void json_words(struct json_writer *w, const char *key, const struct setup_words *words)
{
    json_key(w, key);
    json_open(w, '[');
    for (size_t i = 0; i < words->count; i++)
        json_put_str(w, words->at[i]);
    json_close(w);
}

static void json_policy(struct json_writer *w, const struct setup *s)
{
    json_key(w, "policy");
    json_open(w, '{');
    json_key(w, "id");
    json_put_str(w, s->policy_id);
    json_key(w, "mode");
    json_put_str(w, str_from(sts_mode_name(s->policy.mode)));
    json_key(w, "max_age");
    json_put_u64(w, s->policy.max_age);
    json_key(w, "mx");
    json_open(w, '[');
    for (size_t i = 0; i < s->policy.mx_count; i++)
        json_put_str(w, s->policy.mx[i]);
    json_close(w);
    json_close(w);
}

static void print_json(struct setup *s, const struct records *records)
{
    struct json_writer w;
    json_writer_init(&w, &s->c->out, true);
    json_open(&w, '{');
    json_key(&w, "domain");
    json_put_str(&w, s->domain);
    json_key(&w, "changed");
    json_put_bool(&w, s->changed);
    json_words(&w, "mx", &s->mx);
    json_policy(&w, s);
    json_key(&w, "records");
    cli_json_records(&w, records);
    json_close(&w);
}

static void print_policy_line(struct setup *s)
{
    struct str mode = str_from(sts_mode_name(s->policy.mode));
    struct cli *c = s->c;
    if (s->had_policy)
        cli_put_line(c, msg_setup_policy_kept(s->domain, mode, s->policy_id));
    else
        cli_put_line(c, msg_setup_policy_made(s->domain, mode, s->policy_id));
    for (size_t i = 0; i < s->policy.mx_count; i++) {
        buf_cstr(&c->out, "  mx: ");
        buf_str(&c->out, s->policy.mx[i]);
        buf_byte(&c->out, '\n');
    }
    if (s->mx_implicit)
        cli_put_line(c, msg_setup_mx_implicit(s->domain));
}

/* An MX host that the kept policy does not name would lose its mail in enforce. */
static void print_uncovered(struct setup *s)
{
    for (size_t i = 0; i < s->mx.count; i++) {
        if (!str_starts(s->mx.at[i], STR("*.")) && !sts_policy_find_mx(&s->policy, s->mx.at[i]))
            cli_say(s->c, msg_setup_mx_not_in_policy(s->mx.at[i], s->domain));
    }
}

static struct msg certificate_step(const struct setup *s)
{
    switch (s->certificate) {
    case SETUP_CERTIFICATE_THERE:
        return msg_setup_step_certificate_there(s->domain);
    case SETUP_CERTIFICATE_AHEAD:
        return msg_setup_step_certificate_ahead(s->domain);
    case SETUP_CERTIFICATE_UNKNOWN:
        break;
    }
    return msg_setup_step_certificate(s->domain);
}

static void print_steps(struct setup *s)
{
    struct cli *c = s->c;
    buf_byte(&c->out, '\n');
    cli_style(c, CLI_BOLD);
    cli_put(c, MSG_TEXT, msg_setup_next());
    cli_style(c, CLI_PLAIN);
    buf_byte(&c->out, '\n');
    cli_put_line(c, msg_setup_step_address(s->domain));
    cli_put_line(c, certificate_step(s));
    cli_put_line(c, msg_setup_step_try(s->domain));
    cli_put_line(c, msg_setup_step_txt(s->domain));
    cli_put_line(c, msg_setup_step_check(s->domain));
    cli_put_line(c, msg_setup_step_wait());
}

int setup_print(struct setup *s)
{
    struct records_input input = {
        .domain = s->domain,
        .policy_id = s->policy_id,
        .rua = setup_join(s, &s->rua),
        .addresses = setup_join(s, &s->addresses),
    };
    struct records records;
    struct error err;
    if (records_wanted(&input, &s->c->arena, &records, &err) < 0)
        return cli_fail(s->c, &err);
    print_uncovered(s);
    if (s->c->json) {
        print_json(s, &records);
        return CLI_FINE;
    }
    print_policy_line(s);
    buf_byte(&s->c->out, '\n');
    cli_style(s->c, CLI_BOLD);
    cli_put(s->c, MSG_TEXT, msg_setup_records());
    cli_style(s->c, CLI_PLAIN);
    buf_byte(&s->c->out, '\n');
    cli_put_records(s->c, &records);
    print_steps(s);
    return CLI_FINE;
}
