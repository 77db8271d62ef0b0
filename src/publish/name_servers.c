#include "publish/name_servers.h"

#include <event2/event.h>
#include <time.h>

#include "base/clock.h"
#include "net/dns_direct.h"
#include "publish/messages.h"
#include "publish/zone.h"

#define ARENA_MAX    ((size_t)4 * 1024 * 1024)
#define ANSWER_MS    3000 /* that a server has for one answer */
#define PAUSE_MS     1000 /* between two looks */
#define STOP_MS      200
#define SILENT_TIMES 3 /* that a server does not answer before it is passed over */

/* One address of a name server. */
struct server {
    struct str name;
    struct address address;
    struct str text; /* wanted */
    bool shows;
    unsigned silent; /* times in a row */
};

struct servers {
    const struct publish_change *change;
    struct arena arena;
    struct zone zone;
    struct server at[NAME_SERVERS_MAX];
    size_t count;
    struct event_base *base;
};

static void servers_done(struct servers *s)
{
    if (s->base)
        event_base_free(s->base);
    arena_done(&s->arena);
}

/* ---- which servers ---- */

static void take_server(struct servers *s, const struct zone_server *found)
{
    for (size_t i = 0; i < found->count && s->count < NAME_SERVERS_MAX; i++)
        s->at[s->count++] =
            (struct server){.name = found->name, .address = found->at[i], .text = s->change->text};
}

static int find_servers(struct servers *s, struct error *err)
{
    const struct publish *p = s->change->publish;
    struct dns_answer answer;
    int rc = zone_find(s->change, &s->arena, &s->zone, err);
    if (rc == 0)
        rc = dns_ask(p->dns, s->zone.name, DNS_NS, ZONE_DNS_WAIT_S, &s->arena, &answer, err);
    if (rc == 0 && answer.status != DNS_FOUND)
        rc = error_set(err, ERROR_TEMPORARY, msg_publish_dns_failed(s->zone.name));
    for (size_t i = 0; rc == 0 && i < answer.records.count && s->count < NAME_SERVERS_MAX; i++) {
        struct zone_server found;
        rc = zone_server_find(s->change, &s->zone, answer.records.at[i].text, &s->arena, &found,
                              err);
        if (rc == 0)
            take_server(s, &found);
    }
    return rc;
}

/* ---- one look at all ---- */

static void on_answer(void *user, const struct dns_direct_answer *answer)
{
    struct server *server = user;
    if (answer->failure != NET_OK) {
        server->silent++;
        return;
    }
    server->silent = 0;
    for (size_t i = 0; answer->status == DNS_FOUND && i < answer->records.count; i++)
        server->shows |= str_eq(answer->records.at[i].text, server->text);
}

static int look(struct servers *s, struct error *err)
{
    for (size_t i = 0; i < s->count; i++) {
        struct server *server = &s->at[i];
        if (!server->shows &&
            !dns_direct_start(s->base, &server->address, DNS_PORT, s->change->name, DNS_TXT,
                              ANSWER_MS, on_answer, server, err))
            return -(int)err->class;
    }
    event_base_dispatch(s->base); /* until all have answered, or were given up */
    return 0;
}

/* Whether nobody is left to be waited for. */
static bool is_enough(const struct servers *s)
{
    bool seen = false;
    for (size_t i = 0; i < s->count; i++) {
        seen |= s->at[i].shows;
        if (!s->at[i].shows && s->at[i].silent < SILENT_TIMES)
            return false;
    }
    return seen;
}

static bool all_silent(const struct servers *s)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->at[i].shows || s->at[i].silent < SILENT_TIMES)
            return false;
    }
    return true;
}

/* ---- until all show it ---- */

static int pause_for(const struct publish *p, struct error *err)
{
    const struct timespec slice = {.tv_nsec = STOP_MS * 1000000L};
    for (int64_t until = clock_monotonic_ms() + PAUSE_MS; clock_monotonic_ms() < until;) {
        if (publish_check_stop(p, err) < 0)
            return -ERROR_TEMPORARY;
        nanosleep(&slice, NULL);
    }
    return 0;
}

static int tell_who_does_not(const struct servers *s, struct error *err)
{
    const struct server *server = &s->at[0];
    for (size_t i = 0; i < s->count; i++) {
        if (!s->at[i].shows)
            server = &s->at[i];
        if (!s->at[i].shows && !s->at[i].silent)
            break;
    }
    return error_set(err, ERROR_TEMPORARY,
                     msg_publish_not_shown(s->change->name, server->name, s->zone.name,
                                           s->change->by->wait, s->change->by->name));
}

static int wait_for(struct servers *s, struct error *err)
{
    int64_t until = clock_monotonic_ms() + (int64_t)s->change->by->wait * 1000;
    for (;;) {
        int rc = look(s, err);
        if (rc < 0 || is_enough(s))
            return rc;
        if (all_silent(s))
            return error_set(err, ERROR_TEMPORARY, msg_publish_all_silent(s->zone.name));
        if (clock_monotonic_ms() >= until)
            return tell_who_does_not(s, err);
        rc = pause_for(s->change->publish, err);
        if (rc < 0)
            return rc;
    }
}

int name_servers_wait(const struct publish_change *change, struct error *err)
{
    struct servers s CLEANUP(servers_done) = {.change = change, .base = event_base_new()};
    struct error local;
    err = err ? err : &local;
    arena_init(&s.arena, ARENA_MAX);
    if (!s.base)
        return error_set_memory(err);
    int rc = find_servers(&s, err);
    return rc < 0 ? rc : wait_for(&s, err);
}
