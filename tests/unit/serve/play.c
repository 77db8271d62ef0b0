/*
 * play.c - a supervisor with roles that do only what a test wants.
 *
 *     play CONFIG                  supervises (prints what stops it from starting)
 *     play serve --role R ...      what the supervisor runs for a role
 *
 * The role `host` answers each connection with one line: its process id, its user, its open
 * descriptors. The file "mood" in the store's folder changes what it does.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "net/notify.h"
#include "serve/serve.h"

#define POLLED_MAX 64

static bool mood_is(const struct config *config, const char *mood)
{
    struct buf path CLEANUP(buf_done), text CLEANUP(buf_done);
    buf_init(&path, 4096);
    buf_init(&text, 4096);
    buf_printf(&path, "%s/mood", config->store.path.p);
    return file_read(path.p, &text, NULL) == 0 && str_eq(str_trim(buf_view(&text)), str_from(mood));
}

/* The numbers of all open descriptors, but for the one that lists them. */
static void put_descriptors(struct buf *out)
{
    DIR *folder = opendir("/proc/self/fd");
    struct dirent *entry;
    if (!folder)
        return;
    while ((entry = readdir(folder))) {
        uint64_t fd;
        if (str_to_u64(str_from(entry->d_name), &fd) && (int)fd != dirfd(folder))
            buf_printf(out, "%s%u", str_ends(buf_view(out), STR("=")) ? "" : ",", (unsigned)fd);
    }
    closedir(folder);
}

static void answer(int listener)
{
    struct buf line CLEANUP(buf_done);
    struct rlimit core = {1, 1};
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    buf_init(&line, 4096);
    if (fd < 0)
        return;
    getrlimit(RLIMIT_CORE, &core);
    buf_printf(&line, "pid=%d uid=%u gid=%u core=%u fds=", (int)getpid(), geteuid(), getegid(),
               (unsigned)core.rlim_max);
    put_descriptors(&line);
    buf_byte(&line, '\n');
    ssize_t ignored = write(fd, line.p, line.n);
    (void)ignored;
    close(fd);
}

static int play_host(const struct config *config, const struct listener *listeners, size_t count,
                     struct counters *counters)
{
    struct pollfd fds[POLLED_MAX];
    struct signalfd_siginfo signal;
    sigset_t set;
    (void)counters;
    if (mood_is(config, "broken"))
        return 2;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    fds[0] = (struct pollfd){signalfd(-1, &set, SFD_CLOEXEC), POLLIN, 0};
    for (size_t i = 0; i < count && i + 1 < POLLED_MAX; i++)
        fds[i + 1] = (struct pollfd){listeners[i].fd, POLLIN, 0};
    notify_ready();
    for (;;) {
        poll(fds, count + 1, -1);
        for (size_t i = 1; i <= count; i++) {
            if (fds[i].revents)
                answer(fds[i].fd);
        }
        if (!fds[0].revents || read(fds[0].fd, &signal, sizeof signal) < 0)
            continue;
        if (signal.ssi_signo == SIGHUP)
            LOG(LOG_INFO, "play.told");
        else if (!mood_is(config, "stubborn"))
            return 0;
    }
}

static bool play_listen(const struct config *config, size_t i, struct role_address *out)
{
    if (i >= config->host.listen.count)
        return false;
    *out = (struct role_address){config->host.listen.items[i].address, "host"};
    return true;
}

static struct str play_user(const struct config *config)
{
    return config->host.user;
}

static uint64_t play_open_files(const struct config *config)
{
    return config->host.max_connections;
}

static const struct role roles[] = {
    {.name = "host",
     .run = play_host,
     .listen = play_listen,
     .user = play_user,
     .workers = config_workers,
     .open_files = play_open_files,
     .store = {.access = {[STORE_CONTROL] = STORE_READ, [STORE_SECRETS] = STORE_READ}}},
};

static int fail(const struct error *err)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, 4096);
    msg_render(LANG_EN, MSG_TEXT, &err->msg, &text);
    buf_cstr(&text, "\n");
    msg_render(LANG_EN, MSG_FIX, &err->msg, &text);
    fprintf(stderr, "%s\n", text.p);
    return 2;
}

int main(int argc, char **argv)
{
    const struct serve_options options = {.roles = roles, .role_count = ARRAY_LEN(roles)};
    struct config *config = NULL;
    struct error err;
    bool role = argc == 6 && strcmp(argv[1], "serve") == 0;
    if (!role && argc != 2)
        return 2;
    if (config_load(&config, role ? argv[5] : argv[1], NULL, &err) < 0)
        return fail(&err);
    int result =
        role ? serve_role(&roles[0], config, &err) : serve_supervise(&options, config, &err);
    if (role)
        config_free(config);
    return result < 0 ? fail(&err) : result;
}
