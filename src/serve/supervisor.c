#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/print.h"
#include "net/notify.h"
#include "serve/children.h"
#include "serve/lock.h"
#include "serve/messages.h"
#include "serve/prepare.h"
#include "serve/serve.h"

#define NOTIFY_BYTES_MAX 4096

struct supervisor {
    const struct serve_options *options;
    struct config *config;
    struct socket_set sockets;
    struct children children;
    struct counter_pages counters;
    int signals, notify, lock;
    char notify_path[sizeof((struct sockaddr_un *)0)->sun_path + 1];
    char config_path[PATH_MAX]; /* absolute; empty for the default */
    bool ready, stopping;
};

void serve_log_findings(struct str file, const struct findings *findings)
{
    for (const struct finding *f = findings->first; f; f = f->next) {
        const struct error err = {.msg = f->msg};
        LOG(LOG_ERROR, "serve.config_fault", LOG_STR("file", file), LOG_U64("line", f->line),
            LOG_U64("column", f->column), LOG_ERR(&err));
    }
}

static int open_signals(int *out, struct error *err)
{
    static const int caught[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < ARRAY_LEN(caught); i++)
        sigaddset(&set, caught[i]);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return error_set_errno(err, errno, STR("signals"));
    *out = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return *out < 0 ? error_set_errno(err, errno, STR("signalfd")) : 0;
}

/* A datagram socket with an abstract name of the kernel's choice. Anybody may send there; who did
 * is told by the kernel, and only our children are listened to. */
static int open_notify(struct supervisor *s, struct error *err)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    socklen_t n = sizeof name;
    int yes = 1;
    s->notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->notify < 0 || setsockopt(s->notify, SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes) < 0 ||
        bind(s->notify, (const struct sockaddr *)&name, sizeof name.sun_family) < 0 ||
        getsockname(s->notify, (struct sockaddr *)&name, &n) < 0)
        return error_set_errno(err, errno, STR("notification socket"));
    size_t length = n - offsetof(struct sockaddr_un, sun_path);
    memcpy(s->notify_path, name.sun_path, length);
    s->notify_path[0] = '@';
    s->notify_path[length] = '\0';
    return 0;
}

/* A page a role, for as long as the supervisor lives. */
static int open_counters(struct supervisor *s, struct error *err)
{
    struct counter_pages *pages = &s->counters;
    int result = 0;
    pages->roles = s->options->roles;
    while (pages->count < s->options->role_count && result == 0) {
        result = counters_make(&pages->fds[pages->count], err);
        pages->count += result == 0;
    }
    return result;
}

/* Every user must exist before anything starts. */
static int check_users(const struct serve_options *o, const struct config *config,
                       struct error *err)
{
    for (size_t i = 0; i < o->role_count; i++) {
        struct serve_user user;
        if (!role_is_wanted(&o->roles[i], config))
            continue;
        struct str wanted = o->roles[i].user(config);
        int result = serve_user_find(wanted, config->serve.user, &user, err);
        if (result < 0)
            return result;
        if (!str_eq(wanted, str_from(user.name)))
            LOG(LOG_WARN, "serve.user_fallback", LOG_CSTR("role", o->roles[i].name),
                LOG_STR("wanted", wanted), LOG_CSTR("user", user.name));
    }
    return 0;
}

static void log_limits(const struct serve_options *o, const struct config *config,
                       const struct socket_set *sockets)
{
    for (size_t i = 0; i < o->role_count; i++) {
        uint64_t wanted = 0, have;
        if (!role_is_wanted(&o->roles[i], config))
            continue;
        have = spawn_open_files(&o->roles[i], config, sockets_of(sockets, &o->roles[i], NULL),
                                &wanted);
        if (have < wanted)
            LOG(LOG_WARN, "serve.few_files", LOG_CSTR("role", o->roles[i].name),
                LOG_U64("wanted", wanted), LOG_U64("limit", have));
    }
}

static void log_group(const struct socket_group *g)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, CONFIG_ADDRESS_TEXT_MAX);
    sockets_address(g, &text);
    LOG(LOG_INFO, "serve.listening", LOG_CSTR("role", g->role->name),
        LOG_STR("address", buf_view(&text)), LOG_CSTR("name", g->wanted.name),
        LOG_U64("sockets", g->count), LOG_U64("kept", g->kept));
}

static void log_listening(const struct socket_set *set, bool all)
{
    for (size_t i = 0; i < set->count; i++) {
        if (all || !set->groups[i].kept)
            log_group(&set->groups[i]);
    }
}

static void log_one_user(void)
{
    struct msg lost = msg_serve_one_user();
    LOG(LOG_WARN, "serve.one_user", LOG_U64("uid", geteuid()), LOG_MSG("lost", &lost));
}

