#include "config/value_list.h"

#include <string.h>

#include "base/domain.h"
#include "config/messages.h"

/* What all members that are lists are. */
struct list {
    const void *items;
    size_t count;
};

/* How the items of one kind of list are read and printed. read gets the items before this one, and
 * where to write it; false with *fault when the text is no item, or may not stand beside them. */
struct list_kind {
    size_t size; /* of an item */
    bool (*read)(const struct config_key *key, struct str text, const struct config_place *to,
                 void *items, size_t at, struct msg *fault);
    void (*print)(const void *item, struct buf *out);
};

static bool refuse_twice(const struct config_key *key, struct str text,
                         const struct config_place *to, struct msg *fault)
{
    *fault = msg_config_item_twice(config_value_name(key, to), text);
    return false;
}

/* ---- names among choices ---- */

static bool read_choice(const struct config_key *key, struct str text,
                        const struct config_place *to, void *items, size_t at, struct msg *fault)
{
    struct str *names = items;
    unsigned place;
    if (!config_value_find_choice(key, text, &place)) {
        *fault = msg_config_value_choice(config_value_name(key, to), text,
                                         config_value_range_text(key, to));
        return false;
    }
    for (size_t i = 0; i < at; i++) {
        if (str_eq(names[i], text))
            return refuse_twice(key, text, to, fault);
    }
    names[at] = str_from(key->choices[place]);
    return true;
}

/* ---- domains ---- */

static bool read_domain(const struct config_key *key, struct str text,
                        const struct config_place *to, void *items, size_t at, struct msg *fault)
{
    struct buf name CLEANUP(buf_done);
    struct str *names = items;
    buf_init(&name, DOMAIN_NAME_MAX + 1);
    if (!domain_to_ascii(text, &name)) {
        *fault = msg_config_value_domain(config_value_name(key, to), text);
        return false;
    }
    names[at] = arena_str(to->arena, buf_view(&name));
    for (size_t i = 0; i < at; i++) {
        if (str_eq(names[i], names[at]))
            return refuse_twice(key, text, to, fault);
    }
    return true;
}

static void print_name(const void *item, struct buf *out)
{
    buf_str(out, *(const struct str *)item);
}

/* ---- addresses ---- */

/* Port 0 asks for any free one, and may be asked for several times. */
static bool is_same_place(const struct config_address *a, const struct config_address *b)
{
    return config_address_port(a) && config_address_eq(a, b);
}

static bool read_address(const struct config_key *key, struct str text,
                         const struct config_place *to, void *items, size_t at, struct msg *fault)
{
    struct config_address *addresses = items;
    if (!config_address_parse(text, key->port, &addresses[at])) {
        *fault = msg_config_value_address(config_value_name(key, to), text);
        return false;
    }
    for (size_t i = 0; i < at; i++) {
        if (is_same_place(&addresses[i], &addresses[at]))
            return refuse_twice(key, text, to, fault);
    }
    return true;
}

static void print_address(const void *item, struct buf *out)
{
    config_address_print(out, item);
}

static bool read_listener(const struct config_key *key, struct str text,
                          const struct config_place *to, void *items, size_t at, struct msg *fault)
{
    struct config_listener *listeners = items;
    if (!config_listener_parse(text, &listeners[at])) {
        *fault = msg_config_value_address(config_value_name(key, to), text);
        return false;
    }
    for (size_t i = 0; i < at; i++) {
        if (is_same_place(&listeners[i].address, &listeners[at].address))
            return refuse_twice(key, text, to, fault);
    }
    return true;
}

static void print_listener(const void *item, struct buf *out)
{
    config_listener_print(out, item);
}

/* ---- networks ---- */

static bool read_network(const struct config_key *key, struct str text,
                         const struct config_place *to, void *items, size_t at, struct msg *fault)
{
    struct config_network *networks = items;
    if (!config_network_parse(text, &networks[at])) {
        *fault = msg_config_value_network(config_value_name(key, to), text);
        return false;
    }
    return true;
}

