#include "config/print.h"

#include "config/ini.h"
#include "config/schema.h"
#include "config/value.h"

bool config_next(const struct config *config, struct config_entry *entry)
{
    size_t row = entry->key ? entry->row + 1 : 0, publisher = entry->publisher;
    if (row == config_key_count) {
        publisher++;
        row = config_first_repeated;
    }
    bool repeated = row >= config_first_repeated;
    if (repeated && publisher >= config->publisher_count)
        return false;
    const struct config_publisher *p = repeated ? &config->publishers[publisher] : NULL;
    *entry = (struct config_entry){
        .key = &config_keys[row],
        .label = p ? p->name : STR(""),
        .members = p ? (const void *)p : config,
        .line = p ? p->lines[row] : config->lines[row],
        .row = row,
        .publisher = publisher,
    };
    return true;
}

void config_print_section(const struct config_entry *entry, struct buf *out)
{
    buf_cstr(out, entry->key->section);
    buf_cstr(out, entry->label.n ? " " : "");
    buf_str(out, entry->label);
}

void config_print_value(const struct config_entry *entry, struct buf *out)
{
    struct buf value CLEANUP(buf_done);
    buf_init(&value, CONFIG_PRINT_MAX);
    config_value_print(entry->key, entry->members, &value);
    ini_put_value(out, buf_view(&value));
}

void config_print(const struct config *config, bool mark_defaults, struct buf *out)
{
    struct config_entry entry = {NULL}, before = {NULL};
    for (; config_next(config, &entry); before = entry) {
        if (!before.key || !str_eq(str_from(before.key->section), str_from(entry.key->section)) ||
            before.publisher != entry.publisher) {
            buf_cstr(out, before.key ? "\n[" : "[");
            config_print_section(&entry, out);
            buf_cstr(out, "]\n");
        }
        buf_printf(out, "%s = ", entry.key->name);
        config_print_value(&entry, out);
        if (mark_defaults && !entry.line)
            buf_cstr(out, "  # default");
        buf_byte(out, '\n');
    }
}
