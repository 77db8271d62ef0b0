/* http-01 by the folder of somebody else's web server. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acme/messages.h"
#include "acme/solver.h"

/* The web server is another user than this program: whatever our umask is, it must be able to read
 * what lies there. */
#define FILE_MODE   0644
#define FOLDER_MODE 0755

static void close_fd(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static int fail(const char *folder, const char *name, struct error *err)
{
    int saved = errno;
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    size_t kept = n < 0 ? 0 : (size_t)n < sizeof path ? (size_t)n : sizeof path - 1;
    return error_set_errno(err, saved, (struct str){path, kept});
}

/* Opens a folder within another one, and makes it when it is not there. */
static int open_within(int parent, const char *name)
{
    bool made = mkdirat(parent, name, FOLDER_MODE) == 0;
    if (!made && errno != EEXIST)
        return -1;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && made && fchmod(fd, FOLDER_MODE) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int open_challenges(const char *folder)
{
    int root CLEANUP(close_fd) = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return -1;
    int known CLEANUP(close_fd) = open_within(root, ".well-known");
    return known < 0 ? -1 : open_within(known, "acme-challenge");
}

static int write_file(int folder, const char *name, struct str content)
{
    int fd CLEANUP(close_fd) =
        openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    if (fd < 0 || fchmod(fd, FILE_MODE) < 0)
        return -1;
    while (content.n) {
        ssize_t n = write(fd, content.p, content.n);
        if (n < 0 && errno != EINTR)
            return -1;
        content = str_skip(content, n < 0 ? 0 : (size_t)n);
    }
    return fsync(fd);
}

/* Whole or not at all: the server may be asked at any moment. */
static int replace_file(int folder, const char *name, struct str content)
{
    char temporary[ACME_TOKEN_MAX + 32];
    snprintf(temporary, sizeof temporary, ".%ld.new", (long)getpid());
    unlinkat(folder, temporary, 0); /* of a process of this number that was killed */
    if (write_file(folder, temporary, content) == 0 &&
        renameat(folder, temporary, folder, name) == 0)
        return fsync(folder);
    int saved = errno;
    unlinkat(folder, temporary, 0);
    errno = saved;
    return -1;
}

static int token_name(const struct acme_challenge *challenge, char name[ACME_TOKEN_MAX + 1],
                      struct error *err)
{
    if (!acme_token_is_good(challenge->token))
        return error_set(err, ERROR_PERMANENT, msg_acme_token(challenge->token));
    memcpy(name, challenge->token.p, challenge->token.n);
    name[challenge->token.n] = 0;
    return 0;
}

static int present(void *context, const struct acme_challenge *challenge, struct error *err)
{
    const struct acme_webroot_solver *solver = context;
    char name[ACME_TOKEN_MAX + 1];
    int rc = token_name(challenge, name, err);
    if (rc < 0)
        return rc;
    int folder CLEANUP(close_fd) = open_challenges(solver->folder);
    if (folder < 0)
        return fail(solver->folder, ".well-known/acme-challenge", err);
    if (replace_file(folder, name, challenge->authorization) < 0)
        return fail(solver->folder, ".well-known/acme-challenge", err);
    return 0;
}

/* What is on the disk is in place. */
static int be_there(void *context, const struct acme_challenge *challenge, struct error *err)
{
    (void)context;
    (void)challenge;
    (void)err;
    return 0;
}

static void take_away(void *context, const struct acme_challenge *challenge)
{
    const struct acme_webroot_solver *solver = context;
    char name[ACME_TOKEN_MAX + 1], path[PATH_MAX];
    if (token_name(challenge, name, NULL) < 0)
        return;
    int n = snprintf(path, sizeof path, "%s" ACME_HTTP_FOLDER "%s", solver->folder, name);
    if (n > 0 && (size_t)n < sizeof path)
        unlink(path);
}

struct acme_solver acme_solver_webroot(struct acme_webroot_solver *context)
{
    return (struct acme_solver){ACME_HTTP_01, present, be_there, take_away, context};
}
