#include "check/gate.h"

#include <stdlib.h>
#include <string.h>

#define SILENT_PORTS 4

struct gate_address {
    char key[1 + sizeof((struct address *)0)->bytes];
    size_t key_length;
    unsigned inside;
    struct gate_place *first, *last; /* those that wait */
    bool admitting;                  /* a loop further up the stack lets them in */
    uint16_t silent[SILENT_PORTS];   /* 0: none */
};

void gate_init(struct gate *gate, unsigned limit, const uint64_t seed[2])
{
    *gate = (struct gate){.limit = limit ? limit : 1};
    map_init(&gate->addresses, seed);
}

void gate_done(struct gate *gate)
{
    map_done(&gate->addresses);
}

static struct str key_of(const struct gate_address *at)
{
    return (struct str){at->key, at->key_length};
}

static struct gate_address *find_or_make(struct gate *gate, const struct address *address)
{
    struct gate_address new = {.key_length = address->family == AF_INET ? 5 : 17};
    new.key[0] = address->family == AF_INET ? '4' : '6';
    memcpy(new.key + 1, address->bytes, new.key_length - 1);
    struct gate_address *at = map_get(&gate->addresses, key_of(&new));
    if (at)
        return at;
    at = malloc(sizeof *at);
    if (!at)
        return NULL;
    *at = new;
    if (!map_put(&gate->addresses, key_of(at), at)) {
        free(at);
        return NULL;
    }
    return at;
}

bool gate_enter(struct gate *gate, const struct address *address, struct gate_place *place,
                void (*go)(struct gate_place *place))
{
    struct gate_address *at = find_or_make(gate, address);
    if (!at)
        return false;
    *place = (struct gate_place){.at = at, .go = go};
    if (at->inside < gate->limit && !at->first) {
        at->inside++;
        place->inside = true;
        return true;
    }
    place->previous = at->last;
    if (at->last)
        at->last->next = place;
    else
        at->first = place;
    at->last = place;
    return true;
}

static void unlink_place(struct gate_address *at, struct gate_place *place)
{
    if (place->previous)
        place->previous->next = place->next;
    else
        at->first = place->next;
    if (place->next)
        place->next->previous = place->previous;
    else
        at->last = place->previous;
    place->next = place->previous = NULL;
}

/* What is let in may leave at once, from within: a loop, so that a long line of those does not
 * become a deep stack. */
static void admit(struct gate *gate, struct gate_address *at)
{
    if (at->admitting)
        return;
    at->admitting = true;
    while (at->first && at->inside < gate->limit) {
        struct gate_place *place = at->first;
        unlink_place(at, place);
        at->inside++;
        place->inside = true;
        place->go(place);
    }
    at->admitting = false;
    if (at->inside || at->first)
        return;
    map_take(&gate->addresses, key_of(at));
    free(at);
}

void gate_leave(struct gate *gate, struct gate_place *place)
{
    struct gate_address *at = place->at;
    if (!at)
        return;
    if (place->inside)
        at->inside--;
    else
        unlink_place(at, place);
    *place = (struct gate_place){0};
    admit(gate, at);
}

void gate_tell_silent(struct gate_place *place, uint16_t port)
{
    for (size_t i = 0; place->at && i < SILENT_PORTS; i++) {
        uint16_t *silent = &place->at->silent[i];
        if (*silent && *silent != port)
            continue;
        *silent = port;
        return;
    }
}

bool gate_is_silent(const struct gate_place *place, uint16_t port)
{
    for (size_t i = 0; place->at && i < SILENT_PORTS; i++) {
        if (place->at->silent[i] == port)
            return true;
    }
    return false;
}
