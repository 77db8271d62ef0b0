#include "host/crowd.h"

#include <stdlib.h>
#include <string.h>

#define KEY_MAX 9 /* the family, and the 8 bytes of a network of IPv6 */

struct crowd_member {
    char key[KEY_MAX];
    unsigned char key_n;
    size_t connections;
    struct crowd_place *first, *last; /* of those that wait */
    struct crowd_line *line;          /* while one waits */
    bool served;                      /* since it came */
    struct crowd_member *next, *previous;
};

void crowd_init(struct crowd *crowd, size_t most, const uint64_t seed[2])
{
    *crowd = (struct crowd){.most = most};
    map_init(&crowd->members, seed);
}

void crowd_done(struct crowd *crowd)
{
    struct crowd_member *member;
    struct str key;
    size_t at = 0;
    while ((member = map_next(&crowd->members, &at, &key)))
        free(member);
    map_done(&crowd->members);
}

static struct crowd_member key_of(const struct address *client)
{
    struct crowd_member m = {.key_n = 1};
    if (!client)
        return m;
    m.key_n = client->family == AF_INET ? 5 : KEY_MAX;
    m.key[0] = client->family == AF_INET ? 4 : 6;
    memcpy(m.key + 1, client->bytes, m.key_n - 1U);
    return m;
}

static struct crowd_member *add(struct crowd *crowd, const struct crowd_member *wanted)
{
    struct crowd_member *member = malloc(sizeof *member);
    if (!member)
        return NULL;
    *member = *wanted;
    if (map_put(&crowd->members, (struct str){member->key, member->key_n}, member))
        return member;
    free(member);
    return NULL;
}

bool crowd_join(struct crowd *crowd, const struct address *client, struct crowd_member **out)
{
    struct crowd_member wanted = key_of(client);
    struct crowd_member *member = map_get(&crowd->members, (struct str){wanted.key, wanted.key_n});
    *out = NULL;
    if (!member)
        member = add(crowd, &wanted);
    if (!member || (crowd->most && client && member->connections >= crowd->most))
        return false;
    member->connections++;
    *out = member;
    return true;
}

void crowd_leave(struct crowd *crowd, struct crowd_member *member)
{
    if (!member || --member->connections)
        return;
    map_take(&crowd->members, (struct str){member->key, member->key_n});
    free(member);
}

size_t crowd_connections(const struct crowd_member *member)
{
    return member ? member->connections : 1;
}

/* ---- turns ---- */

static void join_line(struct crowd_member *member, struct crowd_line *line)
{
    member->line = line;
    member->next = NULL;
    member->previous = line->last;
    *(line->last ? &line->last->next : &line->first) = member;
    line->last = member;
}

static void leave_line(struct crowd_member *member)
{
    struct crowd_line *line = member->line;
    *(member->previous ? &member->previous->next : &line->first) = member->next;
    *(member->next ? &member->next->previous : &line->last) = member->previous;
}

void crowd_wait(struct crowd *crowd, struct crowd_member *member, struct crowd_place *place,
                void *of)
{
    if (!member->first)
        join_line(member, member->served ? &crowd->again : &crowd->fresh);
    *place = (struct crowd_place){.member = member, .previous = member->last, .of = of};
    *(member->last ? &member->last->next : &member->first) = place;
    member->last = place;
}

void crowd_skip(struct crowd_place *place)
{
    struct crowd_member *member = place->member;
    if (!member)
        return;
    *(place->previous ? &place->previous->next : &member->first) = place->next;
    *(place->next ? &place->next->previous : &member->last) = place->previous;
    place->member = NULL;
    if (!member->first)
        leave_line(member);
}

/* The client whose turn it is; NULL: none waits. */
static struct crowd_member *whose_turn(struct crowd *crowd)
{
    struct crowd_member *const ways[] = {crowd->fresh.last, crowd->fresh.first, crowd->again.first,
                                         crowd->fresh.first};
    struct crowd_member *member = NULL;
    for (size_t i = 0; i < ARRAY_LEN(ways) && !member; i++)
        member = ways[crowd->turn++ % ARRAY_LEN(ways)];
    return member;
}

void *crowd_next(struct crowd *crowd)
{
    struct crowd_member *member = whose_turn(crowd);
    if (!member)
        return NULL;
    struct crowd_place *place = member->first;
    member->served = true;
    leave_line(member);
    join_line(member, &crowd->again);
    crowd_skip(place);
    return place->of;
}
