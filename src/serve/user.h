/*
 * user.h - the system user that a role runs as.
 *
 * Only root can give a role a user of its own. Started by anybody else, everything runs as that
 * user, and nothing here changes that.
 */
#ifndef SEALPOST_SERVE_USER_H
#define SEALPOST_SERVE_USER_H

#include "base/error.h"
#include "base/str.h"

#define SERVE_USER_NAME_MAX 32
#define SERVE_GROUPS_MAX    64

struct serve_user {
    char name[SERVE_USER_NAME_MAX + 1];
    uid_t uid;
    gid_t gid;
    gid_t groups[SERVE_GROUPS_MAX];
    int group_count;
};

/* Looks up `wanted`, and when there is no such user `fallback`. Root itself is refused. The error
 * names the command that makes the user. */
int serve_user_find(struct str wanted, struct str fallback, struct serve_user *out,
                    struct error *err) NODISCARD;

/* Becomes that user for good: groups, group, user, no new privileges. Gives 0 or an errno; safe
 * between fork and exec. */
int serve_user_become(const struct serve_user *user) NODISCARD;

#endif
