/*
 * scan.h - one input of the intake on its way through the readers of this folder.
 *
 * scan_bytes tells what bytes are and opens them; what it finds inside comes back to it, one
 * level deeper. Each level owns the memory that its reader unpacks into, so that a level's bytes
 * live while the ones below are read, and is used again for the next input.
 */
#ifndef SEALPOST_MAIL_SCAN_H
#define SEALPOST_MAIL_SCAN_H

#include "mail/inflate.h"
#include "mail/intake.h"
#include "mail/message.h"
#include "mail/place.h"
#include "mail/sniff.h"

/* Memory above this is given back after the input that needed it. */
#define SCAN_KEEP_MAX ((size_t)1024 * 1024)

struct scan_level {
    struct buf bytes;
    struct message message;
};

struct intake {
    struct inflater *inflater;
    struct message_reader *reader;
    struct buf input;  /* a file's bytes, or a piece of an mbox */
    struct buf source; /* the words of a place */
    struct buf list;   /* what was in a message or archive that gave no report */
    struct scan_level levels[INTAKE_NESTING_MAX + 1];
};

struct scan {
    struct intake *in;
    const struct intake_handler *handler;
    int64_t found;
    uint64_t errors;
    int stop;               /* the negative result of the handler, or 0 */
    size_t budget;          /* what may still be unpacked */
    const struct msg *note; /* what was tolerated on the way here */
};

/* Something to be read: what it is, where it lies. */
struct scan_item {
    struct str bytes;
    enum sniff kind;
    struct place place;
    unsigned depth; /* containers around it */
    size_t origin;  /* the smallest size of those: what the ratio is of */
};

/* Reads an item. Bytes that are nothing known are an error, unless `quietly`: then false. */
bool scan_item(struct scan *s, const struct scan_item *item, bool quietly);

/* Reads a whole input, and gives back what it needed beyond SCAN_KEEP_MAX. */
void scan_input(struct scan *s, struct str bytes, const struct place *place);

/* Where the messages of an mbox go: the callback of struct mbox, and its user. In an mbox that is
 * an input itself (depth 0) each message counts as an input of its own. */
struct scan_box {
    struct scan *scan;
    const struct place *place;
    unsigned depth;
};
int scan_box_message(void *user, struct str text, uint64_t number, uint64_t offset, bool too_large);

void scan_error(struct scan *s, const struct place *place, int64_t offset, const struct error *err);

/* scan_message.c: an e-mail. */
void scan_message(struct scan *s, const struct scan_item *item);

/* scan_archive.c: gzip and zip. */
void scan_gzip(struct scan *s, const struct scan_item *item);
void scan_zip(struct scan *s, const struct scan_item *item);

#endif
