#include "check/seen.h"

#include <stdlib.h>

struct seen_thing {
    struct seen_thing *older, *newer; /* while nobody refers to it */
    struct arena arena;
    struct str key; /* in arena */
    void *value;
    void (*give_up)(void *value);
    unsigned references;
    struct seen_ref *first, *last; /* those that wait */
    bool complete;
    size_t bytes; /* as counted when it was complete */
};

void seen_init(struct seen *seen, size_t bytes_max, const uint64_t seed[2])
{
    *seen = (struct seen){.bytes_max = bytes_max};
    map_init(&seen->things, seed);
}

static void forget(struct seen *seen, struct seen_thing *thing)
{
    if (thing->key.n)
        map_take(&seen->things, thing->key);
    seen->bytes -= thing->bytes;
    arena_done(&thing->arena);
    free(thing);
}

static void unlink_unused(struct seen *seen, struct seen_thing *thing)
{
    *(thing->older ? &thing->older->newer : &seen->oldest) = thing->newer;
    *(thing->newer ? &thing->newer->older : &seen->newest) = thing->older;
    thing->older = thing->newer = NULL;
}

static void drop_oldest(struct seen *seen)
{
    struct seen_thing *thing = seen->oldest;
    unlink_unused(seen, thing);
    forget(seen, thing);
}

void seen_done(struct seen *seen)
{
    while (seen->oldest)
        drop_oldest(seen);
    map_done(&seen->things);
}

static struct seen_thing *make(struct seen *seen, struct str key)
{
    struct seen_thing *thing = calloc(1, sizeof *thing);
    if (!thing)
        return NULL;
    arena_init(&thing->arena, SEEN_THING_MAX);
    thing->key = arena_str(&thing->arena, key);
    if (thing->arena.failed || !map_put(&seen->things, thing->key, thing)) {
        arena_done(&thing->arena);
        free(thing);
        return NULL;
    }
    return thing;
}

static void wait_for(struct seen_thing *thing, struct seen_ref *ref)
{
    ref->waiting = true;
    ref->previous = thing->last;
    *(thing->last ? &thing->last->next : &thing->first) = ref;
    thing->last = ref;
}

enum seen_found seen_get(struct seen *seen, struct str key, struct seen_ref *ref,
                         void (*ready)(struct seen_ref *ref))
{
    struct seen_thing *thing = map_get(&seen->things, key);
    bool fresh = !thing;
    if (fresh)
        thing = make(seen, key);
    if (!thing)
        return SEEN_NO_MEMORY;
    if (thing->complete && !thing->references)
        unlink_unused(seen, thing);
    thing->references++;
    *ref = (struct seen_ref){.thing = thing, .ready = ready};
    if (thing->complete)
        return SEEN_COMPLETE;
    wait_for(thing, ref);
    return fresh ? SEEN_MAKE : SEEN_WAIT;
}

void seen_set_value(struct seen_ref *ref, void *value, void (*give_up)(void *value))
{
    ref->thing->value = value;
    ref->thing->give_up = give_up;
}

void *seen_value(const struct seen_ref *ref)
{
    return ref->thing->value;
}

struct arena *seen_arena(const struct seen_ref *ref)
{
    return &ref->thing->arena;
}

static void stop_waiting(struct seen_ref *ref)
{
    struct seen_thing *thing = ref->thing;
    *(ref->previous ? &ref->previous->next : &thing->first) = ref->next;
    *(ref->next ? &ref->next->previous : &thing->last) = ref->previous;
    ref->next = ref->previous = NULL;
    ref->waiting = false;
}

/* Nobody refers to a complete thing: it stays for later ones while there is room. */
static void keep_unused(struct seen *seen, struct seen_thing *thing)
{
    thing->older = seen->newest;
    *(seen->newest ? &seen->newest->newer : &seen->oldest) = thing;
    seen->newest = thing;
    while (seen->oldest && seen->bytes > seen->bytes_max)
        drop_oldest(seen);
}

static void release(struct seen *seen, struct seen_thing *thing)
{
    if (--thing->references)
        return;
    if (thing->complete) {
        keep_unused(seen, thing);
        return;
    }
    if (thing->give_up)
        thing->give_up(thing->value);
    forget(seen, thing);
}

void seen_complete(struct seen *seen, struct seen_thing *thing)
{
    thing->complete = true;
    thing->bytes = sizeof *thing + thing->arena.used;
    seen->bytes += thing->bytes;
    thing->references++; /* ours, while others leave */
    while (thing->first) {
        struct seen_ref *ref = thing->first;
        stop_waiting(ref);
        ref->ready(ref);
    }
    release(seen, thing);
}

void seen_leave(struct seen *seen, struct seen_ref *ref)
{
    struct seen_thing *thing = ref->thing;
    if (!thing)
        return;
    if (ref->waiting)
        stop_waiting(ref);
    *ref = (struct seen_ref){0};
    release(seen, thing);
}
