/* A command of the user's: PROGRAM add|remove NAME TEXT. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "publish/messages.h"
#include "publish/publisher.h"

#define SAID_MAX 400 /* bytes of its standard error that an error quotes: the last ones */
#define READ_MAX 1024
#define STOP_MS  200

struct command {
    const struct publish_change *change;
    pid_t pid;
    int report, process; /* descriptors: its standard error, itself */
    int64_t deadline;    /* clock_monotonic_ms */
    char said[SAID_MAX];
    size_t said_n;
};

/* ---- starting ---- */

/* A group of its own, so that whatever it starts can be ended too; no signal blocked or ignored; of
 * our descriptors none. */
static int set_up(posix_spawn_file_actions_t *files, posix_spawnattr_t *attributes, int report)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int rc = posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0);
    if (rc == 0)
        rc = posix_spawn_file_actions_addopen(files, 1, "/dev/null", O_WRONLY, 0);
    if (rc == 0)
        rc = posix_spawn_file_actions_adddup2(files, report, 2);
    if (rc == 0)
        rc = posix_spawn_file_actions_addclosefrom_np(files, 3);
    if (rc == 0)
        rc = posix_spawn_file_actions_addchdir_np(files, "/");
    if (rc == 0)
        rc = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                      POSIX_SPAWN_SETSIGDEF);
    if (rc == 0)
        rc = posix_spawnattr_setsigmask(attributes, &none);
    return rc ? rc : posix_spawnattr_setsigdefault(attributes, &all);
}

static int spawn(struct command *c, char *const *arguments, int report)
{
    char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    char lang[] = "LANG=C.UTF-8";
    char *const environment[] = {path, lang, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    int rc = set_up(&files, &attributes, report);
    if (rc == 0)
        rc = posix_spawn(&c->pid, arguments[0], &files, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return rc;
}

static int start(struct command *c, struct error *err)
{
    const struct publish_change *change = c->change;
    struct arena arena CLEANUP(arena_done);
    int ends[2];
    arena_init(&arena, (size_t)64 * 1024);
    char *const arguments[] = {arena_cstr(&arena, change->by->command),
                               arena_cstr(&arena, change->remove ? STR("remove") : STR("add")),
                               arena_cstr(&arena, change->name), arena_cstr(&arena, change->text),
                               NULL};
    if (arena.failed)
        return error_set_memory(err);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_set_errno(err, errno, STR("pipe"));
    c->report = ends[0];
    int errnum = spawn(c, arguments, ends[1]);
    close(ends[1]);
    if (errnum) {
        c->pid = -1;
        return error_set_errno(err, errnum, change->by->command);
    }
    c->process = (int)syscall(SYS_pidfd_open, c->pid, 0);
    return c->process < 0 ? error_set_errno(err, errno, STR("pidfd_open")) : 0;
}

/* ---- listening ---- */

/* Keeps the last bytes. 0: there will be no more. */
static ssize_t listen_to(struct command *c)
{
    char bytes[READ_MAX];
    ssize_t n = read(c->report, bytes, sizeof bytes);
    for (ssize_t i = 0; i < n; i++) {
        if (c->said_n == SAID_MAX)
            memmove(c->said, c->said + 1, --c->said_n);
        c->said[c->said_n++] = bytes[i];
    }
    return n;
}

/* What it left in the pipe; what a process behind it may still say is not waited for. */
static void hear_rest(struct command *c)
{
    int flags = fcntl(c->report, F_GETFL);
    fcntl(c->report, F_SETFL, flags | O_NONBLOCK);
    while (listen_to(c) > 0) {
    }
}

static struct str said(const struct command *c)
{
    return str_trim((struct str){c->said, c->said_n});
}

/* Until it ends. */
static int follow(struct command *c, struct error *err)
{
    struct pollfd ready[] = {{.fd = c->process, .events = POLLIN},
                             {.fd = c->report, .events = POLLIN}};
    for (;;) {
        int64_t left = c->deadline - clock_monotonic_ms();
        int rc = publish_check_stop(c->change->publish, err);
        if (rc < 0)
            return rc;
        if (left <= 0)
            return error_set(
                err, ERROR_TEMPORARY,
                msg_publish_command_slow(c->change->by->command, c->change->by->timeout, said(c)));
        if (poll(ready, ARRAY_LEN(ready), left < STOP_MS ? (int)left : STOP_MS) < 0 &&
            errno != EINTR)
            return error_set_errno(err, errno, STR("poll"));
        if (ready[1].revents && listen_to(c) <= 0)
            ready[1].fd = -1;
        if (ready[0].revents)
            return 0;
    }
}

static void command_done(struct command *c)
{
    if (c->pid > 0) {
        kill(-c->pid, SIGKILL);
        while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    if (c->process >= 0)
        close(c->process);
    if (c->report >= 0)
        close(c->report);
}

int publish_by_command(const struct publish_change *change, struct error *err)
{
    struct command c CLEANUP(command_done) = {
        .change = change,
        .pid = -1,
        .report = -1,
        .process = -1,
        .deadline = clock_monotonic_ms() + (int64_t)change->by->timeout * 1000,
    };
    siginfo_t end = {.si_code = 0};
    int rc = start(&c, err);
    if (rc == 0)
        rc = follow(&c, err);
    if (rc < 0)
        return rc;
    hear_rest(&c);
    /* It stays there to be waited for until its group was ended. */
    if (waitid(P_PID, (id_t)c.pid, &end, WEXITED | WNOWAIT) < 0)
        return error_set_errno(err, errno, STR("waitid"));
    if (end.si_code == CLD_EXITED && end.si_status == 0)
        return 0;
    return error_set(
        err, ERROR_TEMPORARY,
        end.si_code == CLD_EXITED
            ? msg_publish_command_failed(change->by->command, (uint64_t)end.si_status, said(&c))
            : msg_publish_command_killed(change->by->command, (uint64_t)end.si_status, said(&c)));
}
