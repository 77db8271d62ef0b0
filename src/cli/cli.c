#include "cli/cli.h"

#include <stdio.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/escape.h"
#include "cli/help.h"
#include "cli/messages.h"

/* Results of one command; a report of many thousand rows fits, a runaway does not. */
#define OUTPUT_MAX   ((size_t)1024 * 1024 * 1024)
#define ARENA_MAX    ((size_t)1024 * 1024 * 1024)
#define WORDS_MAX    3 /* of a command's name */
#define SENTENCE_MAX ((size_t)64 * 1024)

/* Options that every command knows. */
static const struct cli_option common_options[] = {
    {"help", NULL, false, &MSG_OPTION_HELP},
    {"json", NULL, false, &MSG_OPTION_JSON},
    {"lang", "LANGUAGE", false, &MSG_OPTION_LANG},
    {.name = NULL},
};

const struct cli_option *cli_common_options(void)
{
    return common_options;
}

/* How many of argv's words are the command's name, or 0. */
static int name_matches(const struct cli_command *command, int argc, char **argv)
{
    struct str name = str_from(command->name), word;
    int words = 0;
    bool more = true;
    while (more) {
        more = str_cut(name, ' ', &word, &name);
        if (words >= argc || !str_eq(word, str_from(argv[words])))
            return 0;
        words++;
    }
    return words;
}

static const struct cli_command *find_command(const struct cli_command *const *table, int argc,
                                              char **argv, int *words)
{
    const struct cli_command *best = NULL;
    *words = 0;
    for (; *table; table++) {
        int n = name_matches(*table, argc, argv);
        if (n > *words) {
            best = *table;
            *words = n;
        }
    }
    return best;
}

static const struct cli_option *find_option(const struct cli_option *options, struct str name)
{
    for (; options && options->name; options++) {
        if (str_eq(str_from(options->name), name))
            return options;
    }
    return NULL;
}

static int usage_error(const struct cli *c, struct msg m)
{
    cli_say(c, m);
    if (c->command)
        cli_say(c, msg_cli_see_help(str_from(c->command->name)));
    return CLI_UNUSABLE;
}

/* Takes one "--name", "--name=value" or "--name value"; *i moves over a value of its own. */
static int take_option(struct cli *c, int argc, char **argv, int *i)
{
    struct str name, value;
    bool has_value = str_cut(str_skip(str_from(argv[*i]), 2), '=', &name, &value);
    const struct cli_option *option = find_option(c->command->options, name);
    if (!option)
        option = find_option(common_options, name);
    if (!option)
        return usage_error(c, msg_cli_unknown_option(str_from(argv[*i])));
    if (!option->value && has_value)
        return usage_error(c, msg_cli_option_takes_no_value(str_from(option->name)));
    if (option->value && !has_value && *i + 1 >= argc)
        return usage_error(
            c, msg_cli_option_needs_value(str_from(option->name), str_from(option->value)));
    if (!option->repeats && option->value && cli_value(c, option->name))
        return usage_error(c, msg_cli_option_twice(str_from(option->name)));
    const char *given = NULL;
    if (option->value)
        given = has_value ? value.p : argv[++*i];
    c->given[c->given_count++] = (struct cli_given){option, given};
    return CLI_FINE;
}

/* Sorts what stands behind the command's name into options and arguments. */
static int parse_arguments(struct cli *c, int argc, char **argv)
{
    const char **args = arena_array(&c->arena, (size_t)argc + 1, sizeof *args);
    c->given = arena_array(&c->arena, (size_t)argc + 1, sizeof *c->given);
    if (!args || !c->given)
        return usage_error(c, msg_cli_no_memory());
    c->args = args;
    bool options_end = false;
    for (int i = 0; i < argc; i++) {
        struct str word = str_from(argv[i]);
        if (!options_end && str_eq(word, STR("--"))) {
            options_end = true;
        } else if (!options_end && str_starts(word, STR("--"))) {
            int status = take_option(c, argc, argv, &i);
            if (status)
                return status;
        } else if (!options_end && word.n > 1 && word.p[0] == '-') {
            if (!str_eq(word, STR("-h")))
                return usage_error(c, msg_cli_unknown_option(word));
            c->given[c->given_count++] = (struct cli_given){&common_options[0], NULL};
        } else {
            args[c->arg_count++] = argv[i];
        }
    }
    return CLI_FINE;
}