static void print_network(const void *item, struct buf *out)
{
    config_network_print(out, item);
}

/* ---- resolvers ---- */

static bool read_resolver(const struct config_key *key, struct str text,
                          const struct config_place *to, void *items, size_t at, struct msg *fault)
{
    struct config_resolver *resolvers = items;
    if (!config_resolver_parse(text, &resolvers[at])) {
        *fault = msg_config_value_resolver(config_value_name(key, to), text);
        return false;
    }
    resolvers[at].name = arena_str(to->arena, resolvers[at].name);
    for (size_t i = 0; i < at; i++) {
        if (config_resolver_eq(&resolvers[i], &resolvers[at]))
            return refuse_twice(key, text, to, fault);
        if (!resolvers[i].name.n != !resolvers[at].name.n) {
            *fault = msg_config_resolvers_mixed(config_value_name(key, to));
            return false;
        }
    }
    return true;
}

static void print_resolver(const void *item, struct buf *out)
{
    config_resolver_print(out, item);
}

/* ---- all of them ---- */

static const struct list_kind *kind_of(const struct config_key *key)
{
    static const struct list_kind choices = {sizeof(struct str), read_choice, print_name};
    static const struct list_kind domains = {sizeof(struct str), read_domain, print_name};
    static const struct list_kind addresses = {sizeof(struct config_address), read_address,
                                               print_address};
    static const struct list_kind listeners = {sizeof(struct config_listener), read_listener,
                                               print_listener};
    static const struct list_kind networks = {sizeof(struct config_network), read_network,
                                              print_network};
    static const struct list_kind resolvers = {sizeof(struct config_resolver), read_resolver,
                                               print_resolver};
    if (key->type == CONFIG_CHOICES)
        return &choices;
    if (key->type == CONFIG_DOMAINS)
        return &domains;
    if (key->type == CONFIG_ADDRESSES)
        return &addresses;
    if (key->type == CONFIG_NETWORKS)
        return &networks;
    return key->type == CONFIG_LISTENERS ? &listeners : &resolvers;
}

/* Cuts the next item off *rest. */
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

static struct list get(const struct config_key *key, const void *members)
{
    struct list list;
    memcpy(&list, (const char *)members + key->offset, sizeof list);
    return list;
}

static void set(const struct config_key *key, const struct config_place *to, struct list list)
{
    memcpy((char *)to->members + key->offset, &list, sizeof list);
}

bool config_list_read(const struct config_key *key, struct str text, const struct config_place *to,
                      struct msg *fault)
{
    const struct list_kind *kind = kind_of(key);
    struct list list = get(key, to->members);
    size_t more = count_items(text);
    struct str item;
    if (list.count + more < key->min) {
        *fault = msg_config_list_empty(config_value_name(key, to));
        return false;
    }
    if (more > key->max || list.count > key->max - more) {
        *fault = msg_config_list_long(config_value_name(key, to), key->max);
        return false;
    }
    void *items = arena_array(to->arena, list.count + more, kind->size);
    if (!items)
        return true; /* the arena says so to whoever asks */
    if (list.count)
        memcpy(items, list.items, list.count * kind->size);
    for (; next_item(&text, &item); list.count++) {
        if (!kind->read(key, item, to, items, list.count, fault))
            return false;
    }
    list.items = items;
    set(key, to, list);
    return true;
}

void config_list_clear(const struct config_key *key, const struct config_place *to)
{
    set(key, to, (struct list){NULL, 0});
}

void config_list_print(const struct config_key *key, const void *members, struct buf *out)
{
    const struct list_kind *kind = kind_of(key);
    struct list list = get(key, members);
    for (size_t i = 0; i < list.count; i++) {
        buf_cstr(out, i ? ", " : "");
        kind->print((const char *)list.items + i * kind->size, out);
    }
}
