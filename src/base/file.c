#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/messages.h"

#define READ_STEP 65536

int file_read_fd(int fd, struct str name, struct buf *out, struct error *err)
{
    for (;;) {
        /* One byte more than the maximum would hold shows that there is more. */
        size_t room = out->max - out->n < READ_STEP ? out->max - out->n : READ_STEP;
        char probe;
        char *to = room ? buf_reserve(out, room) : &probe;
        if (!to)
            return error_set_memory(err);
        ssize_t n = read(fd, to, room ? room : 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_set_errno(err, errno, name);
        if (n == 0)
            return 0;
        if (!room)
            return error_set(err, ERROR_POLICY, msg_file_too_large(name, out->max));
        out->n += (size_t)n;
        out->p[out->n] = 0;
    }
}

static void close_fd(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

int file_read(const char *path, struct buf *out, struct error *err)
{
    if (str_eq(str_from(path), STR("-")))
        return file_read_fd(STDIN_FILENO, STR("standard input"), out, err);
    int fd CLEANUP(close_fd) = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return error_set_errno(err, errno, str_from(path));
    return file_read_fd(fd, str_from(path), out, err);
}

static int write_all(int fd, struct str content)
{
    while (content.n) {
        ssize_t n = write(fd, content.p, content.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        content = str_skip(content, (size_t)n);
    }
    return fsync(fd);
}

/* The rename is only lasting when the folder is on disk. */
static int sync_folder_of(struct str path)
{
    char folder[PATH_MAX];
    ssize_t slash = str_rchr(path, '/');
    struct str dir = slash < 0 ? STR(".") : slash == 0 ? STR("/") : str_head(path, (size_t)slash);
    if (dir.n >= sizeof folder) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(folder, dir.p, dir.n);
    folder[dir.n] = 0;
    int fd CLEANUP(close_fd) = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -1 : fsync(fd);
}

int file_write(const char *path, struct str content, unsigned mode, struct error *err)
{
    char temporary[PATH_MAX];
    int n = snprintf(temporary, sizeof temporary, "%s.%ld.new", path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof temporary)
        return error_set_errno(err, ENAMETOOLONG, str_from(path));
    int fd CLEANUP(close_fd) = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return error_set_errno(err, errno, str_from(path));
    if (write_all(fd, content) < 0 || rename(temporary, path) < 0) {
        int saved = errno;
        unlink(temporary);
        return error_set_errno(err, saved, str_from(path));
    }
    if (sync_folder_of(str_from(path)) < 0)
        return error_set_errno(err, errno, str_from(path));
    return 0;
}
