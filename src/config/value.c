#include "config/value.h"

#include <string.h>

#include "config/messages.h"

#define USER_NAME_MAX  32 /* utmp(5) */
#define PATH_BYTES_MAX 1024
#define RANGE_TEXT_MAX 512

struct unit {
    const char *name;
    uint64_t factor;
};

/* Largest first; the first is also what "units" ends with. */
static const struct unit duration_units[] = {{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}};
static const struct unit size_units[] = {
    {"GiB", 1024ULL * 1024 * 1024}, {"MiB", 1024ULL * 1024}, {"KiB", 1024}, {"", 1}};

static void *member(const struct config_key *key, struct config *config)
{
    return (char *)config + key->offset;
}

static const void *member_const(const struct config_key *key, const struct config *config)
{
    return (const char *)config + key->offset;
}

/* A text in the arena that lives as long as a fault that quotes it. */
static struct str range_text(const struct config_key *key, struct config *config)
{
    struct buf out CLEANUP(buf_done);
    buf_init(&out, RANGE_TEXT_MAX);
    config_value_range(key, &out);
    return arena_str(&config->arena, buf_view(&out));
}

static struct str full_name(const struct config_key *key, struct config *config)
{
    struct buf out CLEANUP(buf_done);
    buf_init(&out, RANGE_TEXT_MAX);
    buf_printf(&out, "%s.%s", key->section, key->name);
    return arena_str(&config->arena, buf_view(&out));
}

/* Reads digits and a unit. With more than one digit too many the product is refused, not wrapped.
 */
static bool read_units(struct str text, const struct unit *units, size_t count, uint64_t *out)
{
    size_t digits = 0;
    while (digits < text.n && ascii_is_digit(text.p[digits]))
        digits++;
    uint64_t number;
    if (!str_to_u64(str_head(text, digits), &number))
        return false;
    struct str unit = str_trim(str_skip(text, digits));
    for (size_t i = 0; i < count; i++) {
        if (!str_eq(unit, str_from(units[i].name)))
            continue;
        return !__builtin_mul_overflow(number, units[i].factor, out);
    }
    return false;
}

static void print_units(struct buf *out, uint64_t value, const struct unit *units, size_t count)
{
    size_t i = 0;
    while (i < count - 1 && (value == 0 || value % units[i].factor != 0))
        i++;
    buf_u64(out, value / units[i].factor);
    buf_cstr(out, units[i].name);
}

static void print_number(const struct config_key *key, uint64_t value, struct buf *out)
{
    if (key->type == CONFIG_DURATION)
        print_units(out, value, duration_units, ARRAY_LEN(duration_units));
    else if (key->type == CONFIG_SIZE)
        print_units(out, value, size_units, ARRAY_LEN(size_units));
    else
        buf_u64(out, value);
}

static bool read_number(const struct config_key *key, struct str text, struct config *config,
                        struct msg *fault)
{
    uint64_t value;
    bool ok;
    if (key->type == CONFIG_DURATION)
        ok = read_units(text, duration_units, ARRAY_LEN(duration_units), &value);
    else if (key->type == CONFIG_SIZE)
        ok = read_units(text, size_units, ARRAY_LEN(size_units), &value);
    else
        ok = str_to_u64(text, &value);
    if (ok && value >= key->min && value <= key->max) {
        memcpy(member(key, config), &value, sizeof value);
        return true;
    }
    struct str name = full_name(key, config), range = range_text(key, config);
    if (key->type == CONFIG_DURATION)
        *fault = msg_config_value_duration(name, text, range);
    else if (key->type == CONFIG_SIZE)
        *fault = msg_config_value_size(name, text, range);
    else
        *fault = msg_config_value_number(name, text, range);
    return false;
}

static bool read_switch(const struct config_key *key, struct str text, struct config *config,
                        struct msg *fault)
{
    bool value = str_eq(text, STR("yes"));
    if (!value && !str_eq(text, STR("no"))) {
        *fault = msg_config_value_switch(full_name(key, config), text);
        return false;
    }
    memcpy(member(key, config), &value, sizeof value);
    return true;
}

static bool find_choice(const struct config_key *key, struct str text, unsigned *out)
{
    for (unsigned i = 0; key->choices[i]; i++) {
        if (str_eq(text, str_from(key->choices[i]))) {
            *out = i;
            return true;
        }
    }
    return false;
}

static bool read_choice(const struct config_key *key, struct str text, struct config *config,
                        struct msg *fault)
{
    unsigned value;
    if (!find_choice(key, text, &value)) {
        *fault = msg_config_value_choice(full_name(key, config), text, range_text(key, config));
        return false;
    }
    memcpy(member(key, config), &value, sizeof value);
    return true;
}

static bool is_path(struct str s)
{
    return s.n && s.n <= PATH_BYTES_MAX && s.p[0] == '/';
}

