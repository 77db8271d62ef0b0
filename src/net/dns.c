#include "net/dns.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <string.h>
#include <unbound.h>

#include "base/domain.h"
#include "net/dns_relay.h"
#include "net/dns_setup.h"
#include "net/messages.h"
#include "net/stop.h"

#define CLASS_IN         1
#define TYPE_DNSKEY      48
#define RCODE_NO_ERROR   0
#define RCODE_NAME_ERROR 3
#define ANSWER_BYTES_MAX ((size_t)1024 * 1024)

/* libunbound works in a thread of its own, which leaves the loop to others: validating is half of
 * what many questions cost. What it has found comes through a descriptor. A question that it has
 * takes 40 KB of memory, even while it waits for a port to be free: those wait here. */
struct dns {
    struct ub_ctx *ctx;
    struct dns_relay *relay; /* or NULL */
    struct event readable;
    struct event room;              /* made active when a question that waits may be asked */
    struct dns_query *first, *last; /* the open ones, in the order in which they came */
    struct dns_query *waiting;      /* the first of them that libunbound does not have */
    struct dns_query *fresh;        /* of those the first that follows from no answer */
    bool telling;                   /* an answer: what is asked now follows from it */
    unsigned asked;                 /* how many it has */
    bool wants_keys;                /* those of the root, with the first question */
};

struct dns_query {
    struct dns *dns;
    struct dns_query *next, *previous;
    enum dns_type type;
    dns_callback *callback;
    void *user;
    bool asked;
    int async_id;
    char name[]; /* without a zero byte within */
};

static int by_preference(const void *a, const void *b)
{
    const struct dns_record *x = a, *y = b;
    if (x->preference != y->preference)
        return x->preference < y->preference ? -1 : 1;
    return str_cmp(x->text, y->text);
}

static enum dns_status read_status(const struct ub_result *result, enum dns_type type,
                                   struct arena *arena, struct dns_answer *answer)
{
    const int length = result->answer_len;
    struct str packet = {result->answer_packet, length > 0 ? (size_t)length : 0};
    if (result->bogus)
        return DNS_BOGUS;
    int rcode = dns_message_rcode(packet);
    if ((rcode != RCODE_NO_ERROR && rcode != RCODE_NAME_ERROR) ||
        !dns_message_read(packet, type, arena, &answer->records))
        return DNS_FAILED;
    /* The name that does not exist may be the target of an alias that does (RFC 2308 2.1). */
    if (rcode == RCODE_NAME_ERROR)
        return DNS_NO_NAME;
    if (answer->records.count > 1 && type == DNS_MX)
        qsort(answer->records.at, answer->records.count, sizeof *answer->records.at, by_preference);
    return answer->records.count ? DNS_FOUND : DNS_NO_DATA;
}

static void stop_waiting(struct dns_query *query)
{
    struct dns *dns = query->dns;
    if (dns->waiting == query)
        dns->waiting = query->next;
    if (dns->fresh == query)
        dns->fresh = query->next;
}

static void query_free(struct dns_query *query)
{
    struct dns *dns = query->dns;
    *(query->previous ? &query->previous->next : &dns->first) = query->next;
    *(query->next ? &query->next->previous : &dns->last) = query->previous;
    stop_waiting(query);
    dns->asked -= query->asked;
    if (query->asked && dns->waiting)
        event_active(&dns->room, EV_TIMEOUT, 0);
    free(query);
}

static void free_result(struct ub_result **result)
{
    ub_resolve_free(*result);
}

/* The signature is ub_callback_type's; called within ub_process. */
static void on_answer(void *user, int failed, struct ub_result *given)
{
    struct dns_query *query = user;
    struct ub_result *result CLEANUP(free_result) = given;
    struct dns_answer answer = {.status = DNS_FAILED};
    struct arena arena CLEANUP(arena_done) = {0};
    arena_init(&arena, ANSWER_BYTES_MAX);
    if (!failed && result) {
        answer.status = read_status(result, query->type, &arena, &answer);
        answer.secure = result->secure;
        answer.why = str_from(result->why_bogus);
    }
    query->dns->telling = true;
    query->callback(query->user, &answer);
    query->dns->telling = false;
    query_free(query);
}

