#include "config/value.h"

#include <string.h>

#include "config/messages.h"
#include "config/value_list.h"

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

static void *member(const struct config_key *key, const struct config_place *to)
{
    return (char *)to->members + key->offset;
}

struct str config_value_range_text(const struct config_key *key, const struct config_place *to)
{
    struct buf out CLEANUP(buf_done);
    buf_init(&out, RANGE_TEXT_MAX);
    config_value_range(key, &out);
    return arena_str(to->arena, buf_view(&out));
}

struct str config_value_name(const struct config_key *key, const struct config_place *to)
{
    struct buf out CLEANUP(buf_done);
    buf_init(&out, RANGE_TEXT_MAX);
    buf_printf(&out, "%s.%s", key->section, key->name);
    return arena_str(to->arena, buf_view(&out));
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

static bool read_number(const struct config_key *key, struct str text,
                        const struct config_place *to, struct msg *fault)
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
        memcpy(member(key, to), &value, sizeof value);
        return true;
    }
    struct str name = config_value_name(key, to), range = config_value_range_text(key, to);
    if (key->type == CONFIG_DURATION)
        *fault = msg_config_value_duration(name, text, range);
    else if (key->type == CONFIG_SIZE)
        *fault = msg_config_value_size(name, text, range);
    else
        *fault = msg_config_value_number(name, text, range);
    return false;
}

static bool read_switch(const struct config_key *key, struct str text,
                        const struct config_place *to, struct msg *fault)
{
    bool value = str_eq(text, STR("yes"));
    if (!value && !str_eq(text, STR("no"))) {
        *fault = msg_config_value_switch(config_value_name(key, to), text);
        return false;
    }
    memcpy(member(key, to), &value, sizeof value);
    return true;
}

bool config_value_find_choice(const struct config_key *key, struct str text, unsigned *out)
{
    for (unsigned i = 0; key->choices[i]; i++) {
        if (str_eq(text, str_from(key->choices[i]))) {
            *out = i;
            return true;
        }
    }
    return false;
}

static bool read_choice(const struct config_key *key, struct str text,
                        const struct config_place *to, struct msg *fault)
{
    unsigned value;
    if (!config_value_find_choice(key, text, &value)) {
        *fault = msg_config_value_choice(config_value_name(key, to), text,
                                         config_value_range_text(key, to));
        return false;
    }
    memcpy(member(key, to), &value, sizeof value);
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

static bool read_text(const struct config_key *key, struct str text, const struct config_place *to,
                      struct msg *fault)
{
    bool may_be_empty = !key->fallback[0];
    if (key->type == CONFIG_PATH && !is_path(text) && !(may_be_empty && !text.n)) {
        *fault = msg_config_value_path(config_value_name(key, to), text);
        return false;
    }
    if (key->type == CONFIG_USER && !is_user(text)) {
        *fault = msg_config_value_user(config_value_name(key, to), text);
        return false;
    }
    const char *copy = arena_cstr(to->arena, text);
    *(struct str *)member(key, to) = (struct str){copy, copy ? text.n : 0};
    return true;
}

bool config_value_read(const struct config_key *key, struct str text, const struct config_place *to,
                       struct msg *fault)
{
    switch (key->type) {
    case CONFIG_PATH:
    case CONFIG_USER:
        return read_text(key, text, to, fault);
    case CONFIG_NUMBER:
    case CONFIG_DURATION:
    case CONFIG_SIZE:
        return read_number(key, text, to, fault);
    case CONFIG_SWITCH:
        return read_switch(key, text, to, fault);
    case CONFIG_CHOICE:
        return read_choice(key, text, to, fault);
    case CONFIG_CHOICES:
    case CONFIG_DOMAINS:
    case CONFIG_ADDRESSES:
    case CONFIG_LISTENERS:
    case CONFIG_NETWORKS:
    case CONFIG_RESOLVERS:
        return config_list_read(key, text, to, fault);
    }
    return false;
}

void config_value_print(const struct config_key *key, const void *members, struct buf *out)
{
    const void *at = (const char *)members + key->offset;
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
    case CONFIG_DOMAINS:
    case CONFIG_ADDRESSES:
    case CONFIG_LISTENERS:
    case CONFIG_NETWORKS:
    case CONFIG_RESOLVERS:
        config_list_print(key, members, out);
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
