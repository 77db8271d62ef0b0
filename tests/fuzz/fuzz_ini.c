/* The configuration reader: a value that was read, printed again, reads as itself; and no file
 * gives a configuration together with an error. */
#include <stdint.h>

#include "config/config.h"
#include "config/ini.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_value(struct str value)
{
    struct arena arena CLEANUP(arena_done);
    struct buf text CLEANUP(buf_done);
    struct ini_reader r;
    struct ini_item item;
    arena_init(&arena, 1024 * 1024);
    buf_init(&text, 1024 * 1024);
    buf_cstr(&text, "k=");
    ini_put_value(&text, value);
    ini_init(&r, buf_view(&text), &arena);
    if (text.n > INI_LINE_MAX)
        return;
    if (!ini_next(&r, &item) || item.type != INI_KEY || !str_eq(item.value, value))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct arena arena CLEANUP(arena_done);
    struct config *config CLEANUP(config_freep) = NULL;
    struct findings findings;
    struct ini_reader r;
    struct ini_item item;
    arena_init(&arena, 16 * 1024 * 1024);
    findings_init(&findings, &arena);
    ini_init(&r, text, &arena);
    while (ini_next(&r, &item)) {
        if (item.type == INI_KEY)
            check_value(item.value);
    }
    int result = config_parse(&config, text, STR("fuzz"), &findings, NULL);
    if ((result == 0) != (config != NULL) || (config && findings.count))
        abort();
    return 0;
}
