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

bool notify_send(const char *socket_path, struct str state)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t n = strlen(socket_path);
    if (n < 2 || n >= sizeof to.sun_path || (socket_path[0] != '/' && socket_path[0] != '@'))
        return false;
    memcpy(to.sun_path, socket_path, n);
    if (to.sun_path[0] == '@')
        to.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    ssize_t sent = sendto(fd, state.p, state.n, MSG_NOSIGNAL, (const struct sockaddr *)&to,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
    close(fd);
    return sent == (ssize_t)state.n;
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