static bool is_user(struct str s)
{
    if (!s.n || s.n > USER_NAME_MAX || (!ascii_is_alpha(s.p[0]) && s.p[0] != '_'))
        return false;
    for (size_t i = 1; i < s.n; i++) {
        if (!ascii_is_alnum(s.p[i]) && s.p[i] != '_' && s.p[i] != '-' && s.p[i] != '.')
            return false;
    }
    return true;
}

static bool read_text(const struct config_key *key, struct str text, struct config *config,
                      struct msg *fault)
{
    bool may_be_empty = !key->fallback[0];
    if (key->type == CONFIG_PATH && !is_path(text) && !(may_be_empty && !text.n)) {
        *fault = msg_config_value_path(full_name(key, config), text);
        return false;
    }
    if (key->type == CONFIG_USER && !is_user(text)) {
        *fault = msg_config_value_user(full_name(key, config), text);
        return false;
    }
    const char *copy = arena_cstr(&config->arena, text);
    *(struct str *)member(key, config) = (struct str){copy, copy ? text.n : 0};
    return true;
}

/* Cuts the next item of a list off *rest; items are parted by blanks, commas or both. */
static bool next_item(struct str *rest, struct str *item)
{
    size_t start = 0, end;
    while (start < rest->n && strchr(", \t", rest->p[start]))
        start++;
    for (end = start; end < rest->n && !strchr(", \t", rest->p[end]);)
        end++;
    *item = str_head(str_skip(*rest, start), end - start);
    *rest = str_skip(*rest, end);
    return item->n != 0;
}

static size_t count_items(struct str text)
{
    struct str item;
    size_t n = 0;
    while (next_item(&text, &item))
        n++;
    return n;
}

/* Reads one item of a list into items[at]; false with *fault when it is none, or is there already.
 */
static bool read_choice_item(const struct config_key *key, struct str item, struct config *config,
                             struct str *items, size_t at, struct msg *fault)
{
    unsigned place;
    if (!find_choice(key, item, &place)) {
        *fault = msg_config_value_choice(full_name(key, config), item, range_text(key, config));
        return false;
    }
    for (size_t i = 0; i < at; i++) {
        if (str_eq(items[i], item)) {
            *fault = msg_config_item_twice(full_name(key, config), item);
            return false;
        }
    }
    items[at] = str_from(key->choices[place]);
    return true;
}

static bool read_address_item(const struct config_key *key, struct str item, struct config *config,
                              struct config_address *items, size_t at, struct msg *fault)
{
    if (!config_address_parse(item, key->port, &items[at])) {
        *fault = msg_config_value_address(full_name(key, config), item);
        return false;
    }
    for (size_t i = 0; i < at; i++) {
        /* Port 0 asks for any free one, and may be asked for several times. */
        if (config_address_port(&items[i]) && config_address_eq(&items[i], &items[at])) {
            *fault = msg_config_item_twice(full_name(key, config), item);
            return false;
        }
    }
    return true;
}

/* A copy of the list with room for `more`; NULL when the arena is full. */
static void *longer(struct config *config, const void *items, size_t count, size_t more,
                    size_t size)
{
    void *copy = arena_array(&config->arena, count + more, size);
    if (copy && count)
        memcpy(copy, items, count * size);
    return copy;
}

static bool read_choices(const struct config_key *key, struct str text, struct config *config,
                         size_t more, struct msg *fault)
{
    struct config_names *list = member(key, config);
    struct str *items = longer(config, list->items, list->count, more, sizeof *items), item;
    size_t at = list->count;
    if (!items)
        return true; /* the arena says so to whoever asks */
    for (; next_item(&text, &item); at++) {
        if (!read_choice_item(key, item, config, items, at, fault))
            return false;
    }
    *list = (struct config_names){items, at};
    return true;
}

static bool read_addresses(const struct config_key *key, struct str text, struct config *config,
                           size_t more, struct msg *fault)
{
    struct config_addresses *list = member(key, config);
    struct config_address *items = longer(config, list->items, list->count, more, sizeof *items);
    struct str item;
    size_t at = list->count;
    if (!items)
        return true;
    for (; next_item(&text, &item); at++) {
        if (!read_address_item(key, item, config, items, at, fault))
            return false;
    }
    *list = (struct config_addresses){items, at};
    return true;
}

static bool read_resolver_item(const struct config_key *key, struct str item, struct config *config,
                               struct config_resolver *items, size_t at, struct msg *fault)
{
    if (!config_resolver_parse(item, &items[at])) {
        *fault = msg_config_value_resolver(full_name(key, config), item);
        return false;
    }
    items[at].name = arena_str(&config->arena, items[at].name);
    for (size_t i = 0; i < at; i++) {
        if (config_resolver_eq(&items[i], &items[at])) {
            *fault = msg_config_item_twice(full_name(key, config), item);
            return false;
        }
        if (!items[i].name.n != !items[at].name.n) {
            *fault = msg_config_resolvers_mixed(full_name(key, config));
            return false;
        }
    }
    return true;
}

