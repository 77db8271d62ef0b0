#include "serve/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/print.h"
#include "serve/messages.h"

/* Descriptors that every role needs beside its connections: log, loop, store, random. */
#define OPEN_FILES_BASE 64

/* What a child tells when it does not get as far as its new image. */
struct failure {
    int errnum;
    char step[32];
};

static _Noreturn void give_up(int report, const char *step, int errnum)
{
    struct failure f = {.errnum = errnum};
    snprintf(f.step, sizeof f.step, "%s", step);
    ssize_t ignored = write(report, &f, sizeof f);
    (void)ignored;
    _exit(127);
}

/* The configuration as the supervisor has it, in a file without a name: a role that starts again
 * must not meet a file that somebody is editing. */
static int config_file(const struct config *config, struct error *err)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, CONFIG_PRINT_MAX);
    config_print(config, false, &text);
    if (text.failed)
        return error_set_memory(err);
    int fd = memfd_create("sealpost.conf", MFD_CLOEXEC);
    if (fd < 0 || write(fd, text.p, text.n) != (ssize_t)text.n || lseek(fd, 0, SEEK_SET) < 0) {
        int failed = errno;
        if (fd >= 0)
            close(fd);
        return error_set_errno(err, failed, STR("memfd"));
    }
    return fd;
}

/* Moves a descriptor to `lowest` or above, out of the way of those that get a fixed number. */
static int move_up(int report, int fd, int lowest)
{
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, lowest);
    if (moved < 0)
        give_up(report, "fcntl", errno);
    return moved;
}

/* Whether the role gets the counters of row i of the table. */
static bool gets_counters(const struct spawn *s, size_t i)
{
    return s->role->reads_counters || s->role == &s->counters->roles[i];
}

static size_t counters_count(const struct spawn *s)
{
    size_t n = 0;
    for (size_t i = 0; s->counters && i < s->counters->count; i++)
        n += gets_counters(s, i);
    return n;
}

/* The counters as the role may have them: those of others for reading alone. */
static int counters_copy(int report, const struct spawn *s, size_t i, int lowest)
{
    char path[32];
    int fd = s->counters->fds[i];
    if (s->role != &s->counters->roles[i]) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            give_up(report, "open", errno);
    }
    return move_up(report, fd, lowest);
}

/* Gives the role's descriptors their numbers and everything else the mark to be closed. All are
 * moved out of the way before the first gets its number. */
