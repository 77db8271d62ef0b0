#include "net/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/messages.h"

/* The kernel cuts it to net.core.somaxconn. */
#define BACKLOG 4096

static int refuse(const struct config_address *address, int errnum, struct error *err)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, CONFIG_ADDRESS_TEXT_MAX);
    config_address_print(&text, address);
    struct str at = buf_view(&text);
    uint16_t port = config_address_port(address);
    switch (errnum) {
    case EACCES:
    case EPERM:
        return error_set(err, ERROR_PERMANENT, msg_listen_not_permitted(at, port));
    case EADDRINUSE:
        return error_set(err, ERROR_TEMPORARY, msg_listen_in_use(at, port));
    case EADDRNOTAVAIL:
    case EINVAL:
    case ENODEV:
        return error_set(err, ERROR_PERMANENT, msg_listen_not_ours(at));
    case EAFNOSUPPORT:
        return error_set(err, ERROR_PERMANENT, msg_listen_no_family(at));
    case EMFILE:
    case ENFILE:
        return error_set(err, ERROR_TEMPORARY, msg_listen_no_descriptors(at));
    default: {
        const char *reason = strerrordesc_np(errnum);
        return error_set(err, ERROR_TEMPORARY,
                         msg_listen_failed(at, str_from(reason ? reason : "unknown error")));
    }
    }
}

static bool set_option(int fd, int level, int option)
{
    int yes = 1;
    return setsockopt(fd, level, option, &yes, sizeof yes) == 0;
}

/* A bound socket; negative with *err. */
static int bind_socket(const struct config_address *address, bool shared, struct error *err)
{
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return refuse(address, errno, err);
    bool v6 = address->any.sa_family == AF_INET6;
    if ((v6 && !set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY)) ||
        !set_option(fd, SOL_SOCKET, SO_REUSEADDR) ||
        (shared && !set_option(fd, SOL_SOCKET, SO_REUSEPORT)) ||
        bind(fd, &address->any, config_address_length(address)) < 0) {
        int errnum = errno;
        close(fd);
        return refuse(address, errnum, err);
    }
    return fd;
}

int listen_open(const struct config_address *address, bool shared, int *out, struct error *err)
{
    int fd = bind_socket(address, shared, err);
    if (fd < 0)
        return fd;
    if (listen(fd, BACKLOG) < 0) {
        int errnum = errno;
        close(fd);
        return refuse(address, errnum, err);
    }
    *out = fd;
    return 0;
}

int listen_probe(const struct config_address *address, struct error *err)
{
    int fd = bind_socket(address, false, err);
    if (fd < 0)
        return fd;
    close(fd);
    return 0;
}

bool listener_address(int fd, struct config_address *out)
{
    union {
        struct config_address address;
        struct sockaddr_storage storage;
    } bound;
    socklen_t n = sizeof bound;
    memset(&bound, 0, sizeof bound);
    if (getsockname(fd, &bound.address.any, &n) < 0)
        return false;
    if (bound.address.any.sa_family != AF_INET && bound.address.any.sa_family != AF_INET6)
        return false;
    *out = bound.address;
    return true;
}

bool listener_is_shared(int fd)
{
    int shared = 0;
    socklen_t n = sizeof shared;
    return getsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &shared, &n) == 0 && shared;
}

static bool is_listening(int fd)
{
    int type = 0, listening = 0;
    socklen_t n = sizeof type;
    struct config_address address;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) < 0 || type != SOCK_STREAM)
        return false;
    n = sizeof listening;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &n) == 0 && listening &&
           listener_address(fd, &address);
}

static bool adopt(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return is_listening(fd) && flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

/* What the environment announces, read before it is removed from there. */
struct announcement {
    char *pid, *fds, *names;
};

static void announcement_done(struct announcement *a)
{
    free(a->pid);
    free(a->fds);
    free(a->names);
}

static char *take_variable(const char *name)
{
    const char *value = getenv(name);
    char *copy = value ? strdup(value) : NULL;
    unsetenv(name);
    return copy;
}

/* "http:https" names the sockets in order; a missing or odd name becomes "unknown", as in
 * sd_listen_fds_with_names(3). */
static char *next_name(struct str *names)
{
    struct str name;
    str_cut(*names, ':', &name, names);
    if (!name.n || name.n > LISTENER_NAME_MAX)
        name = STR("unknown");
    char *copy = malloc(name.n + 1);
    if (!copy)
        return NULL;
    memcpy(copy, name.p, name.n);
    copy[name.n] = '\0';
    return copy;
}

static int take_over(struct listener *listeners, size_t count, struct str names, struct error *err)
{
    for (size_t i = 0; i < count; i++)
        listeners[i].fd = LISTEN_FD_FIRST + (int)i;
    for (size_t i = 0; i < count; i++) {
        listeners[i].name = next_name(&names);
        if (!listeners[i].name)
            return error_set_memory(err);
        if (!adopt(listeners[i].fd))
            return error_set(err, ERROR_PERMANENT,
                             msg_listen_not_a_socket((uint64_t)listeners[i].fd));
    }
    return 0;
}

int listeners_from_environment(struct listener **out, size_t *count, struct error *err)
{
    struct announcement a CLEANUP(announcement_done) = {
        take_variable("LISTEN_PID"), take_variable("LISTEN_FDS"), take_variable("LISTEN_FDNAMES")};
    uint64_t pid, n;
    *out = NULL;
    *count = 0;
    if (!a.pid || !a.fds)
        return 0;
    if (!str_to_u64(str_from(a.pid), &pid) || !str_to_u64(str_from(a.fds), &n) || n > LISTENERS_MAX)
        return error_set(err, ERROR_PERMANENT,
                         msg_listen_garbled(str_from(a.pid), str_from(a.fds), LISTENERS_MAX));
    if (pid != (uint64_t)getpid() || n == 0)
        return 0; /* meant for another process, which started us */
    struct listener *listeners = calloc((size_t)n, sizeof *listeners);
    if (!listeners)
        return error_set_memory(err);
    int result = take_over(listeners, (size_t)n, str_from(a.names), err);
    if (result < 0) {
        listeners_free(listeners, (size_t)n);
        return result;
    }
    *out = listeners;
    *count = (size_t)n;
    return 0;
}

void listeners_free(struct listener *listeners, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (listeners[i].fd >= 0)
            close(listeners[i].fd);
        free((void *)(uintptr_t)listeners[i].name);
    }
    free(listeners);
}

/* How many of all[count] have the address of all[i], and which of them, from 0, that one is. */
static size_t siblings(const struct listener *all, size_t count, size_t i, size_t *place)
{
    struct config_address own, other;
    size_t n = 0;
    *place = 0;
    if (!listener_address(all[i].fd, &own))
        return 1;
    for (size_t j = 0; j < count; j++) {
        if (!listener_address(all[j].fd, &other) || !config_address_eq(&own, &other))
            continue;
        *place += j < i;
        n++;
    }
    return n;
}

size_t listeners_for_worker(const struct listener *all, size_t count, unsigned worker,
                            unsigned workers, struct listener *out)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        size_t place, same = siblings(all, count, i, &place);
        bool mine = same >= workers ? place % workers == worker : worker % same == place;
        if (mine)
            out[n++] = all[i];
    }
    return n;
}
