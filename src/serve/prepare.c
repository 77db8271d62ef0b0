#include "serve/prepare.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "serve/user.h"

static struct store_options all_options(const struct role *roles, size_t count,
                                        const struct config *config)
{
    struct store_options options = {{STORE_CLOSED}};
    for (size_t i = 0; i < count; i++) {
        for (size_t d = 0; d < STORE_DATABASE_COUNT && role_is_wanted(&roles[i], config); d++) {
            if (roles[i].store.access[d] != STORE_CLOSED)
                options.access[d] = STORE_WRITE;
        }
    }
    return options;
}

static bool may_write(const struct serve_user *user, const struct stat *file)
{
    if (file->st_uid == user->uid)
        return (file->st_mode & S_IWUSR) != 0;
    for (int i = 0; i < user->group_count; i++) {
        if (file->st_gid == user->groups[i])
            return (file->st_mode & S_IWGRP) != 0;
    }
    return false;
}

/* Whether root should leave the work to serve.user: the store exists, and is that user's to write.
 */
static bool belongs_to(const struct config *config, struct serve_user *user)
{
    char path[PATH_MAX];
    struct stat file;
    int n =
        snprintf(path, sizeof path, "%s/%s", config->store.path.p, store_file_name(STORE_CONTROL));
    return n > 0 && (size_t)n < sizeof path && stat(path, &file) == 0 &&
           serve_user_find(config->serve.user, STR(""), user, NULL) == 0 && may_write(user, &file);
}

/* In the child. */
static int prepare(const struct store_options *options, const struct config *config,
                   struct error *err)
{
    struct store *store CLEANUP(store_closep) = NULL;
    struct serve_user user;
    if (geteuid() == 0 && belongs_to(config, &user)) {
        int failed = serve_user_become(&user);
        if (failed)
            return error_set_errno(err, failed, str_from(user.name));
    }
    return store_open(&store, config->store.path.p, options, err);
}

int serve_prepare_store(const struct role *roles, size_t role_count, const struct config *config,
                        struct error *err)
{
    /* The child's copy has the same address as ours, so that the pointers within, which lead to its
     * own text and to constants, hold here too. */
    struct error told;
    struct store_options options = all_options(roles, role_count, config);
    int report[2], status = 0;
    if (pipe2(report, O_CLOEXEC) < 0)
        return error_set_errno(err, errno, config->store.path);
    pid_t pid = fork();
    if (pid == 0) {
        if (prepare(&options, config, &told) == 0)
            _exit(0);
        _exit(write(report[1], &told, sizeof told) == (ssize_t)sizeof told ? 1 : 2);
    }
    int failed = errno;
    close(report[1]);
    bool has_error = pid > 0 && read(report[0], &told, sizeof told) == (ssize_t)sizeof told;
    close(report[0]);
    if (pid < 0)
        return error_set_errno(err, failed, config->store.path);
    waitpid(pid, &status, 0);
    if (has_error)
        return error_copy(err, &told);
    return status == 0 ? 0 : error_set_errno(err, ECHILD, config->store.path);
}