static void on_keys(void *user, int failed, struct ub_result *result)
{
    (void)user;
    (void)failed;
    ub_resolve_free(result);
}

/* libunbound would ask for them when the first answer is there to be validated: a round trip later.
 * What comes is in its cache then; nobody here waits for it. */
static void ask_keys(struct dns *dns)
{
    if (dns->wants_keys)
        (void)!ub_resolve_async(dns->ctx, ".", TYPE_DNSKEY, CLASS_IN, NULL, on_keys, NULL);
    dns->wants_keys = false;
}

/* A UB_ code. */
static int ask(struct dns_query *query)
{
    struct dns *dns = query->dns;
    ask_keys(dns);
    int failed = ub_resolve_async(dns->ctx, query->name, (int)query->type, CLASS_IN, query,
                                  on_answer, &query->async_id);
    query->asked = !failed;
    dns->asked += query->asked;
    return failed;
}

static void on_room(evutil_socket_t fd, short what, void *context)
{
    struct dns *dns = context;
    (void)fd;
    (void)what;
    while (dns->waiting && dns->asked < DNS_AT_ONCE_MAX) {
        struct dns_query *query = dns->waiting;
        stop_waiting(query);
        if (ask(query)) {
            query->callback(query->user, &(struct dns_answer){.status = DNS_FAILED});
            query_free(query);
        }
    }
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct dns *dns = context;
    (void)fd;
    (void)what;
    ub_process(dns->ctx);
}

/* Before the setting up, which takes the context past the point where this may be said. */
static int use_thread(struct dns *dns, struct event_base *base, struct error *err)
{
    int failed = ub_ctx_async(dns->ctx, 1);
    if (failed)
        return error_set(err, ERROR_BUG, msg_dns_set_up(str_from(ub_strerror(failed))));
    if (event_assign(&dns->readable, base, ub_fd(dns->ctx), EV_READ | EV_PERSIST, on_readable,
                     dns) < 0 ||
        event_assign(&dns->room, base, -1, 0, on_room, dns) < 0 ||
        event_add(&dns->readable, NULL) < 0)
        return error_set_memory(err);
    return 0;
}

struct dns *dns_new(struct event_base *base, const struct dns_settings *settings, struct error *err)
{
    struct dns *dns = calloc(1, sizeof *dns);
    if (dns)
        dns->ctx = ub_ctx_create();
    if (!dns || !dns->ctx) {
        error_set_memory(err);
        free(dns);
        return NULL;
    }
    if (use_thread(dns, base, err) < 0 ||
        dns_set_up(dns->ctx, base, settings, &dns->relay, err) < 0) {
        dns_free(dns);
        return NULL;
    }
    dns->wants_keys = settings->trust_anchor && *settings->trust_anchor;
    return dns;
}

void dns_free(struct dns *dns)
{
    if (!dns)
        return;
    while (dns->first)
        dns_cancel(dns->first);
    if (event_initialized(&dns->room)) {
        event_del(&dns->readable);
        event_del(&dns->room);
    }
    ub_ctx_delete(dns->ctx);
    dns_relay_free(dns->relay);
    free(dns);
}

static struct dns_query *query_new(struct dns *dns, struct str name, enum dns_type type,
                                   dns_callback *callback, void *user)
{
    struct dns_query *query = calloc(1, sizeof *query + name.n + 1);
    if (!query)
        return NULL;
    *query = (struct dns_query){.dns = dns, .type = type, .callback = callback, .user = user};
    memcpy(query->name, name.p, name.n);
    return query;
}

/* Puts it among the open ones, before another or at the end. */
static void insert(struct dns_query *query, struct dns_query *before)
{
    struct dns *dns = query->dns;
    query->next = before;
    query->previous = before ? before->previous : dns->last;
    *(query->previous ? &query->previous->next : &dns->first) = query;
    *(before ? &before->previous : &dns->last) = query;
}

/* What follows from an answer goes before what begins something new: who is further on ends sooner,
 * and many who began together do not stay in step, all asking at one time and none at another. */
static void wait_for_room(struct dns_query *query)
{
    struct dns *dns = query->dns;
    struct dns_query *before = dns->telling ? dns->fresh : NULL;
    insert(query, before);
    if (!dns->waiting || dns->waiting == before)
        dns->waiting = query;
    if (!dns->telling && !dns->fresh)
        dns->fresh = query;
}

