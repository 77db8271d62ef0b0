/*
 * folder.h - the files in a folder, in the order of their names.
 *
 * A Maildir (it has the folders cur and new) gives the files of these two. Any other folder gives
 * its files and those of its folders, down to FOLDER_DEPTH_MAX. Hidden names are passed over.
 *
 * Symbolic links inside the folder are not followed: whoever can write there must not choose what
 * of this machine is read. They, and devices, pipes and sockets, are errors that do not stop the
 * rest. The folder itself may be named through a link.
 */
#ifndef SEALPOST_MAIL_FOLDER_H
#define SEALPOST_MAIL_FOLDER_H

#include "base/error.h"

#define FOLDER_DEPTH_MAX 16
#define FOLDER_NAMES_MAX ((size_t)64 * 1024 * 1024) /* bytes of names of one folder */

struct folder_handler {
    void *user;
    /* A regular file, open for reading; fd is closed by the walk. A negative result stops it. */
    int (*file)(void *user, int fd, struct str path);
    void (*error)(void *user, struct str path, const struct error *err);
};

/* Walks the folder that fd is open on (and closes it). Returns 0 or the negative result of
 * `file`. */
int folder_walk(int fd, struct str path, const struct folder_handler *handler);

#endif
