#include "mail/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "mail/messages.h"

/* Reading, no links, no wait for a pipe's other end, no new controlling terminal. */
#define OPEN_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
#define PATH_BYTES 65536

struct walk {
    const struct folder_handler *handler;
    struct buf path;
};

struct name {
    struct name *next;
    const char *at;
};

struct names {
    struct arena arena;
    struct name *first;
    size_t count;
    const char **sorted;
};

static int walk_folder(struct walk *w, int fd, unsigned depth);

static void tell(struct walk *w, const struct error *err)
{
    w->handler->error(w->handler->user, buf_view(&w->path), err);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool sort_names(struct names *names)
{
    names->sorted = arena_array(&names->arena, names->count, sizeof *names->sorted);
    if (!names->sorted)
        return false;
    size_t i = 0;
    for (struct name *n = names->first; n; n = n->next)
        names->sorted[i++] = n->at;
    qsort(names->sorted, names->count, sizeof *names->sorted, by_bytes);
    return true;
}

static int read_names(struct walk *w, DIR *dir, struct names *names, struct error *err)
{
    struct dirent *entry;
    errno = 0;
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        struct name *name = arena_alloc(&names->arena, sizeof *name);
        if (name)
            name->at = arena_cstr(&names->arena, str_from(entry->d_name));
        if (!name || !name->at)
            break;
        name->next = names->first;
        names->first = name;
        names->count++;
        errno = 0;
    }
    if (errno && !names->arena.failed)
        return error_set_errno(err, errno, buf_view(&w->path));
    if (names->arena.failed || !sort_names(names))
        return error_set(err, ERROR_POLICY,
                         msg_mail_folder_names(buf_view(&w->path), FOLDER_NAMES_MAX));
    return 0;
}

/* What a name stands for: a file is given, a folder walked, anything else an error. */
static int visit_open(struct walk *w, int fd, unsigned depth)
{
    struct stat st;
    struct error err;
    if (fstat(fd, &st) < 0) {
        error_set_errno(&err, errno, buf_view(&w->path));
    } else if (S_ISDIR(st.st_mode)) {
        if (depth < FOLDER_DEPTH_MAX)
            return walk_folder(w, fd, depth + 1);
        error_set(&err, ERROR_POLICY, msg_mail_folder_depth(buf_view(&w->path), FOLDER_DEPTH_MAX));
    } else if (S_ISREG(st.st_mode)) {
        int result = w->handler->file(w->handler->user, fd, buf_view(&w->path));
        close(fd);
        return result;
    } else {
        error_set(&err, ERROR_PERMANENT, msg_mail_special_file(buf_view(&w->path)));
    }
    close(fd);
    tell(w, &err);
    return 0;
}

static int visit(struct walk *w, int folder, const char *name, unsigned depth)
{
    size_t base = w->path.n;
    int result = 0;
    if (base && w->path.p[base - 1] != '/')
        buf_byte(&w->path, '/');
    buf_cstr(&w->path, name);
    int fd = openat(folder, name, OPEN_FLAGS);
    if (fd >= 0) {
        result = visit_open(w, fd, depth);
    } else {
        struct error err;
        if (errno == ELOOP)
            error_set(&err, ERROR_POLICY, msg_mail_symlink(buf_view(&w->path)));
        else if (errno == ENXIO) /* a socket, or a device that is not there */
            error_set(&err, ERROR_PERMANENT, msg_mail_special_file(buf_view(&w->path)));
        else
            error_set_errno(&err, errno, buf_view(&w->path));
        tell(w, &err);
    }
    w->path.n = base;
    w->path.p[base] = '\0';
    return result;
}

static bool is_folder(int folder, const char *name)
{
    struct stat st;
    return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static int visit_all(struct walk *w, int fd, const struct names *names, unsigned depth)
{
    bool maildir = is_folder(fd, "cur") && is_folder(fd, "new");
    for (size_t i = 0; i < names->count; i++) {
        const char *name = names->sorted[i];
        if (maildir && !str_eq(str_from(name), STR("cur")) && !str_eq(str_from(name), STR("new")))
            continue;
        int result = visit(w, fd, name, depth);
        if (result < 0)
            return result;
    }
    return 0;
}

static int walk_folder(struct walk *w, int fd, unsigned depth)
{
    struct names names = {0};
    struct error err;
    int result = 0;
    DIR *dir = fdopendir(fd);
    if (!dir) {
        error_set_errno(&err, errno, buf_view(&w->path));
        tell(w, &err);
        close(fd);
        return 0;
    }
    arena_init(&names.arena, FOLDER_NAMES_MAX);
    if (read_names(w, dir, &names, &err) < 0)
        tell(w, &err);
    else
        result = visit_all(w, dirfd(dir), &names, depth);
    arena_done(&names.arena);
    closedir(dir);
    return result;
}

int folder_walk(int fd, struct str path, const struct folder_handler *handler)
{
    struct walk w = {.handler = handler};
    buf_init(&w.path, PATH_BYTES);
    buf_str(&w.path, path);
    int result = walk_folder(&w, fd, 0);
    buf_done(&w.path);
    return result;
}
