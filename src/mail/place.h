/*
 * place.h - where in an input something lies, for people and for hints.
 *
 * A chain from the innermost container to the outermost, on the stack of the reading. It costs
 * nothing until a report or an error needs its words.
 */
#ifndef SEALPOST_MAIL_PLACE_H
#define SEALPOST_MAIL_PLACE_H

#include "base/buf.h"
#include "mail/message.h"
#include "tlsrpt/report.h"

#define PLACE_NAME_MAX 200 /* bytes shown of a name that came from outside */

struct place {
    const struct place *up; /* NULL: the input itself */
    enum { PLACE_INPUT, PLACE_MESSAGE, PLACE_PART, PLACE_FILE, PLACE_SAME } kind;
    uint64_t number;                 /* of a message in an mbox, of a part */
    struct str name;                 /* of the input, of a part, of a file in an archive */
    const struct message_part *part; /* for header fields; PLACE_PART only */
};

/* "box.mbox, message 3, part 2 (report.json.gz)". */
void place_write(const struct place *place, struct buf *out);

/* The innermost of each: a file name of the form that reporters use, header fields. */
void place_hints(const struct place *place, struct rpt_hints *hints);

#endif