static bool read_resolvers(const struct config_key *key, struct str text, struct config *config,
                           size_t more, struct msg *fault)
{
    struct config_resolvers *list = member(key, config);
    struct config_resolver *items = longer(config, list->items, list->count, more, sizeof *items);
    struct str item;
    size_t at = list->count;
    if (!items)
        return true;
    for (; next_item(&text, &item); at++) {
        if (!read_resolver_item(key, item, config, items, at, fault))
            return false;
    }
    *list = (struct config_resolvers){items, at};
    return true;
}

static size_t list_count(const struct config_key *key, const struct config *config)
{
    if (key->type == CONFIG_CHOICES)
        return ((const struct config_names *)member_const(key, config))->count;
    if (key->type == CONFIG_RESOLVERS)
        return ((const struct config_resolvers *)member_const(key, config))->count;
    return ((const struct config_addresses *)member_const(key, config))->count;
}

static bool read_list(const struct config_key *key, struct str text, struct config *config,
                      struct msg *fault)
{
    size_t more = count_items(text), have = list_count(key, config);
    if (have + more < key->min) {
        *fault = msg_config_list_empty(full_name(key, config));
        return false;
    }
    if (more > key->max || have > key->max - more) {
        *fault = msg_config_list_long(full_name(key, config), key->max);
        return false;
    }
    if (key->type == CONFIG_CHOICES)
        return read_choices(key, text, config, more, fault);
    if (key->type == CONFIG_RESOLVERS)
        return read_resolvers(key, text, config, more, fault);
    return read_addresses(key, text, config, more, fault);
}

bool config_value_read(const struct config_key *key, struct str text, struct config *config,
                       struct msg *fault)
{
    switch (key->type) {
    case CONFIG_PATH:
    case CONFIG_USER:
        return read_text(key, text, config, fault);
    case CONFIG_NUMBER:
    case CONFIG_DURATION:
    case CONFIG_SIZE:
        return read_number(key, text, config, fault);
    case CONFIG_SWITCH:
        return read_switch(key, text, config, fault);
    case CONFIG_CHOICE:
        return read_choice(key, text, config, fault);
    case CONFIG_CHOICES:
    case CONFIG_ADDRESSES:
    case CONFIG_RESOLVERS:
        return read_list(key, text, config, fault);
    }
    return false;
}

void config_value_clear(const struct config_key *key, struct config *config)
{
    if (key->type == CONFIG_CHOICES)
        *(struct config_names *)member(key, config) = (struct config_names){NULL, 0};
    else if (key->type == CONFIG_ADDRESSES)
        *(struct config_addresses *)member(key, config) = (struct config_addresses){NULL, 0};
    else if (key->type == CONFIG_RESOLVERS)
        *(struct config_resolvers *)member(key, config) = (struct config_resolvers){NULL, 0};
}

static void print_names(const struct config_names *list, struct buf *out)
{
    for (size_t i = 0; i < list->count; i++) {
        buf_cstr(out, i ? ", " : "");
        buf_str(out, list->items[i]);
    }
}

static void print_addresses(const struct config_addresses *list, struct buf *out)
{
    for (size_t i = 0; i < list->count; i++) {
        buf_cstr(out, i ? ", " : "");
        config_address_print(out, &list->items[i]);
    }
}

static void print_resolvers(const struct config_resolvers *list, struct buf *out)
{
    for (size_t i = 0; i < list->count; i++) {
        buf_cstr(out, i ? ", " : "");
        config_resolver_print(out, &list->items[i]);
    }
}

void config_value_print(const struct config_key *key, const struct config *config, struct buf *out)
{
    const void *at = member_const(key, config);
    switch (key->type) {
    case CONFIG_PATH:
    case CONFIG_USER:
        buf_str(out, *(const struct str *)at);
        break;
    case CONFIG_NUMBER:
    case CONFIG_DURATION:
    case CONFIG_SIZE:
        print_number(key, *(const uint64_t *)at, out);
        break;
    case CONFIG_SWITCH:
        buf_cstr(out, *(const bool *)at ? "yes" : "no");
        break;
    case CONFIG_CHOICE:
        buf_cstr(out, key->choices[*(const unsigned *)at]);
        break;
    case CONFIG_CHOICES:
        print_names(at, out);
        break;
    case CONFIG_ADDRESSES:
        print_addresses(at, out);
        break;
    case CONFIG_RESOLVERS:
        print_resolvers(at, out);
        break;
    }
}

void config_value_range(const struct config_key *key, struct buf *out)
{
    if (key->type == CONFIG_NUMBER || key->type == CONFIG_DURATION || key->type == CONFIG_SIZE) {
        print_number(key, key->min, out);
        buf_cstr(out, " to ");
        print_number(key, key->max, out);
    } else if (key->type == CONFIG_SWITCH) {
        buf_cstr(out, "yes, no");
    } else if (key->type == CONFIG_CHOICE || key->type == CONFIG_CHOICES) {
        for (size_t i = 0; key->choices[i]; i++)
            buf_printf(out, "%s%s", i ? ", " : "", key->choices[i]);
    }
}