static int check_argument_count(const struct cli *c)
{
    if (c->arg_count < c->command->args_min)
        return usage_error(c, msg_cli_too_few_arguments(str_from(c->command->synopsis)));
    if (c->arg_count > c->command->args_max)
        return usage_error(c, msg_cli_too_many_arguments(str_from(c->args[c->command->args_max])));
    return CLI_FINE;
}

/* --lang beats LC_ALL, LC_MESSAGES and LANG, in the order of POSIX; what is not spoken is English.
 */
static void choose_language(struct cli *c)
{
    static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
        const char *value = getenv(variables[i]);
        if (value && *value) {
            lang_parse(value, &c->lang);
            return;
        }
    }
}

static int choose_named_language(struct cli *c)
{
    const char *name = cli_value(c, "lang");
    if (name && !lang_parse(name, &c->lang))
        return usage_error(c, msg_cli_unknown_language(str_from(name)));
    return CLI_FINE;
}

int cli_flush(struct cli *c)
{
    if (c->out.failed) {
        cli_say(c, msg_cli_no_memory());
        return CLI_OUTSIDE;
    }
    struct str left = buf_view(&c->out);
    if (left.n && (fwrite(left.p, 1, left.n, stdout) != left.n || fflush(stdout) != 0)) {
        cli_say(c, msg_cli_cannot_write());
        buf_reset(&c->out);
        return CLI_OUTSIDE;
    }
    buf_reset(&c->out);
    return CLI_FINE;
}

static int run_command(struct cli *c, int argc, char **argv)
{
    int status = parse_arguments(c, argc, argv);
    if (status == CLI_FINE)
        status = choose_named_language(c);
    if (status != CLI_FINE)
        return status;
    c->json = cli_flag(c, "json");
    if (cli_flag(c, "help")) {
        cli_put_command_help(c);
        return cli_flush(c);
    }
    status = check_argument_count(c);
    if (status != CLI_FINE)
        return status;
    status = c->command->run(c);
    return cli_worse(status, cli_flush(c));
}

/* The program's own words: no command at all, --help, --version, or one that is not known. */
static int run_without_command(struct cli *c, const struct cli_command *const *table, int argc,
                               char **argv)
{
    struct str word = str_from(argc > 0 ? argv[0] : NULL);
    if (word.n == 0) {
        cli_put_program_help(c, table);
        /* Nothing was asked: the help goes where errors go, and the status says so. */
        fwrite(c->out.p, 1, c->out.n, stderr);
        return CLI_UNUSABLE;
    }
    if (str_eq(word, STR("--version"))) {
        buf_printf(&c->out, "sealpost %s\n", SEALPOST_VERSION);
        return cli_flush(c);
    }
    if (str_eq(word, STR("--help")) || str_eq(word, STR("-h")) || str_eq(word, STR("help"))) {
        cli_put_program_help(c, table);
        return cli_flush(c);
    }
    if (cli_put_group_help(c, table, word)) {
        bool asked = argc > 1 && (str_eq(str_from(argv[1]), STR("--help")) ||
                                  str_eq(str_from(argv[1]), STR("-h")));
        if (asked)
            return cli_flush(c);
        if (argc > 1)
            cli_say(c, msg_cli_unknown_command(str_from(argv[1])));
        fwrite(c->out.p, 1, c->out.n, stderr);
        return CLI_UNUSABLE;
    }
    cli_say(c, msg_cli_unknown_command(word));
    return CLI_UNUSABLE;
}

/* Started with one of the standard descriptors closed, a file that is opened later would get its
 * number, and be written into as if it were the log. */
static bool open_standard_files(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
            return false;
    }
    return true;
}

