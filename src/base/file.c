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
    return 0;
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

/* What path is called until it is whole. */
static int name_beside(const char *path, char out[PATH_MAX], struct error *err)
{
    int n = snprintf(out, PATH_MAX, "%s.%ld.new", path, (long)getpid());
    return n > 0 && n < PATH_MAX ? 0 : error_set_errno(err, ENAMETOOLONG, str_from(path));
}

/* Writes the file under that name. */
static int write_beside(const char *path, struct str content, unsigned mode, bool sync,
                        char temporary[PATH_MAX], struct error *err)
{
    int fd CLEANUP(close_fd) = -1;
    int rc = name_beside(path, temporary, err);
    if (rc < 0)
        return rc;
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return error_set_errno(err, errno, str_from(path));
    if (write_all(fd, content) == 0 && (!sync || fsync(fd) == 0))
        return 0;
    int saved = errno;
    unlink(temporary);
    return error_set_errno(err, saved, str_from(path));
}

static int put_in_place(const char *path, const char *temporary, struct error *err)
{
    if (rename(temporary, path) == 0)
        return 0;
    int saved = errno;
    unlink(temporary);
    return error_set_errno(err, saved, str_from(path));
}

int file_write(const char *path, struct str content, unsigned mode, struct error *err)
{
    char temporary[PATH_MAX];
    int rc = write_beside(path, content, mode, true, temporary, err);
    if (rc == 0)
        rc = put_in_place(path, temporary, err);
    if (rc == 0 && sync_folder_of(str_from(path)) < 0)
        rc = error_set_errno(err, errno, str_from(path));
    return rc;
}

/* ---- many ---- */

void file_batch_init(struct file_batch *b)
{
    *b = (struct file_batch){.count = 0};
    buf_init(&b->paths, (size_t)FILE_BATCH_MAX * PATH_MAX);
}

int file_batch_write(struct file_batch *b, const char *path, struct str content, unsigned mode,
                     struct error *err)
{
    char temporary[PATH_MAX];
    int rc = write_beside(path, content, mode, false, temporary, err);
    if (rc < 0)
        return rc;
    buf_add(&b->paths, path, strlen(path) + 1);
    if (b->paths.failed) {
        unlink(temporary);
        return error_set_memory(err);
    }
    b->count++;
    return 0;
}

/* The next path, or NULL; the first is at 0. */
static const char *next_path(const struct file_batch *b, size_t *at)
{
    if (*at >= b->paths.n)
        return NULL;
    const char *path = b->paths.p + *at;
    *at += strlen(path) + 1;
    return path;
}

static void forget(struct file_batch *b)
{
    buf_reset(&b->paths);
    b->count = 0;
}

static void remove_from(struct file_batch *b, size_t at)
{
    char temporary[PATH_MAX];
    for (const char *path; (path = next_path(b, &at)) != NULL;) {
        if (name_beside(path, temporary, NULL) == 0)
            unlink(temporary);
    }
    forget(b);
}

int file_batch_put(struct file_batch *b, const char *folder, struct error *err)
{
    size_t at = 0;
    if (!b->count)
        return 0;
    int fd CLEANUP(close_fd) = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 || syncfs(fd) < 0 ? error_set_errno(err, errno, str_from(folder)) : 0;
    for (const char *path; rc == 0 && (path = next_path(b, &at)) != NULL;) {
        char temporary[PATH_MAX];
        rc = name_beside(path, temporary, err);
        if (rc == 0)
            rc = put_in_place(path, temporary, err);
    }
    if (rc == 0 && syncfs(fd) < 0)
        rc = error_set_errno(err, errno, str_from(folder));
    remove_from(b, at);
    return rc;
}

void file_batch_done(struct file_batch *b)
{
    remove_from(b, 0);
    buf_done(&b->paths);
}
