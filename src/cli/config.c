/* config check, dump, explain: the configuration file, looked at. */
#include "cli/commands.h"
#include "cli/messages.h"
#include "config/print.h"
#include "config/value.h"

#define RANGE_MAX 1024

/* The file that an argument or --config names. */
static const char *given_file(const struct cli *c)
{
    return c->arg_count ? c->args[0] : cli_value(c, "config");
}

static int load(struct cli *c, struct config **config, struct findings *findings, struct error *err)
{
    findings_init(findings, &c->arena);
    return config_load(config, given_file(c), findings, err);
}

static struct msg fine(const struct config *config)
{
    if (str_eq(config->file, STR("-")))
        return msg_config_check_stdin_fine();
    return config->file.n ? msg_config_check_fine(config->file)
                          : msg_config_check_none(str_from(config_path(NULL)));
}

static int run_check(struct cli *c)
{
    struct config *config CLEANUP(config_freep) = NULL;
    struct findings findings;
    struct error err;
    int result = load(c, &config, &findings, &err);
    if (result < 0 && !findings.count)
        return cli_fail(c, &err);
    if (c->json) {
        struct json_writer w;
        json_writer_init(&w, &c->out, true);
        json_open(&w, '{');
        json_key(&w, "valid");
        json_put_bool(&w, result == 0);
        json_key(&w, "findings");
        cli_json_findings(c, &w, &findings);
        json_close(&w);
    } else if (result < 0) {
        cli_put_line(c, err.msg);
        cli_put_findings(c, &findings);
    } else {
        cli_put_line(c, fine(config));
    }
    return result < 0 ? CLI_BAD_NEWS : CLI_FINE;
}

static void dump_json(struct cli *c, const struct config *config)
{
    struct config_entry entry = {NULL};
    struct json_writer w;
    json_writer_init(&w, &c->out, true);
    json_open(&w, '{');
    json_key(&w, "file");
    if (config->file.n)
        json_put_str(&w, config->file);
    else
        json_put_null(&w);
    json_key(&w, "keys");
    json_open(&w, '[');
    while (config_next(config, &entry)) {
        struct buf section CLEANUP(buf_done), value CLEANUP(buf_done);
        buf_init(&section, CONFIG_PRINT_MAX);
        buf_init(&value, CONFIG_PRINT_MAX);
        config_print_section(&entry, &section);
        config_value_print(entry.key, entry.members, &value);
        json_open(&w, '{');
        json_key(&w, "section");
        json_put_str(&w, buf_view(&section));
        json_key(&w, "key");
        json_put_str(&w, str_from(entry.key->name));
        json_key(&w, "value");
        json_put_str(&w, buf_view(&value));
        json_key(&w, "default");
        json_put_bool(&w, entry.line == 0);
        json_close(&w);
    }
    json_close(&w);
    json_close(&w);
}

static int run_dump(struct cli *c)
{
    struct config *config CLEANUP(config_freep) = NULL;
    struct findings findings;
    struct error err;
    if (load(c, &config, &findings, &err) < 0) {
        for (const struct finding *f = findings.first; f; f = f->next)
            cli_say(c, f->msg);
        return cli_fail(c, &err);
    }
    if (c->json)
        dump_json(c, config);
    else
        config_print(config, true, &c->out);
    return CLI_FINE;
}

/* Whether the argument ("host", "host.listen", "listen" or none) asks for that key. */
static bool is_asked(const struct cli *c, const struct config_key *key)
{
    struct str section, name;
    if (!c->arg_count)
        return true;
    if (str_cut(str_from(c->args[0]), '.', &section, &name))
        return str_eq(section, str_from(key->section)) && str_eq(name, str_from(key->name));
    return str_eq(section, str_from(key->section)) || str_eq(section, str_from(key->name));
}

static void explain_json(const struct cli *c, struct json_writer *w, const struct config_key *key)
{
    struct buf range CLEANUP(buf_done);
    const struct msg help = {.def = key->help};
    buf_init(&range, RANGE_MAX);
    config_value_range(key, &range);
    const struct {
        const char *name;
        struct str value;
    } rows[] = {{"section", str_from(key->section)},
                {"key", str_from(key->name)},
                {"type", str_from(config_type_name(key->type))},
                {"range", buf_view(&range)},
                {"default", str_from(key->fallback)},
                {"since", str_from(key->since)}};
    json_open(w, '{');
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        json_key(w, rows[i].name);
        json_put_str(w, rows[i].value);
    }
    json_key(w, "help");
    json_put_msg(w, c->lang, MSG_TEXT, &help);
    json_close(w);
}

static void explain_text(struct cli *c, const struct config_key *key)
{
    struct str range, type = str_from(config_type_name(key->type));
    struct buf text CLEANUP(buf_done);
    buf_init(&text, RANGE_MAX);
    config_value_range(key, &text);
    range = buf_view(&text);
    cli_style(c, CLI_BOLD);
    buf_printf(&c->out, "%s.%s", key->section, key->name);
    cli_style(c, CLI_PLAIN);
    buf_printf(&c->out, " = %s\n    ", key->fallback);
    cli_put_line(c, (struct msg){.def = key->help});
    buf_cstr(&c->out, "    ");
    cli_put_line(c, range.n ? msg_config_explain_range(type, range, str_from(key->since))
                            : msg_config_explain_type(type, str_from(key->since)));
}

static int run_explain(struct cli *c)
{
    struct json_writer w;
    unsigned found = 0;
    json_writer_init(&w, &c->out, true);
    for (size_t i = 0; i < config_key_count; i++)
        found += is_asked(c, &config_keys[i]);
    if (!found) {
        cli_say(c, msg_config_explain_none(str_from(c->args[0])));
        return CLI_UNUSABLE;
    }
    if (c->json)
        json_open(&w, '[');
    for (size_t i = 0; i < config_key_count; i++) {
        if (is_asked(c, &config_keys[i]) && c->json)
            explain_json(c, &w, &config_keys[i]);
        else if (is_asked(c, &config_keys[i]))
            explain_text(c, &config_keys[i]);
    }
    if (c->json)
        json_close(&w);
    return CLI_FINE;
}

static const struct cli_option file_options[] = {{"config", "FILE", false, &MSG_OPTION_CONFIG},
                                                 {.name = NULL}};

const struct cli_command cli_config_check = {
    .name = "config check",
    .synopsis = "[FILE]",
    .summary = &MSG_CONFIG_CHECK_SUMMARY,
    .examples = (const char *const[]){"sealpost config check",
                                      "sealpost config check /etc/sealpost/new.conf", NULL},
    .options = file_options,
    .args_max = 1,
    .run = run_check,
};

const struct cli_command cli_config_dump = {
    .name = "config dump",
    .synopsis = "[FILE]",
    .summary = &MSG_CONFIG_DUMP_SUMMARY,
    .examples = (const char *const[]){"sealpost config dump", NULL},
    .options = file_options,
    .args_max = 1,
    .run = run_dump,
};

const struct cli_command cli_config_explain = {
    .name = "config explain",
    .synopsis = "[SECTION|KEY]",
    .summary = &MSG_CONFIG_EXPLAIN_SUMMARY,
    .examples = (const char *const[]){"sealpost config explain",
                                      "sealpost config explain host.listen", NULL},
    .args_max = 1,
    .run = run_explain,
};
