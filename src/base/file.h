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

#endif
