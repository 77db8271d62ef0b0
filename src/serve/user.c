#include "serve/user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "serve/messages.h"

#define PASSWD_BYTES_MAX 16384

/* 1 found, 0 no such user, or negative. */
static int look_up(struct str name, struct serve_user *out, struct error *err)
{
    char bytes[PASSWD_BYTES_MAX];
    struct passwd record, *found = NULL;
    if (!name.n || name.n > SERVE_USER_NAME_MAX)
        return 0;
    memcpy(out->name, name.p, name.n);
    out->name[name.n] = '\0';
    int failed = getpwnam_r(out->name, &record, bytes, sizeof bytes, &found);
    if (failed && failed != ENOENT && failed != ESRCH)
        return error_set_errno(err, failed, name);
    if (!found)
        return 0;
    out->uid = found->pw_uid;
    out->gid = found->pw_gid;
    out->group_count = SERVE_GROUPS_MAX;
    if (getgrouplist(out->name, out->gid, out->groups, &out->group_count) < 0)
        return error_set(err, ERROR_PERMANENT, msg_serve_user_many_groups(name, SERVE_GROUPS_MAX));
    if (out->uid == 0 || out->gid == 0)
        return error_set(err, ERROR_POLICY, msg_serve_user_is_root(name));
    return 1;
}

int serve_user_find(struct str wanted, struct str fallback, struct serve_user *out,
                    struct error *err)
{
    struct serve_user user;
    int result = look_up(wanted, &user, err);
    if (result == 0)
        result = look_up(fallback, &user, err);
    if (result < 0)
        return result;
    if (result == 0)
        return error_set(err, ERROR_PERMANENT, msg_serve_user_missing(wanted, fallback));
    *out = user;
    return 0;
}

int serve_user_become(const struct serve_user *user)
{
    if (setgroups((size_t)user->group_count, user->groups) < 0 ||
        setresgid(user->gid, user->gid, user->gid) < 0 ||
        setresuid(user->uid, user->uid, user->uid) < 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return errno;
    /* A kernel that let us come back would have made a fool of us. */
    return setuid(0) == 0 ? EPERM : 0;
}
