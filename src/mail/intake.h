/*
 * intake.h - finds the TLS reports in whatever a person or a mail server hands in.
 *
 * Bytes are told by what they are, never by their name: JSON (UTF-8, UTF-16), gzip (also several
 * members), zip, an e-mail, an mbox, and on disk a Maildir or any folder. Each report found is
 * given to the caller as JSON text with what surrounds it; each part that cannot be read is given
 * as an error with its place, and never stops the rest.
 *
 * Limits: INTAKE_JSON_MAX bytes of decompressed text a report, INTAKE_RATIO_MAX times the size of
 * what it came from (the smallest thing on the way; results up to INFLATE_EXEMPT are exempt), as
 * much again for all archives of one file or message together, INTAKE_NESTING_MAX containers in
 * one another, INTAKE_PARTS_MAX MIME parts a message. What passes a limit is refused before it is
 * held in memory: a compressed bomb of 64 MiB costs less than 8 MiB.
 *
 * In a message every part that is no letter is tried; letters (text without a file name) only when
 * those gave no report. In an archive every file is tried. Whether JSON is a report is for
 * rpt_report_read to say; any JSON object is given.
 */
#ifndef SEALPOST_MAIL_INTAKE_H
#define SEALPOST_MAIL_INTAKE_H

#include "base/error.h"
#include "tlsrpt/report.h"

#define INTAKE_JSON_MAX    ((size_t)64 * 1024 * 1024)
#define INTAKE_RATIO_MAX   200
#define INTAKE_NESTING_MAX 8
#define INTAKE_PARTS_MAX   1000
#define INTAKE_INPUT_MAX   ((size_t)96 * 1024 * 1024) /* of one file or message; an mbox has none */

/* One report, as found. Everything is borrowed and valid only during the call. */
struct intake_report {
    struct str json;
    struct rpt_hints hints; /* from the mail's header fields and the part's file name */
    struct str source;      /* for people: "box.mbox, message 3, part 2 (report.json.gz)"; foreign
                               names in it are escaped */
    const struct msg *note; /* what was tolerated on the way to it, or NULL */
};

struct intake_handler {
    void *user;
    /* A report was found. A negative result stops the whole reading. */
    int (*report)(void *user, const struct intake_report *report);
    /* Something could not be read; offset is the byte within the source where that is known, else
     * -1. A message in which no report was found at all is an error of its own. */
    void (*error)(void *user, struct str source, int64_t offset, const struct error *err);
};

struct intake; /* buffers and decompressors that are reused from one input to the next */

/* NULL when there is no memory. GMime is not thread-safe where it starts: make the first intake
 * before the second thread. */
struct intake *intake_new(void);
void intake_free(struct intake *in);

/* Reads bytes that are in memory. name is what sources and errors call them, and, where it is a
 * file name of the form "sender!domain!begin!end", a hint. Returns how many reports were found, or
 * a negative code when the handler stopped the reading. */
int64_t intake_bytes(struct intake *in, struct str bytes, struct str name,
                     const struct intake_handler *handler);

/* Reads a file, a Maildir, any folder (its files in order of their names, subfolders too, hidden
 * names and symbolic links not: folder.h), or "-" for standard input. A path that cannot be opened
 * is an error like any other, and the result then 0. */
int64_t intake_path(struct intake *in, const char *path, const struct intake_handler *handler);

#endif
