/* Folders and files of the SQLite driver, with the rights that store.h promises. */
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/messages.h"

#define GROUP_BUFFER ((size_t)64 * 1024)

static int fail(struct error *err, int errnum, const char *path)
{
    if (errnum == EACCES || errnum == EPERM || errnum == EROFS)
        return error_set(err, ERROR_PERMANENT, msg_store_no_permission(str_from(path)));
    if (errnum == ENOSPC || errnum == EDQUOT)
        return error_set(err, ERROR_TEMPORARY, msg_store_full(str_from(path)));
    return error_set_errno(err, errnum, str_from(path));
}

static void close_fd(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

/* The number of the group, or -1 when this machine has none of that name. */
static int64_t group_number(const char *name)
{
    struct group entry, *found = NULL;
    char *buffer = malloc(GROUP_BUFFER);
    if (!buffer)
        return -1;
    int64_t gid = -1;
    if (getgrnam_r(name, &entry, buffer, GROUP_BUFFER, &found) == 0 && found)
        gid = found->gr_gid;
    free(buffer);
    return gid;
}

static int sync_fd(int fd, const char *path, struct error *err)
{
    if (fsync(fd) == 0 || errno == EINVAL)
        return 0;
    return fail(err, errno, path);
}

/* Makes one folder, if it is missing, shared with the group if there is one. */
static int make_folder(int parent, const char *name, const char *path, const char *group,
                       struct error *err)
{
    if (mkdirat(parent, name, 0700) < 0)
        return errno == EEXIST ? 0 : fail(err, errno, path);
    int fd CLEANUP(close_fd) =
        openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return fail(err, errno, path);
    int64_t gid = group_number(group);
    /* Who may not give the folder to the group keeps it for himself. */
    mode_t mode = gid >= 0 && fchown(fd, (uid_t)-1, (gid_t)gid) == 0 ? 02770 : 0700;
    if (fchmod(fd, mode) < 0)
        return fail(err, errno, path);
    return parent == AT_FDCWD ? 0 : sync_fd(parent, path, err);
}

/* Makes the empty file, if it is missing, before SQLite would with its own idea of rights: the
 * write-ahead log and the shared memory take theirs from it. */
static int make_file(int folder, const char *name, const char *path, struct error *err)
{
    struct stat st;
    int fd CLEANUP(close_fd) = openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno == EEXIST ? 0 : fail(err, errno, path);
    if (fstat(folder, &st) < 0)
        return fail(err, errno, path);
    if ((st.st_mode & S_ISGID) && fchmod(fd, 0660) < 0)
        return fail(err, errno, path);
    return sync_fd(folder, path, err);
}

int sqlite_make_files(const char *location, const struct store_schema *schema, struct error *err)
{
    char path[SQLITE_PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", location, schema->path);
    int rc = make_folder(AT_FDCWD, location, location, store_schemas[STORE_CONTROL].group, err);
    if (rc < 0)
        return rc;
    int top CLEANUP(close_fd) = open(location, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (top < 0)
        return fail(err, errno, location);
    if (!schema->folder)
        return make_file(top, schema->file, path, err);
    rc = make_folder(top, schema->folder, path, schema->group, err);
    if (rc < 0)
        return rc;
    int inner CLEANUP(close_fd) =
        openat(top, schema->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (inner < 0)
        return fail(err, errno, path);
    return make_file(inner, schema->file, path, err);
}
