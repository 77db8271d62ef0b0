#include "serve/sockets.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "net/notify.h"
#include "serve/messages.h"

static unsigned wanted_count(const struct role *role, const struct config *config)
{
    unsigned n = role->workers ? role->workers(config) : 1;
    return n ? n : 1;
}

static size_t count_addresses(const struct role *role, const struct config *config)
{
    struct role_address address;
    size_t n = 0;
    while (role->listen && role->listen(config, n, &address))
        n++;
    return n;
}

/* An address whose sockets are now for something else keeps them, too. */
static struct socket_group *find_kept(struct socket_set *now, const struct role *role,
                                      const struct config_address *wanted)
{
    for (size_t i = 0; i < now->count; i++) {
        struct socket_group *g = &now->groups[i];
        if (!g->taken && (!g->role || g->role == role) &&
            config_address_eq(&g->wanted.address, wanted))
            return g;
    }
    return NULL;
}

/* Fills a group up to `most` sockets: those of the set before, then new ones. More than that are
 * kept too when they were there, since closing one would reset the connections in its queue. */
static int fill_group(struct socket_group *g, struct socket_group *before, unsigned most,
                      struct error *err)
{
    unsigned have = before ? before->count : 0;
    g->fds = calloc(have > most ? have : most, sizeof *g->fds);
    if (!g->fds)
        return error_set_memory(err);
    for (; g->count < have; g->count++)
        g->fds[g->count] = before->fds[g->count];
    g->kept = have;
    if (before)
        before->taken = true;
    struct config_address bound = g->wanted.address;
    int result = 0;
    if (have)
        listener_address(g->fds[0], &bound);
    else if (config_address_port(&bound))
        result = listen_probe(&bound, err);
    if (result < 0)
        return result;
    if (have && !listener_is_shared(g->fds[0]))
        most = have; /* of a systemd socket unit: all workers share it */
    for (; g->count < most; g->count++) {
        result = listen_open(&bound, true, &g->fds[g->count], err);
        if (result < 0)
            return result;
        if (g->count == 0)
            listener_address(g->fds[0], &bound);
    }
    return 0;
}

static int open_role(struct socket_set *next, struct socket_set *now, const struct role *role,
                     const struct config *config, struct error *err)
{
    struct role_address wanted;
    unsigned most = wanted_count(role, config);
    for (size_t i = 0; role->listen(config, i, &wanted); i++) {
        struct socket_group *g = &next->groups[next->count++];
        *g = (struct socket_group){.role = role, .wanted = wanted};
        int result = fill_group(g, find_kept(now, role, &wanted.address), most, err);
        if (result < 0)
            return result;
    }
    size_t total = sockets_of(next, role, NULL);
    if (total > LISTENERS_MAX)
        return error_set(err, ERROR_PERMANENT,
                         msg_serve_many_sockets(str_from(role->name), total, LISTENERS_MAX));
    return 0;
}

static void close_group(struct socket_group *g, unsigned first)
{
    for (unsigned i = first; i < g->count; i++)
        close(g->fds[i]);
    free(g->fds);
}

static void undo(struct socket_set *next, struct socket_set *now)
{
    for (size_t i = 0; i < next->count; i++)
        close_group(&next->groups[i], next->groups[i].kept);
    free(next->groups);
    for (size_t i = 0; i < now->count; i++)
        now->groups[i].taken = false;
}

void sockets_address(const struct socket_group *g, struct buf *out)
{
    struct config_address bound = g->wanted.address;
    listener_address(g->fds[0], &bound);
    config_address_print(out, &bound);
}

/* The address, since the purpose may change while it is kept. */
static void name_for_systemd(const struct socket_group *g, char name[CONFIG_ADDRESS_TEXT_MAX + 1])
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, CONFIG_ADDRESS_TEXT_MAX);
    sockets_address(g, &text);
    for (size_t i = 0; i < text.n; i++)
        name[i] = text.p[i] == ':' ? '_' : text.p[i];
    name[text.n] = '\0';
}

/* For the supervisor that comes after this one when the unit is restarted. */
static void leave_with_systemd(const struct socket_set *set)
{
    char name[CONFIG_ADDRESS_TEXT_MAX + 1];
    for (size_t i = 0; i < set->count; i++) {
        const struct socket_group *g = &set->groups[i];
        name_for_systemd(g, name);
        notify_keep(name, g->fds + g->kept, g->count - g->kept);
    }
}