/* Opens the sockets, from those that systemd hands over where it does. */
static int open_sockets(struct supervisor *s, struct error *err)
{
    const struct serve_options *o = s->options;
    struct socket_set handed;
    int result = sockets_adopt(&handed, err);
    if (result < 0)
        return result;
    result = sockets_open(&s->sockets, &handed, o->roles, o->role_count, s->config, err);
    if (result < 0)
        sockets_close(&handed);
    return result;
}

static int begin(struct supervisor *s, struct error *err)
{
    const struct serve_options *o = s->options;
    int result = 0;
    umask(0007);
    log_set_level((enum log_level)s->config->log.level);
    if (geteuid() == 0)
        result = check_users(o, s->config, err);
    if (result == 0)
        result = serve_prepare_store(o->roles, o->role_count, s->config, err);
    if (result == 0)
        result = serve_lock(s->config->store.path, &s->lock, err);
    if (result == 0)
        result = open_sockets(s, err);
    if (result == 0)
        result = open_signals(&s->signals, err);
    if (result == 0)
        result = open_notify(s, err);
    if (result == 0)
        result = open_counters(s, err);
    if (result == 0)
        result = spawn_open_program(&s->children.program, err);
    return result;
}

static void start_roles(struct supervisor *s)
{
    s->children.config = s->config;
    s->children.sockets = &s->sockets;
    s->children.counters = &s->counters;
    s->children.notify_socket = s->notify_path;
    for (size_t i = 0; i < s->options->role_count; i++) {
        const struct role *role = &s->options->roles[i];
        if (role_is_wanted(role, s->config) && !children_find(&s->children, role))
            children_start(&s->children, role, clock_monotonic_ms());
    }
}

static void tell_ready(struct supervisor *s)
{
    if (s->stopping || s->ready || !children_all_ready(&s->children))
        return;
    s->ready = true;
    LOG(LOG_INFO, "serve.ready");
    notify_ready();
}

/* One role after the other, the last started first. */
static void stop_next(struct supervisor *s)
{
    for (size_t i = s->options->role_count; i-- > 0;) {
        struct child *child = children_find(&s->children, &s->options->roles[i]);
        if (!child)
            continue;
        children_stop(&s->children, child, clock_monotonic_ms());
        if (child->state == CHILD_STOPPING)
            return;
    }
}

static void stop(struct supervisor *s, uint32_t signal)
{
    if (s->stopping) {
        LOG(LOG_WARN, "serve.hurried");
        children_kill(&s->children);
        return;
    }
    s->stopping = s->children.ending = true;
    LOG(LOG_INFO, "serve.stopping", LOG_CSTR("signal", sigabbrev_np((int)signal)));
    notify_stopping();
    sockets_close(&s->sockets); /* the roles have theirs; nobody new should queue here */
}

static void reap(struct supervisor *s)
{
    pid_t pid;
    int status;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        children_ended(&s->children, pid, status, clock_monotonic_ms());
}

/* What a role would see differently, as text. */
static void role_view(const struct config *config, struct buf *out)
{
    struct str text, line;
    struct buf all CLEANUP(buf_done);
    buf_init(&all, CONFIG_PRINT_MAX);
    config_print(config, false, &all);
    for (text = buf_view(&all); text.n;) {
        str_cut(text, '\n', &line, &text);
        if (str_starts(line, STR("roles =")) || str_starts(line, STR("stop_timeout =")))
            continue;
        buf_str(out, line);
        buf_byte(out, '\n');
    }
}

static bool roles_see_a_change(const struct config *before, const struct config *after)
{
    struct buf a CLEANUP(buf_done), b CLEANUP(buf_done);
    buf_init(&a, CONFIG_PRINT_MAX);
    buf_init(&b, CONFIG_PRINT_MAX);
    role_view(before, &a);
    role_view(after, &b);
    return !str_eq(buf_view(&a), buf_view(&b));
}

static int load_again(struct supervisor *s, struct config **config, struct socket_set *sockets,
                      struct error *err)
{
    struct arena arena CLEANUP(arena_done);
    struct findings findings;
    const struct serve_options *o = s->options;
    arena_init(&arena, 1024 * 1024);
    findings_init(&findings, &arena);
    int result = config_load(config, s->config_path[0] ? s->config_path : NULL, &findings, err);
    serve_log_findings(str_from(config_path(s->config_path)), &findings);
    if (result == 0 && !str_eq((*config)->store.path, s->config->store.path))
        result = error_set(err, ERROR_POLICY, msg_serve_store_moved((*config)->store.path));
    if (result == 0 && geteuid() == 0)
        result = check_users(o, *config, err);
    if (result == 0)
        result = sockets_open(sockets, &s->sockets, o->roles, o->role_count, *config, err);
    return result;
}

