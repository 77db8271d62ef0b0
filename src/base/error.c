#include "base/error.h"

#include <errno.h>
#include <string.h>

#include "base/messages.h"

int error_set(struct error *err, enum error_class class, struct msg m)
{
    if (!err)
        return -(int)class;
    size_t used = 0;
    char text[ERROR_TEXT_MAX];
    for (unsigned i = 0; m.def && i < m.def->nargs; i++) {
        if (m.args[i].type != MSG_ARG_STR)
            continue;
        /* Each string may take half of what is left, so that a long first one does not
         * silence the rest. */
        size_t room = (sizeof text - used) / (i + 1 < m.def->nargs ? 2 : 1);
        struct str s = str_head(m.args[i].str, room);
        if (s.n)
            memcpy(text + used, s.p, s.n);
        m.args[i].str = (struct str){err->text + used, s.n};
        used += s.n;
    }
    memcpy(err->text, text, used);
    err->class = class;
    err->msg = m;
    return -(int)class;
}

int error_set_errno(struct error *err, int errnum, struct str path)
{
    switch (errnum) {
    case ENOENT:
    case ENOTDIR:
        return error_set(err, ERROR_PERMANENT, msg_file_not_found(path));
    case EACCES:
    case EPERM:
    case EROFS:
        return error_set(err, ERROR_PERMANENT, msg_file_no_permission(path));
    case EISDIR:
        return error_set(err, ERROR_PERMANENT, msg_file_is_folder(path));
    case ENOSPC:
    case EDQUOT:
        return error_set(err, ERROR_TEMPORARY, msg_file_no_space(path));
    case ENOMEM:
        return error_set_memory(err);
    default: {
        const char *name = strerrordesc_np(errnum);
        return error_set(err, ERROR_TEMPORARY,
                         msg_file_failed(path, str_from(name ? name : "unknown error")));
    }
    }
}

int error_set_memory(struct error *err)
{
    return error_set(err, ERROR_TEMPORARY, msg_out_of_memory());
}

int error_copy(struct error *to, const struct error *from)
{
    return error_set(to, from->class, from->msg);
}

bool error_is(const struct error *err, const struct msg_def *def)
{
    return err->msg.def == def;
}
