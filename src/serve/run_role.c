/* The start of one role, in its own process. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "serve/messages.h"
#include "serve/serve.h"
#include "serve/sockets.h"
#include "serve/user.h"

/* What kill(1) and ps(1) show; the kernel keeps 15 bytes. */
static void name_process(const struct role *role)
{
    char name[16];
    snprintf(name, sizeof name, "sealpost-%s", role->name);
    prctl(PR_SET_NAME, name, 0, 0, 0);
}

/* The role's own sockets, when nobody hands any over. */
static int open_listeners(const struct role *role, const struct config *config,
                          struct listener **out, size_t *count, struct error *err)
{
    struct listener own[LISTENERS_MAX];
    struct socket_set none = {NULL, 0}, set;
    if (!role->listen)
        return 0;
    int result = sockets_open_role(&set, &none, role, config, err);
    if (result < 0)
        return result;
    size_t n = sockets_of(&set, role, own);
    struct listener *listeners = calloc(n + 1, sizeof *listeners);
    if (!listeners) {
        sockets_close(&set);
        return error_set_memory(err);
    }
    bool named = true;
    for (size_t i = 0; i < n; i++) {
        listeners[i] = (struct listener){own[i].fd, strdup(own[i].name)};
        named = named && listeners[i].name;
    }
    sockets_release(&set);
    *out = listeners;
    *count = n;
    return named ? 0 : error_set_memory(err);
}

/* The supervisor hands the configuration over as standard input; it has been read by now. */
static int close_input(struct error *err)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int result =
        fd < 0 || dup2(fd, STDIN_FILENO) < 0 ? error_set_errno(err, errno, STR("/dev/null")) : 0;
    if (fd > STDIN_FILENO)
        close(fd);
    return result;
}

static int drop_root(const struct role *role, const struct config *config, struct error *err)
{
    struct serve_user user;
    if (geteuid() != 0)
        return 0;
    int result = serve_user_find(role->user(config), config->serve.user, &user, err);
    if (result < 0)
        return result;
    int failed = serve_user_become(&user);
    return failed ? error_set_errno(err, failed, str_from(user.name)) : 0;
}

/* A role that could not begin has fallen, for those who count (base/counters.h). */
static int run(const struct role *role, const struct config *config,
               const struct listener *listeners, size_t count, struct error *err)
{
    struct counters counters;
    int result = counters_begin(&counters, role->name, clock_now(), clock_monotonic_ms(), err);
    if (result < 0)
        return result;
    result = role->run(config, listeners, count, &counters);
    if (result == 0)
        counters_end(&counters);
    return result;
}

int serve_role(const struct role *role, const struct config *config, struct error *err)
{
    struct listener *listeners = NULL;
    size_t count = 0;
    name_process(role);
    log_set_role(role->name);
    log_set_level((enum log_level)config->log.level);
    int result = close_input(err);
    if (result == 0)
        result = listeners_from_environment(&listeners, &count, err);
    if (result == 0 && count == 0)
        result = open_listeners(role, config, &listeners, &count, err);
    if (result == 0)
        result = drop_root(role, config, err);
    if (result == 0)
        result = run(role, config, listeners, count, err);
    listeners_free(listeners, count);
    return result;
}
