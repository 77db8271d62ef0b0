#include "config/config.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "config/ini.h"
#include "config/messages.h"
#include "config/schema.h"
#include "config/value.h"
#include "config/value_list.h"

/* Everything that a file of CONFIG_FILE_MAX can make: the items of its lists many times over. */
#define ARENA_MAX ((size_t)16 * 1024 * 1024)

/* How much of a foreign name a finding quotes. */
#define NAME_SHOWN_MAX 64

struct reading {
    struct config *config;
    struct findings *findings;
    uint64_t *lines;        /* of the section's keys; by their rows */
    uint64_t *config_lines; /* the same of those in struct config */
    struct str section;     /* the one that lines now belong to; p is NULL before the first */
    bool section_known;
    struct config_place place; /* and where its keys go */
};

static void add_finding(struct reading *r, struct msg m, uint64_t line, uint64_t column)
{
    finding_add(r->findings, SEVERITY_ERROR, m, line, column);
}

static void set_defaults(const struct config_place *to, bool repeated)
{
    for (size_t i = 0; i < config_key_count; i++) {
        struct msg fault;
        if (config_keys[i].repeated == repeated &&
            !config_value_read(&config_keys[i], str_from(config_keys[i].fallback), to, &fault))
            abort(); /* a row of our own table, held by a test */
    }
}

/* A section [publisher NAME] begins. */
static bool begin_publisher(struct reading *r, const struct ini_item *item)
{
    struct config *config = r->config;
    for (size_t i = 0; i < config->publisher_count; i++) {
        if (!str_eq(config->publishers[i].name, item->label))
            continue;
        add_finding(r,
                    msg_config_section_twice(item->name, item->label, config->publishers[i].line),
                    item->line, item->name_column);
        return false;
    }
    if (config->publisher_count == CONFIG_LIST_MAX) {
        add_finding(r, msg_config_list_long(item->name, CONFIG_LIST_MAX), item->line,
                    item->name_column);
        return false;
    }
    if (!config->publishers)
        config->publishers =
            arena_array(&config->arena, CONFIG_LIST_MAX, sizeof *config->publishers);
    uint64_t *lines = arena_array(&config->arena, config_key_count, sizeof *lines);
    if (!config->publishers || !lines)
        return false; /* the arena says so */
    struct config_publisher *p = &config->publishers[config->publisher_count++];
    p->name = arena_str(&config->arena, item->label);
    p->line = item->line;
    p->lines = r->lines = lines;
    r->place.members = p;
    set_defaults(&r->place, true);
    return true;
}

static void read_section(struct reading *r, const struct ini_item *item)
{
    r->section = item->name;
    r->section_known = config_section_exists(item->name);
    r->place.members = r->config;
    r->lines = r->config_lines;
    if (r->section_known && config_section_is_repeated(item->name) != (item->label.n > 0)) {
        add_finding(r,
                    item->label.n ? msg_config_section_named(item->name)
                                  : msg_config_section_unnamed(item->name),
                    item->line, item->name_column);
        r->section_known = false;
        return;
    }
    if (r->section_known && item->label.n)
        r->section_known = begin_publisher(r, item);
    if (config_section_exists(item->name))
        return;
    struct str shown = str_head(item->name, NAME_SHOWN_MAX);
    struct str near = config_nearest_section(item->name);
    add_finding(r,
                near.n ? msg_config_section_near(shown, near) : msg_config_section_unknown(shown),
                item->line, item->name_column);
}

static void report_unknown_key(struct reading *r, const struct ini_item *item)
{
    struct str shown = str_head(item->name, NAME_SHOWN_MAX);
    struct str near = config_nearest_key(r->section, item->name);
    struct str elsewhere = config_section_of(item->name);
    struct msg m = msg_config_key_unknown(shown, r->section);
    if (elsewhere.n)
        m = msg_config_key_elsewhere(shown, r->section, elsewhere);
    else if (near.n)
        m = msg_config_key_near(shown, r->section, near);
    add_finding(r, m, item->line, item->name_column);
}