/* What systemd holds and nobody wants keeps its clients waiting for ever. */
static void log_let_go(const struct socket_group *g)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, CONFIG_ADDRESS_TEXT_MAX);
    sockets_address(g, &text);
    if (g->role)
        LOG(LOG_INFO, "serve.not_listening", LOG_CSTR("role", g->role->name),
            LOG_STR("address", buf_view(&text)));
    else
        LOG(LOG_WARN, "serve.socket_unwanted", LOG_STR("address", buf_view(&text)));
}

static void let_go(const struct socket_set *set)
{
    char name[CONFIG_ADDRESS_TEXT_MAX + 1];
    for (size_t i = 0; i < set->count; i++) {
        const struct socket_group *g = &set->groups[i];
        if (g->taken)
            continue;
        name_for_systemd(g, name);
        notify_discard(name);
        log_let_go(g);
    }
}

/* Opens what the given roles listen on. */
static int open_roles(struct socket_set *out, struct socket_set *now,
                      const struct role *const *roles, size_t role_count,
                      const struct config *config, struct error *err)
{
    struct socket_set next = {NULL, 0};
    size_t addresses = 0;
    for (size_t i = 0; i < role_count; i++)
        addresses += count_addresses(roles[i], config);
    next.groups = calloc(addresses + 1, sizeof *next.groups);
    if (!next.groups)
        return error_set_memory(err);
    for (size_t i = 0; i < role_count; i++) {
        int result = roles[i]->listen ? open_role(&next, now, roles[i], config, err) : 0;
        if (result < 0) {
            undo(&next, now);
            return result;
        }
    }
    let_go(now);
    sockets_close(now);
    *out = next;
    return 0;
}

static struct socket_group *group_at(struct socket_set *set, const struct config_address *address)
{
    size_t i = 0;
    while (i < set->count && !config_address_eq(&set->groups[i].wanted.address, address))
        i++;
    return &set->groups[i];
}

/* Moves one socket to its group, which is made when it is the first of its address. */
static bool adopt(struct socket_set *set, struct listener *from, size_t most)
{
    struct config_address address;
    if (!listener_address(from->fd, &address))
        return true; /* it was just looked at: net/listen.h */
    struct socket_group *g = group_at(set, &address);
    if (!g->fds) {
        g->fds = calloc(most, sizeof *g->fds);
        if (!g->fds)
            return false;
        g->wanted = (struct role_address){address, "unknown"};
        set->count++;
    }
    g->fds[g->count++] = from->fd;
    from->fd = -1;
    return true;
}

int sockets_adopt(struct socket_set *out, struct error *err)
{
    struct listener *handed;
    size_t count;
    bool adopted = true;
    *out = (struct socket_set){NULL, 0};
    int result = listeners_from_environment(&handed, &count, err);
    if (result < 0 || !count)
        return result;
    out->groups = calloc(count + 1, sizeof *out->groups);
    for (size_t i = 0; i < count && out->groups && adopted; i++)
        adopted = adopt(out, &handed[i], count);
    listeners_free(handed, count);
    if (out->groups && adopted)
        return 0;
    sockets_close(out);
    return error_set_memory(err);
}

int sockets_open(struct socket_set *next, struct socket_set *now, const struct role *roles,
                 size_t role_count, const struct config *config, struct error *err)
{
    const struct role *wanted[ROLES_MAX];
    size_t n = 0;
    for (size_t i = 0; i < role_count && n < ROLES_MAX; i++) {
        if (role_is_wanted(&roles[i], config))
            wanted[n++] = &roles[i];
    }
    int result = open_roles(next, now, wanted, n, config, err);
    if (result == 0)
        leave_with_systemd(next);
    return result;
}

int sockets_open_role(struct socket_set *next, struct socket_set *now, const struct role *role,
                      const struct config *config, struct error *err)
{
    return open_roles(next, now, &role, 1, config, err);
}

size_t sockets_of(const struct socket_set *set, const struct role *role, struct listener *out)
{
    size_t n = 0;
    for (size_t i = 0; i < set->count; i++) {
        const struct socket_group *g = &set->groups[i];
        if (g->role != role)
            continue;
        for (unsigned j = 0; j < g->count; j++, n++) {
            if (out)
                out[n] = (struct listener){g->fds[j], g->wanted.name};
        }
    }
    return n;
}

void sockets_close(struct socket_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        close_group(&set->groups[i], set->groups[i].taken ? set->groups[i].count : 0);
    free(set->groups);
    *set = (struct socket_set){NULL, 0};
}

void sockets_release(struct socket_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        set->groups[i].taken = true;
    sockets_close(set);
}
