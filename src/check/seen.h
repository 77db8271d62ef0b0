/*
 * seen.h - what is observed once within a run, and shared by all that ask for it.
 *
 * An observation has a key ("mx.example.org 192.0.2.25") and an arena of its own. The first who
 * asks is told to make it; who asks meanwhile waits; who asks later has it at once. References
 * count: an observation stays as long as somebody refers to it, and after that until the bytes that
 * all of them take pass the maximum, the longest unused going first. One that nobody waits for any
 * more before it is complete is given up: its maker is told, and it is forgotten.
 *
 * Nothing here does I/O. Not thread-safe.
 */
#ifndef SEALPOST_CHECK_SEEN_H
#define SEALPOST_CHECK_SEEN_H

#include "base/arena.h"
#include "base/map.h"

struct seen_thing;

struct seen {
    struct map things;
    struct seen_thing *oldest, *newest; /* complete ones without a reference */
    size_t bytes, bytes_max;            /* of the arenas of complete ones */
};

/* A reference, embedded in its holder; zeroed: none held. */
struct seen_ref {
    struct seen_thing *thing;
    struct seen_ref *next, *previous; /* those that wait */
    bool waiting;
    void (*ready)(struct seen_ref *ref);
};

/* seed: random, for the map. seen_done must find no reference held. */
void seen_init(struct seen *seen, size_t bytes_max, const uint64_t seed[2]);
void seen_done(struct seen *seen);

enum seen_found {
    SEEN_COMPLETE, /* it is there: ready will not be called */
    SEEN_WAIT,     /* it is being made: ready will be called, once, within seen_complete */
    SEEN_MAKE, /* the caller begins to make it, with a value from seen_value_new; ready as before */
    SEEN_NO_MEMORY, /* nothing held */
};

/* Takes a reference to what has this key. */
enum seen_found seen_get(struct seen *seen, struct str key, struct seen_ref *ref,
                         void (*ready)(struct seen_ref *ref)) NODISCARD;

/* For the maker, right after SEEN_MAKE: gives the thing its value, which lives in its arena.
 * give_up is called when nobody waits any more: it must stop the making and call neither
 * seen_complete nor seen_leave. On SEEN_MAKE without a value following, seen_leave undoes all. */
void seen_set_value(struct seen_ref *ref, void *value, void (*give_up)(void *value));

/* The value and its arena. The arena's maximum is SEEN_THING_MAX. */
void *seen_value(const struct seen_ref *ref);
struct arena *seen_arena(const struct seen_ref *ref);

#define SEEN_THING_MAX ((size_t)1024 * 1024)

/* The value is made: tells all who wait. `thing` is what ref->thing was when it was begun. A ready
 * may leave, and take further references. */
void seen_complete(struct seen *seen, struct seen_thing *thing);

/* Gives the reference up, waiting or not; none held is fine. */
void seen_leave(struct seen *seen, struct seen_ref *ref);

#endif
