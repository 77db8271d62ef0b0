#include "config/print.h"

#include <string.h>

#include "config/ini.h"
#include "config/value.h"

void config_print_value(const struct config_key *key, const struct config *config, struct buf *out)
{
    struct buf value CLEANUP(buf_done);
    buf_init(&value, CONFIG_PRINT_MAX);
    config_value_print(key, config, &value);
    ini_put_value(out, buf_view(&value));
}

void config_print(const struct config *config, bool mark_defaults, struct buf *out)
{
    const char *section = "";
    for (size_t i = 0; i < config_key_count; i++) {
        const struct config_key *key = &config_keys[i];
        if (strcmp(section, key->section) != 0) {
            buf_printf(out, "%s[%s]\n", i ? "\n" : "", key->section);
            section = key->section;
        }
        buf_printf(out, "%s = ", key->name);
        config_print_value(key, config, out);
        if (mark_defaults && !config->lines[i])
            buf_cstr(out, "  # default");
        buf_byte(out, '\n');
    }
}