static void place_descriptors(const struct spawn *s, int *report, int *program, int config)
{
    size_t count = s->socket_count + counters_count(s), n = 0;
    int lowest = LISTEN_FD_FIRST + (int)count;
    int moved[LISTENERS_MAX + ROLES_MAX];
    *report = move_up(*report, *report, lowest);
    *program = move_up(*report, *program, lowest);
    while (n < s->socket_count) {
        moved[n] = move_up(*report, s->sockets[n].fd, lowest);
        n++;
    }
    for (size_t i = 0; n < count; i++) {
        if (gets_counters(s, i))
            moved[n++] = counters_copy(*report, s, i, lowest);
    }
    if (dup2(config, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        give_up(*report, "dup2", errno);
    for (size_t i = 0; i < count; i++) {
        if (dup2(moved[i], LISTEN_FD_FIRST + (int)i) < 0)
            give_up(*report, "dup2", errno);
    }
    if (close_range((unsigned)lowest, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
        give_up(*report, "close_range", errno);
}

static void set_number(int report, const char *name, uint64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    if (setenv(name, text, 1) < 0)
        give_up(report, "setenv", errno);
}

/* Which of the descriptors behind the sockets are whose counters. */
static void name_counters(const struct spawn *s, struct buf *out)
{
    int fd = LISTEN_FD_FIRST + (int)s->socket_count;
    buf_init(out, ROLES_MAX * (COUNTERS_ROLE_MAX + 16));
    for (size_t i = 0; s->counters && i < s->counters->count; i++) {
        if (gets_counters(s, i))
            buf_printf(out, "%s%s:%d", out->n ? "," : "", s->counters->roles[i].name, fd++);
    }
}

static void set_environment(int report, const struct spawn *s)
{
    struct buf counters CLEANUP(buf_done);
    struct buf names CLEANUP(buf_done);
    buf_init(&names, LISTENERS_MAX * (LISTENER_NAME_MAX + 1));
    for (size_t i = 0; i < s->socket_count; i++)
        buf_printf(&names, "%s%s", i ? ":" : "", s->sockets[i].name);
    set_number(report, "LISTEN_PID", (uint64_t)getpid());
    set_number(report, "LISTEN_FDS", s->socket_count);
    set_number(report, "WATCHDOG_PID", (uint64_t)getpid());
    set_number(report, "WATCHDOG_USEC", (uint64_t)s->watchdog_seconds * 1000000);
    unsetenv(CONFIG_ENVIRONMENT);
    name_counters(s, &counters);
    if (names.failed || setenv("LISTEN_FDNAMES", names.p ? names.p : "", 1) < 0 ||
        setenv(COUNTERS_ENVIRONMENT, counters.p ? counters.p : "", 1) < 0 ||
        setenv("NOTIFY_SOCKET", s->notify_socket, 1) < 0)
        give_up(report, "setenv", errno);
}

/* Whether this process may give itself more: being root does not say so, in a container for one. */
static bool may_raise(const struct rlimit *now, uint64_t to)
{
    const struct rlimit raised = {now->rlim_cur, to};
    return setrlimit(RLIMIT_NOFILE, &raised) == 0 && setrlimit(RLIMIT_NOFILE, now) == 0;
}

uint64_t spawn_open_files(const struct role *role, const struct config *config, size_t socket_count,
                          uint64_t *wanted)
{
    struct rlimit limit = {0, 0};
    *wanted = OPEN_FILES_BASE + socket_count + (role->open_files ? role->open_files(config) : 0);
    getrlimit(RLIMIT_NOFILE, &limit);
    bool enough = limit.rlim_max >= *wanted || may_raise(&limit, *wanted);
    return enough ? *wanted : limit.rlim_max;
}

static void set_limits(int report, const struct spawn *s)
{
    uint64_t wanted, files = spawn_open_files(s->role, s->config, s->socket_count, &wanted);
    const struct rlimit descriptors = {files, files}, none = {0, 0};
    if (setrlimit(RLIMIT_NOFILE, &descriptors) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
        give_up(report, "setrlimit", errno);
}

/* In the child. The parent's death is asked for last: a change of user forgets it. */
static void restrict_self(int report, const struct spawn *s, pid_t parent)
{
    umask(0007);
    if (setsid() < 0)
        give_up(report, "setsid", errno);
    set_limits(report, s);
    if (s->user) {
        int failed = serve_user_become(s->user);
        if (failed)
            give_up(report, "setuid", failed);
    } else if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        give_up(report, "prctl", errno);
    }
    if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) < 0)
        give_up(report, "prctl", errno);
    if (getppid() != parent)
        _exit(0);
}

static _Noreturn void become_role(const struct spawn *s, int report, int config, pid_t parent)
{
    char *argv[] = {(char[]){"sealpost"},
                    (char[]){"serve"},
                    (char[]){"--role"},
                    strdup(s->role->name),
                    (char[]){"--config"},
                    (char[]){"-"},
                    NULL};
    int program = s->program;
    sigset_t none;
    place_descriptors(s, &report, &program, config);
    set_environment(report, s);
    restrict_self(report, s, parent);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execveat(program, "", argv, environ, AT_EMPTY_PATH);
    give_up(report, "execveat", errno);
}

/* Waits for the child to close its end by becoming the role, or to say why it cannot. */
static int await_start(int report, pid_t pid, const struct role *role, struct error *err)
{
    struct failure f;
    ssize_t n;
    do {
        n = read(report, &f, sizeof f);
    } while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof f)
        return 0;
    waitpid(pid, NULL, 0);
    const char *reason = strerrordesc_np(f.errnum);
    f.step[sizeof f.step - 1] = '\0';
    return error_set(err, ERROR_TEMPORARY,
                     msg_serve_cannot_start(str_from(role->name), str_from(f.step),
                                            str_from(reason ? reason : "unknown error")));
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

int spawn_role(const struct spawn *s, pid_t *out, struct error *err)
{
    int report[2];
    int config CLEANUP(close_fd) = config_file(s->config, err);
    if (config < 0)
        return config;
    if (pipe2(report, O_CLOEXEC) < 0)
        return error_set_errno(err, errno, str_from(s->role->name));
    pid_t parent = getpid(), pid = fork();
    int failed = errno;
    if (pid == 0)
        become_role(s, report[1], config, parent);
    close(report[1]);
    int result = pid < 0 ? error_set_errno(err, failed, str_from(s->role->name))
                         : await_start(report[0], pid, s->role, err);
    close(report[0]);
    if (result == 0)
        *out = pid;
    return result;
}

int spawn_open_program(int *out, struct error *err)
{
    int fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(err, errno, STR("/proc/self/exe"));
    *out = fd;
    return 0;
}
