#include "serve/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "serve/messages.h"

static uint64_t read_holder(int fd)
{
    char text[32];
    uint64_t pid = 0;
    ssize_t n = pread(fd, text, sizeof text, 0);
    if (n > 0)
        str_to_u64(str_trim((struct str){text, (size_t)n}), &pid);
    return pid;
}

int serve_lock(struct str folder, int *out, struct error *err)
{
    char path[PATH_MAX], text[32];
    int n = snprintf(path, sizeof path, "%.*s/%s", STR_ARG(folder), SERVE_LOCK_NAME);
    if (n < 0 || (size_t)n >= sizeof path)
        return error_set_errno(err, ENAMETOOLONG, folder);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_set_errno(err, errno, str_from(path));
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        int failed = errno;
        uint64_t holder = read_holder(fd);
        close(fd);
        return failed == EWOULDBLOCK
                   ? error_set(err, ERROR_PERMANENT, msg_serve_running(folder, holder))
                   : error_set_errno(err, failed, str_from(path));
    }
    n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)n, 0) != n) {
        int failed = errno;
        close(fd);
        return error_set_errno(err, failed, str_from(path));
    }
    *out = fd;
    return 0;
}