/* Any bytes may stand in a label; the thread would refuse what is wrong in length only later. */
static bool is_name(struct str name)
{
    struct str label, rest = name;
    bool more = true;
    if (name.n > DOMAIN_NAME_MAX || str_chr(name, 0) >= 0)
        return false;
    while (more) {
        more = str_cut(rest, '.', &label, &rest);
        if (label.n == 0 || label.n > DOMAIN_LABEL_MAX)
            return false;
    }
    return true;
}

struct dns_query *dns_lookup(struct dns *dns, struct str name, enum dns_type type,
                             dns_callback *callback, void *user, struct error *err)
{
    if (!is_name(name)) {
        error_set(err, ERROR_TEMPORARY, msg_dns_cannot_ask(name, str_from(ub_strerror(UB_SYNTAX))));
        return NULL;
    }
    struct dns_query *query = query_new(dns, name, type, callback, user);
    if (!query) {
        error_set_memory(err);
        return NULL;
    }
    if (dns->waiting || dns->asked >= DNS_AT_ONCE_MAX) {
        wait_for_room(query);
        return query;
    }
    insert(query, NULL);
    int failed = ask(query);
    if (failed) {
        error_set(err, ERROR_TEMPORARY, msg_dns_cannot_ask(name, str_from(ub_strerror(failed))));
        query_free(query);
        return NULL;
    }
    return query;
}

void dns_cancel(struct dns_query *query)
{
    if (query->asked)
        ub_cancel(query->dns->ctx, query->async_id);
    query_free(query);
}

int dns_answer_copy(struct dns_answer *to, const struct dns_answer *from, struct arena *arena)
{
    struct dns_answer copy = *from;
    struct dns_records *records = &copy.records;
    const struct str *cnames = records->cnames;
    copy.why = arena_str(arena, from->why);
    records->canonical = arena_str(arena, records->canonical);
    records->at = arena_array(arena, records->count, sizeof *records->at);
    records->cnames = arena_array(arena, records->cname_count, sizeof *records->cnames);
    for (size_t i = 0; records->at && i < records->count; i++) {
        records->at[i] = from->records.at[i];
        records->at[i].text = arena_str(arena, records->at[i].text);
        records->at[i].tag = arena_str(arena, records->at[i].tag);
    }
    for (size_t i = 0; records->cnames && i < records->cname_count; i++)
        records->cnames[i] = arena_str(arena, cnames[i]);
    if (arena->failed)
        return error_set_memory(NULL);
    *to = copy;
    return 0;
}

struct waiting {
    struct arena *arena;
    struct dns_answer *answer;
    bool answered;
};

static void keep_answer(void *user, const struct dns_answer *answer)
{
    struct waiting *w = user;
    w->answered = true;
    if (dns_answer_copy(w->answer, answer, w->arena) < 0)
        *w->answer = (struct dns_answer){.status = DNS_FAILED};
}

static void wait_for(struct event_base *base, struct waiting *w, unsigned seconds,
                     const atomic_bool *stop)
{
    struct timeval limit = {.tv_sec = seconds};
    event_base_loopexit(base, &limit);
    while (!w->answered && !event_base_got_exit(base) && stop_turn(base, stop)) {
    }
}

static void free_base(struct event_base **base)
{
    if (*base)
        event_base_free(*base);
}

int dns_ask(const struct dns_settings *settings, struct str name, enum dns_type type,
            unsigned seconds, struct arena *arena, struct dns_answer *answer, struct error *err)
{
    struct event_base *base CLEANUP(free_base) = event_base_new();
    struct waiting w = {.arena = arena, .answer = answer};
    if (!base)
        return error_set_memory(err);
    struct dns *dns = dns_new(base, settings, err);
    if (!dns)
        return -ERROR_PERMANENT;
    struct dns_query *query = dns_lookup(dns, name, type, keep_answer, &w, err);
    if (!query) {
        dns_free(dns);
        return -ERROR_TEMPORARY;
    }
    wait_for(base, &w, seconds, settings->stop);
    if (!w.answered) {
        dns_cancel(query);
        *answer = (struct dns_answer){.status = DNS_FAILED};
    }
    dns_free(dns);
    return arena->failed ? error_set_memory(err) : 0;
}