static void read_key(struct reading *r, const struct ini_item *item)
{
    struct msg fault;
    if (!r->section.p) {
        add_finding(r, msg_config_key_outside(str_head(item->name, NAME_SHOWN_MAX)), item->line,
                    item->name_column);
        return;
    }
    if (!r->section_known)
        return; /* said once, for the section */
    const struct config_key *key = config_key_find(r->section, item->name);
    if (!key) {
        report_unknown_key(r, item);
        return;
    }
    uint64_t *line = &r->lines[key - config_keys];
    bool is_list = config_type_is_list(key->type);
    if (*line && !is_list) {
        add_finding(r, msg_config_key_twice(item->name, *line), item->line, item->name_column);
        return;
    }
    if (!*line && is_list)
        config_list_clear(key, &r->place);
    *line = item->line;
    if (!config_value_read(key, item->value, &r->place, &fault))
        add_finding(r, fault, item->line, item->column);
}

/* What the keys of a publisher must be together. */
static void check_publisher(struct reading *r, const struct config_publisher *p)
{
    if (p->type == CONFIG_PUBLISHER_RFC2136 && !p->key_file.n)
        add_finding(r, msg_config_publisher_needs(p->name, STR("rfc2136"), STR("key_file")),
                    p->line, 1);
    if (p->type == CONFIG_PUBLISHER_COMMAND && !p->command.n)
        add_finding(r, msg_config_publisher_needs(p->name, STR("command"), STR("command")), p->line,
                    1);
}

static struct config *config_new(struct str name, uint64_t **lines)
{
    struct config *config = calloc(1, sizeof *config);
    if (!config)
        return NULL;
    arena_init(&config->arena, ARENA_MAX);
    const char *file = arena_cstr(&config->arena, name);
    config->file = (struct str){file, file ? name.n : 0};
    config->lines = *lines = arena_array(&config->arena, config_key_count, sizeof **lines);
    set_defaults(&(struct config_place){config, &config->arena}, false);
    return config;
}

static void read_items(struct reading *r, struct str text)
{
    struct ini_reader ini;
    struct ini_item item;
    ini_init(&ini, text, &r->config->arena);
    while (ini_next(&ini, &item)) {
        if (item.type == INI_FAULT)
            add_finding(r, item.fault, item.line, item.column);
        else if (item.type == INI_SECTION)
            read_section(r, &item);
        else
            read_key(r, &item);
    }
    for (size_t i = 0; i < r->config->publisher_count; i++)
        check_publisher(r, &r->config->publishers[i]);
}

int config_parse(struct config **out, struct str text, struct str name, struct findings *findings,
                 struct error *err)
{
    struct arena own CLEANUP(arena_done);
    struct findings unheard;
    struct reading r = {.findings = findings};
    struct config *config CLEANUP(config_freep) = config_new(name, &r.config_lines);
    arena_init(&own, ARENA_MAX);
    findings_init(&unheard, &own);
    if (!config || config->arena.failed)
        return error_set_memory(err);
    if (!findings)
        r.findings = &unheard;
    r.config = config;
    r.place = (struct config_place){config, &config->arena};
    unsigned before = r.findings->errors;
    read_items(&r, text);
    unsigned errors = r.findings->errors - before;
    if (errors)
        return error_set(err, ERROR_PERMANENT, msg_config_invalid(name, errors));
    if (config->arena.failed)
        return error_set_memory(err);
    *out = config;
    config = NULL;
    return 0;
}

const char *config_path(const char *path)
{
    if (!path || !*path)
        path = getenv(CONFIG_ENVIRONMENT);
    return path && *path ? path : CONFIG_DEFAULT_FILE;
}

int config_load(struct config **out, const char *path, struct findings *findings, struct error *err)
{
    const char *env = getenv(CONFIG_ENVIRONMENT);
    const char *file = config_path(path);
    bool may_miss = (!path || !*path) && (!env || !*env);
    if (may_miss && access(file, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
        return config_parse(out, STR(""), STR(""), findings, err);
    struct buf text CLEANUP(buf_done);
    buf_init(&text, CONFIG_FILE_MAX);
    int result = file_read(file, &text, err);
    if (result < 0)
        return result;
    return config_parse(out, buf_view(&text), str_from(file), findings, err);
}

unsigned config_workers(const struct config *config)
{
    if (config->host.workers)
        return (unsigned)config->host.workers;
    cpu_set_t set;
    unsigned processors = 1;
    unsigned most = (unsigned)config_key_find(STR("host"), STR("workers"))->max;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        processors = (unsigned)CPU_COUNT(&set);
    return processors < 1 ? 1 : processors > most ? most : processors;
}

void config_free(struct config *config)
{
    if (!config)
        return;
    arena_done(&config->arena);
    free(config);
}

void config_freep(struct config **config)
{
    config_free(*config);
    *config = NULL;
}
