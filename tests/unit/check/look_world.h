/*
 * look_world.h - the world for tests of looking: a resolver and listeners on loopback, in the loop
 * of what is tested.
 */
#ifndef SEALPOST_TESTS_CHECK_LOOK_WORLD_H
#define SEALPOST_TESTS_CHECK_LOOK_WORLD_H

#include "check.h"
#include "check/look.h"

/* What the resolver answers; every other name does not exist, and a name with other types has no
 * data. "mute." before a name: it never answers. */
struct world_record {
    const char *name;
    enum dns_type type;
    const char *text; /* MX: "10 host"; TXT, A, AAAA, NS, CNAME as they are */
};

#define WORLD_CONNECTS_MAX 4

struct world_listener {
    struct event *readable;
    struct address address;
    uint16_t port;
    unsigned accepted; /* nothing is said to them; they stay open */
    int open[16];
    int fd;
};

struct world {
    struct event_base *base;
    const struct world_record *records; /* ended by name NULL */
    struct event *question;
    int fd;
    uint16_t dns_port;
    unsigned asked; /* questions that arrived */
    char forward[32];
    struct str forward_str;
    struct check_connect connect[WORLD_CONNECTS_MAX];
    struct check_settings settings;
    struct checker *checker;
    struct tls_trust *trust;
};

void world_init(struct world *w, const struct world_record *records);
void world_done(struct world *w);

/* Makes the checker of w->settings. */
void world_checker(struct world *w);

/* Listens at an address of loopback; port 0: any. False where this is not permitted. */
bool world_listen(struct world *w, struct world_listener *l, const char *address, uint16_t port);
void world_close(struct world_listener *l);

/* --connect host:port to the listener. */
void world_connect(struct world *w, const char *host, uint16_t port,
                   const struct world_listener *l);

/* What a check ended with; `look` is called with the facts. */
struct world_end {
    unsigned ends, failures;
    void (*look)(const struct check_facts *facts);
};

void world_begin(struct world *w, const char *domain, struct world_end *end);

/* Runs the loop until so many checks have ended. */
void world_wait(struct world *w, const struct world_end *end, unsigned ends);

#endif
