/*
 * msg_record.h - messages that are kept: JSON now, a sentence in the reader's language later.
 *
 *     {"code": "acme-host-waits", "args": {"nodes": 2}, "text": "..."}
 *
 * "text" is the message in English, for readers without a catalogue and for those of a later
 * version, which may not have the code any more.
 */
#ifndef SEALPOST_BASE_MSG_RECORD_H
#define SEALPOST_BASE_MSG_RECORD_H

#include "base/arena.h"
#include "base/json_write.h"

void msg_record_write(struct json_writer *w, const struct msg *m);

/* What a record holds. Texts point into the record or the arena. */
struct msg_record {
    struct str code; /* empty: not a record */
    struct str text; /* in English */
    struct msg msg;  /* .def NULL: no catalogue has this code with these arguments */
};

/* `catalogues` are those that modules have (MODULE_messages), ended by NULL. */
struct msg_record msg_record_read(struct str json, const struct msg_def *const *const *catalogues,
                                  struct arena *arena);

#endif
