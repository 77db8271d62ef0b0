/*
 * unzip.h - the files in a zip archive in memory, one after the other.
 *
 * Reads what mail programs write: the central directory, files stored or deflated. Not read, and
 * said so: encrypted files, other methods, zip64, archives in pieces. Files that overlap (as in
 * bombs that use the same bytes many times) are refused by counting: all files together cannot be
 * larger than the archive.
 */
#ifndef SEALPOST_MAIL_UNZIP_H
#define SEALPOST_MAIL_UNZIP_H

#include "base/error.h"
#include "mail/inflate.h"

struct unzip {
    struct str bytes;
    size_t at;       /* where the next entry of the directory stands */
    unsigned left;   /* entries not yet given */
    size_t packed;   /* bytes of all files so far */
    uint64_t offset; /* the byte that the last error was about */
};

struct unzip_entry {
    struct str name; /* as in the directory: any bytes; borrowed from the archive */
    bool folder;     /* nothing to unpack */
    unsigned flags, method;
    uint32_t crc;
    size_t start, packed, size; /* of the packed bytes; size is what the archive claims */
};

/* Finds the directory. Fails on what is no zip archive, or one that ends too early. */
int unzip_open(struct unzip *u, struct str bytes, struct error *err) NODISCARD;

/* The next entry: 1, 0 when there is none left, negative when it cannot be read. The one behind it
 * is then tried by the next call, which gives 0 when there is no way to it. */
int unzip_next(struct unzip *u, struct unzip_entry *entry, struct error *err) NODISCARD;

/* Replaces what is in out by the entry's content, at most limit bytes. *too_large tells that the
 * limit was passed. */
int unzip_read(struct unzip *u, struct inflater *z, const struct unzip_entry *entry, size_t limit,
               struct buf *out, bool *too_large, struct error *err) NODISCARD;

#endif
