/*
 * finding.h - what a lint or a tolerant reader has to say about an input.
 *
 * A finding is a message (msg.h) with a severity and the place that it is about. Findings live in
 * the arena of the object that they describe and keep the order in which they were added, until
 * they are sorted.
 */
#ifndef SEALPOST_BASE_FINDING_H
#define SEALPOST_BASE_FINDING_H

#include "base/arena.h"
#include "base/msg.h"

enum severity {
    SEVERITY_NOTE,    /* worth knowing; nothing to do */
    SEVERITY_WARNING, /* legal but unwise, or tolerated though wrong */
    SEVERITY_ERROR,   /* makes the input invalid */
};

struct finding {
    struct finding *next;
    enum severity severity;
    struct msg msg;  /* has a MSG_FIX part where something can be done */
    uint64_t line;   /* from 1; 0 when the finding is about the whole */
    uint64_t column; /* in bytes, from 1; 0 when it is about the whole line */
    struct str path; /* JSON path, or empty */
};

struct findings {
    struct arena *arena;
    struct finding *first, *last;
    unsigned count;
    unsigned errors, warnings;
    unsigned max; /* further ones are counted, not kept */
};

#define FINDINGS_MAX 1000

void findings_init(struct findings *f, struct arena *arena);

/* Adds a finding and copies the message's string arguments into the arena. Returns it, for a path
 * to be set, or NULL when the maximum is reached or the arena is full (arena->failed). */
struct finding *finding_add(struct findings *f, enum severity severity, struct msg m, uint64_t line,
                            uint64_t column);

/* Puts them in the order of the text: by line, then column, what is about a whole line before what
 * is about a place in it, what is about the whole text last. At one place the gravest comes first,
 * else the one that was added first. */
void findings_sort(struct findings *f);

/* Whether a finding with that code is among them. */
bool findings_have(const struct findings *f, const struct msg_def *def);

/* "error", "warning", "note": what JSON carries; not translated. */
const char *severity_name(enum severity s);

#endif
