#include "net/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* Descriptors in one message; the kernel takes 253. */
#define KEPT_AT_ONCE 128

static bool send_with(const char *socket_path, struct str state, const int *fds, size_t count)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    union {
        char space[CMSG_SPACE(sizeof(int) * KEPT_AT_ONCE)];
        struct cmsghdr align;
    } control;
    struct iovec part = {(void *)(uintptr_t)state.p, state.n};
    struct msghdr m = {.msg_name = &to, .msg_iov = &part, .msg_iovlen = 1};
    size_t n = strlen(socket_path);
    if (n < 2 || n >= sizeof to.sun_path || (socket_path[0] != '/' && socket_path[0] != '@'))
        return false;
    memcpy(to.sun_path, socket_path, n);
    if (to.sun_path[0] == '@')
        to.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    m.msg_namelen = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    if (count) {
        size_t bytes = sizeof *fds * count;
        memset(&control, 0, sizeof control);
        m.msg_control = control.space;
        m.msg_controllen = CMSG_SPACE(bytes);
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        *c = (struct cmsghdr){CMSG_LEN(bytes), SOL_SOCKET, SCM_RIGHTS};
        memcpy(CMSG_DATA(c), fds, bytes);
    }
    ssize_t sent = sendmsg(fd, &m, MSG_NOSIGNAL);
    close(fd);
    return sent == (ssize_t)state.n;
}

bool notify_send(const char *socket_path, struct str state)
{
    return send_with(socket_path, state, NULL, 0);
}

static void notify(struct str state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    if (path)
        notify_send(path, state);
}

void notify_ready(void)
{
    notify(STR("READY=1"));
}

void notify_reloading(void)
{
    /* systemd's Type=notify-reload orders messages by this clock. */
    struct timespec now;
    char text[64];
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t microseconds = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    int n = snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%llu",
                     (unsigned long long)microseconds);
    notify((struct str){text, (size_t)n});
}

void notify_stopping(void)
{
    notify(STR("STOPPING=1"));
}

static void notify_of_kept(const char *what, const char *name, const int *fds, size_t count)
{
    const char *path = getenv("NOTIFY_SOCKET");
    char text[NOTIFY_NAME_MAX + 64];
    int n = snprintf(text, sizeof text, "%s=1\nFDNAME=%.*s", what, NOTIFY_NAME_MAX, name);
    if (path)
        send_with(path, (struct str){text, (size_t)n}, fds, count);
}

void notify_keep(const char *name, const int *fds, size_t count)
{
    while (count) {
        size_t n = count < KEPT_AT_ONCE ? count : KEPT_AT_ONCE;
        notify_of_kept("FDSTORE", name, fds, n);
        fds += n;
        count -= n;
    }
}

void notify_discard(const char *name)
{
    notify_of_kept("FDSTOREREMOVE", name, NULL, 0);
}

unsigned notify_watchdog_interval(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    uint64_t value;
    if (!usec || !str_to_u64(str_from(usec), &value))
        return 0;
    uint64_t for_pid;
    if (pid && (!str_to_u64(str_from(pid), &for_pid) || for_pid != (uint64_t)getpid()))
        return 0;
    value /= 2000;
    return value > UINT32_MAX ? UINT32_MAX : (unsigned)value;
}

void notify_watchdog(void)
{
    if (notify_watchdog_interval())
        notify(STR("WATCHDOG=1"));
}
