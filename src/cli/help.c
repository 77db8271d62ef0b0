#include "cli/help.h"

#include "cli/messages.h"

#define NAME_COLUMN 24

static void put_padded(struct cli *c, const char *indent, struct str text, size_t width)
{
    buf_cstr(&c->out, indent);
    buf_str(&c->out, text);
    for (size_t i = text.n; i < width; i++)
        buf_byte(&c->out, ' ');
    buf_byte(&c->out, ' ');
}

static void put_def(struct cli *c, const struct msg_def *def)
{
    cli_put_line(c, (struct msg){.def = def});
}

static void put_heading(struct cli *c, struct msg m)
{
    buf_byte(&c->out, '\n');
    cli_style(c, CLI_BOLD);
    cli_put(c, MSG_TEXT, m);
    cli_style(c, CLI_PLAIN);
    buf_byte(&c->out, '\n');
}

static void put_options(struct cli *c, const struct cli_option *options)
{
    for (; options && options->name; options++) {
        struct buf name CLEANUP(buf_done);
        buf_init(&name, 256);
        buf_printf(&name, "--%s%s%s", options->name, options->value ? " " : "",
                   options->value ? options->value : "");
        put_padded(c, "  ", buf_view(&name), NAME_COLUMN);
        put_def(c, options->help);
    }
}

static void json_options(struct cli *c, struct json_writer *w, const struct cli_option *options)
{
    for (; options && options->name; options++) {
        struct msg help = {.def = options->help};
        json_open(w, '{');
        json_key(w, "name");
        json_put_str(w, str_from(options->name));
        json_key(w, "value");
        if (options->value)
            json_put_str(w, str_from(options->value));
        else
            json_put_null(w);
        json_key(w, "repeats");
        json_put_bool(w, options->repeats);
        json_key(w, "help");
        json_put_msg(w, c->lang, MSG_TEXT, &help);
        json_close(w);
    }
}

static void put_command_json(struct cli *c)
{
    const struct cli_command *command = c->command;
    struct json_writer w;
    struct msg summary = {.def = command->summary};
    json_writer_init(&w, &c->out, true);
    json_open(&w, '{');
    json_key(&w, "name");
    json_put_str(&w, str_from(command->name));
    json_key(&w, "synopsis");
    json_put_str(&w, str_from(command->synopsis));
    json_key(&w, "summary");
    json_put_msg(&w, c->lang, MSG_TEXT, &summary);
    json_key(&w, "options");
    json_open(&w, '[');
    json_options(c, &w, command->options);
    json_options(c, &w, cli_common_options());
    json_close(&w);
    json_key(&w, "examples");
    json_open(&w, '[');
    for (const char *const *at = command->examples; *at; at++)
        json_put_str(&w, str_from(*at));
    json_close(&w);
    json_close(&w);
}

void cli_put_command_help(struct cli *c)
{
    if (c->json) {
        put_command_json(c);
        return;
    }
    const struct cli_command *command = c->command;
    buf_printf(&c->out, "sealpost %s [OPTION]...%s%s\n", command->name,
               *command->synopsis ? " " : "", command->synopsis);
    put_def(c, command->summary);
    put_heading(c, msg_help_options());
    put_options(c, command->options);
    put_options(c, cli_common_options());
    put_heading(c, msg_help_examples());
    for (const char *const *at = command->examples; *at; at++)
        buf_printf(&c->out, "  %s\n", *at);
}

static void put_command_line(struct cli *c, const struct cli_command *command)
{
    put_padded(c, "  ", str_from(command->name), NAME_COLUMN);
    put_def(c, command->summary);
}

void cli_put_program_help(struct cli *c, const struct cli_command *const *table)
{
    cli_put_line(c, msg_help_program());
    put_heading(c, msg_help_commands());
    for (; *table; table++)
        put_command_line(c, *table);
    buf_byte(&c->out, '\n');
    cli_put_line(c, msg_help_more());
}

bool cli_put_group_help(struct cli *c, const struct cli_command *const *table, struct str group)
{
    bool found = false;
    for (; *table; table++) {
        struct str first, rest;
        if (!str_cut(str_from((*table)->name), ' ', &first, &rest) || !str_eq(first, group))
            continue;
        if (!found) {
            cli_style(c, CLI_BOLD);
            cli_put(c, MSG_TEXT, msg_help_commands());
            cli_style(c, CLI_PLAIN);
            buf_byte(&c->out, '\n');
        }
        found = true;
        put_command_line(c, *table);
    }
    if (found) {
        buf_byte(&c->out, '\n');
        cli_put_line(c, msg_help_more());
    }
    return found;
}