int cli_main(const struct cli_command *const *table, int argc, char **argv)
{
    if (!open_standard_files())
        return CLI_OUTSIDE;
    struct cli c = {.asks = isatty(STDIN_FILENO)};
    const char *no_colour = getenv("NO_COLOR");
    c.colour = isatty(STDOUT_FILENO) && !(no_colour && *no_colour);
    buf_init(&c.out, OUTPUT_MAX);
    arena_init(&c.arena, ARENA_MAX);
    choose_language(&c);
    int words = 0, status;
    c.command = find_command(table, argc - 1, argv + 1, &words);
    if (c.command)
        status = run_command(&c, argc - 1 - words, argv + 1 + words);
    else
        status = run_without_command(&c, table, argc - 1, argv + 1);
    buf_done(&c.out);
    arena_done(&c.arena);
    return status;
}

bool cli_flag(const struct cli *c, const char *name)
{
    return cli_value_count(c, name) > 0;
}

size_t cli_value_count(const struct cli *c, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < c->given_count; i++)
        n += str_eq(str_from(c->given[i].option->name), str_from(name));
    return n;
}

const char *cli_value_at(const struct cli *c, const char *name, size_t i)
{
    for (size_t at = 0; at < c->given_count; at++) {
        if (str_eq(str_from(c->given[at].option->name), str_from(name)) && i-- == 0)
            return c->given[at].value;
    }
    return NULL;
}

const char *cli_value(const struct cli *c, const char *name)
{
    size_t n = cli_value_count(c, name);
    return n ? cli_value_at(c, name, n - 1) : NULL;
}

int cli_worse(int a, int b)
{
    return a > b ? a : b;
}

void cli_say(const struct cli *c, struct msg m)
{
    struct buf line CLEANUP(buf_done);
    buf_init(&line, SENTENCE_MAX);
    buf_cstr(&line, "sealpost: ");
    msg_render(c->lang, MSG_TEXT, &m, &line);
    buf_byte(&line, '\n');
    if (msg_has(&m, MSG_FIX)) {
        buf_cstr(&line, "  ");
        msg_render(c->lang, MSG_FIX, &m, &line);
        buf_byte(&line, '\n');
    }
    fwrite(line.p, 1, line.n, stderr);
}

int cli_refuse(const struct cli *c, struct msg m)
{
    cli_say(c, m);
    return CLI_UNUSABLE;
}

int cli_fail(const struct cli *c, const struct error *err)
{
    cli_say(c, err->msg);
    return err->class == ERROR_PERMANENT || err->class == ERROR_POLICY ? CLI_UNUSABLE : CLI_OUTSIDE;
}

void cli_put(struct cli *c, enum msg_part part, struct msg m)
{
    msg_render(c->lang, part, &m, &c->out);
}

void cli_put_line(struct cli *c, struct msg m)
{
    cli_put(c, MSG_TEXT, m);
    buf_byte(&c->out, '\n');
}

void cli_style(struct cli *c, enum cli_style style)
{
    static const char *const codes[] = {"\033[0m",  "\033[1m",  "\033[2m",
                                        "\033[31m", "\033[33m", "\033[32m"};
    if (c->colour)
        buf_cstr(&c->out, codes[style]);
}

struct str cli_ask(struct cli *c, struct msg question, struct str fallback)
{
    struct buf line CLEANUP(buf_done);
    buf_init(&line, SENTENCE_MAX);
    msg_render(c->lang, MSG_TEXT, &question, &line);
    if (fallback.n) {
        buf_cstr(&line, " [");
        escape_text(&line, fallback);
        buf_byte(&line, ']');
    }
    buf_byte(&line, ' ');
    fwrite(line.p, 1, line.n, stderr);
    buf_reset(&line);
    int ch;
    while ((ch = getchar()) != EOF && ch != '\n')
        buf_byte(&line, (char)ch);
    struct str answer = str_trim(buf_view(&line));
    return answer.n ? arena_str(&c->arena, answer) : fallback;
}
