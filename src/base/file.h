/*
 * file.h - whole files in and out.
 */
#ifndef SEALPOST_BASE_FILE_H
#define SEALPOST_BASE_FILE_H

#include "base/buf.h"
#include "base/error.h"

/* Appends everything that fd gives until its end. More than the buffer's maximum is an error
 * (class policy) that names the limit; `name` is what errors call the file. */
int file_read_fd(int fd, struct str name, struct buf *out, struct error *err) NODISCARD;

/* The same for a path; "-" is standard input. */
int file_read(const char *path, struct buf *out, struct error *err) NODISCARD;

/* Replaces the file at path: written beside it, synced, renamed, the folder synced. After a crash
 * there is the old file or the new one, never half of one. mode as for open(2). */
int file_write(const char *path, struct str content, unsigned mode, struct error *err) NODISCARD;

/* Many files, with the same promise for each, and two syncs for all: that of one file waits for the
 * disk three times. They lie on one file system. */
struct file_batch {
    struct buf paths; /* each ended by NUL */
    size_t count;
};

#define FILE_BATCH_MAX 4096

void file_batch_init(struct file_batch *b);

/* Writes the file beside its place. At most FILE_BATCH_MAX before they are put. */
int file_batch_write(struct file_batch *b, const char *path, struct str content, unsigned mode,
                     struct error *err) NODISCARD;

/* Puts all in their places, in the order in which they were written; they are lasting when this
 * returns 0. After an error some are in their places, each of them whole, and nothing lies beside
 * them. The batch is empty afterwards. `folder` is on their file system. */
int file_batch_put(struct file_batch *b, const char *folder, struct error *err) NODISCARD;

/* What was not put is removed. */
void file_batch_done(struct file_batch *b);

#endif
