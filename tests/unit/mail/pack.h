/*
 * pack.h - what the tests of mail read: archives and messages made on the spot, and a handler that
 * writes down what was found.
 *
 * In templates @REPORT@ stands for a small report, @GZ@ for it in gzip, @GZ64@ for that in base64
 * lines, @ZIP64@ for a zip archive of it in base64 lines, @QP@ for it in quoted-printable.
 */
#ifndef SEALPOST_TESTS_MAIL_PACK_H
#define SEALPOST_TESTS_MAIL_PACK_H

#include "base/buf.h"
#include "mail/intake.h"

#define PACK_REPORT "{\"report-id\":\"r1\"}"

void pack_gzip(struct buf *out, struct str content);
void pack_gzip_zeros(struct buf *out, size_t count); /* a bomb */
void pack_base64(struct buf *out, struct str content);

/* A zip archive: pack_zip_file for each, then pack_zip_end once with the same two buffers. method
 * 0 stores, 8 deflates. */
void pack_zip_file(struct buf *out, struct buf *directory, const char *name, struct str content,
                   unsigned method);
void pack_zip_end(struct buf *out, struct buf *directory, unsigned count);

void pack_template(struct buf *out, const char *text);

/* One line a report ("+ SOURCE | JSON") and an error ("- SOURCE | CODE | OFFSET"). */
struct pack_seen {
    struct buf log;
    struct rpt_hints hints; /* of the last report; copied into `text` */
    struct buf text;
    int stop_after; /* the handler stops at that report; 0: never */
    unsigned reports;
    const struct msg_def *note; /* of the last report */
};

void pack_seen_init(struct pack_seen *seen);
void pack_seen_done(struct pack_seen *seen);
struct intake_handler pack_handler(struct pack_seen *seen);

/* Reads bytes under the name "in" by an intake of its own. */
int64_t pack_read(struct pack_seen *seen, struct str bytes);

#endif