/* Brings the processes in line with a configuration that has been taken over. */
static void apply(struct supervisor *s, bool changed)
{
    int64_t now = clock_monotonic_ms();
    for (size_t i = 0; i < s->options->role_count; i++) {
        const struct role *role = &s->options->roles[i];
        struct child *child = children_find(&s->children, role);
        if (!child)
            continue;
        if (!role_is_wanted(role, s->config)) {
            child->retired = true;
            children_stop(&s->children, child, now);
        } else if (changed) {
            children_replace(&s->children, child, now);
        } else if (child->pid) {
            kill(child->pid, SIGHUP);
        }
    }
    start_roles(s);
}

static void reload(struct supervisor *s)
{
    struct config *config CLEANUP(config_freep) = NULL;
    struct socket_set sockets = {.count = 0};
    struct error err;
    if (s->stopping)
        return;
    notify_reloading();
    if (load_again(s, &config, &sockets, &err) < 0) {
        LOG(LOG_ERROR, "serve.reload_refused", LOG_ERR(&err));
        if (s->ready)
            notify_ready();
        return;
    }
    struct config *before = s->config;
    bool changed = roles_see_a_change(before, config);
    s->config = config;
    config = before;
    s->sockets = sockets;
    s->children.config = s->config;
    log_set_level((enum log_level)s->config->log.level);
    log_listening(&s->sockets, false);
    LOG(LOG_INFO, "serve.reloaded", LOG_CSTR("processes", changed ? "replaced" : "told"));
    apply(s, changed);
    if (s->ready)
        notify_ready();
}

static void on_signals(struct supervisor *s)
{
    struct signalfd_siginfo info;
    while (read(s->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            reap(s);
        else if (info.ssi_signo == SIGHUP)
            reload(s);
        else
            stop(s, info.ssi_signo);
    }
}

/* One notification; false when there is none. The sender's id is the kernel's word. */
static bool on_notification(struct supervisor *s)
{
    char bytes[NOTIFY_BYTES_MAX];
    union {
        char space[CMSG_SPACE(sizeof(struct ucred))];
        struct cmsghdr align;
    } control;
    struct iovec part = {bytes, sizeof bytes};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = control.space,
                       .msg_controllen = sizeof control.space};
    ssize_t n = recvmsg(s->notify, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0)
        return errno == EINTR;
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS)
        return true;
    struct ucred sender;
    memcpy(&sender, CMSG_DATA(c), sizeof sender);
    children_notified(&s->children, sender.pid, (struct str){bytes, (size_t)n},
                      clock_monotonic_ms());
    return true;
}

static int next_timeout(const struct supervisor *s)
{
    int64_t due = children_due(&s->children), now = clock_monotonic_ms();
    unsigned beat = notify_watchdog_interval();
    int64_t wait = due == INT64_MAX ? -1 : due <= now ? 0 : due - now;
    if (beat && (wait < 0 || wait > beat))
        wait = beat;
    return wait > INT_MAX ? INT_MAX : (int)wait;
}

static void run(struct supervisor *s)
{
    struct pollfd fds[] = {{s->signals, POLLIN, 0}, {s->notify, POLLIN, 0}};
    while (!s->stopping || children_running(&s->children)) {
        poll(fds, ARRAY_LEN(fds), next_timeout(s));
        notify_watchdog();
        while (on_notification(s))
            continue;
        on_signals(s);
        if (s->stopping)
            stop_next(s);
        children_tick(&s->children, clock_monotonic_ms());
        tell_ready(s);
    }
}

static void supervisor_done(struct supervisor *s)
{
    const int fds[] = {s->signals, s->notify, s->lock, s->children.program};
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    for (size_t i = 0; i < s->counters.count; i++)
        close(s->counters.fds[i]);
    sockets_close(&s->sockets);
    config_free(s->config);
}

int serve_supervise(const struct serve_options *options, struct config *config, struct error *err)
{
    struct supervisor s CLEANUP(supervisor_done) = {
        .options = options, .config = config, .signals = -1, .notify = -1, .lock = -1};
    s.children.program = -1;
    if (config->file.n && !realpath(config->file.p, s.config_path))
        return error_set_errno(err, errno, config->file);
    int result = begin(&s, err);
    if (result < 0)
        return result;
    if (geteuid() != 0)
        log_one_user();
    log_listening(&s.sockets, true);
    log_limits(options, config, &s.sockets);
    start_roles(&s);
    run(&s);
    LOG(LOG_INFO, "serve.stopped", LOG_CSTR("clean", s.children.unclean ? "no" : "yes"));
    return s.children.unclean ? 1 : 0;
}
