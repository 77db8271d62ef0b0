#include "host/crowd.h"

#include <stdlib.h>
#include <string.h>

#define KEY_MAX 9 /* the family, and the 8 bytes of a network of IPv6 */

struct crowd_member {
    char key[KEY_MAX];
    unsigned char key_n;
    size_t connections;
};

void crowd_init(struct crowd *crowd, size_t most, const uint64_t seed[2])
{
    map_init(&crowd->members, seed);
    crowd->most = most;
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
    struct crowd_member m = {.key_n = client->family == AF_INET ? 5 : KEY_MAX};
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
    *out = NULL;
    if (!crowd->most || !client->family)
        return true;
    struct crowd_member wanted = key_of(client);
    struct crowd_member *member = map_get(&crowd->members, (struct str){wanted.key, wanted.key_n});
    if (!member)
        member = add(crowd, &wanted);
    if (!member || member->connections >= crowd->most)
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
