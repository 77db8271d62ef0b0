#include "net/dns.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <string.h>
#include <unbound-event.h>
#include <unbound.h>

#include "base/domain.h"
#include "net/dns_relay.h"
#include "net/dns_setup.h"
#include "net/messages.h"

#define CLASS_IN         1
#define RCODE_NO_ERROR   0
#define RCODE_NAME_ERROR 3
#define SECURITY_BOGUS   1 /* ub_event_callback_type's `sec` */
#define SECURITY_SECURE  2
#define ANSWER_BYTES_MAX ((size_t)1024 * 1024)

struct dns {
    struct ub_ctx *ctx;
    struct dns_relay *relay; /* or NULL */
    struct event_base *base;
    struct dns_query *first; /* of the open ones */
};

struct dns_query {
    struct dns *dns;
    struct dns_query *next, *previous;
    enum dns_type type;
    dns_callback *callback;
    void *user;
    int async_id;
    bool asking;   /* within ub_resolve_event */
    bool answered; /* within it: `later` will tell the answer */
    struct event later;
    struct arena arena; /* of the answer */
    struct dns_answer answer;
};

struct dns *dns_new(struct event_base *base, const struct dns_settings *settings, struct error *err)
{
    struct dns *dns = calloc(1, sizeof *dns);
    if (dns) {
        dns->base = base;
        dns->ctx = ub_ctx_create_event(base);
    }
    if (!dns || !dns->ctx) {
        error_set_memory(err);
        free(dns);
        return NULL;
    }
    if (dns_set_up(dns->ctx, base, settings, &dns->relay, err) < 0) {
        dns_free(dns);
        return NULL;
    }
    return dns;
}

void dns_free(struct dns *dns)
{
    if (!dns)
        return;
    /* libunbound would answer them while it is being taken down. */
    while (dns->first)
        dns_cancel(dns->first);
    ub_ctx_delete(dns->ctx);
    dns_relay_free(dns->relay);
    free(dns);
}

static int by_preference(const void *a, const void *b)
{
    const struct dns_record *x = a, *y = b;
    if (x->preference != y->preference)
        return x->preference < y->preference ? -1 : 1;
    return str_cmp(x->text, y->text);
}

static enum dns_status read_status(int rcode, struct str packet, enum dns_type type, int security,
                                   struct arena *arena, struct dns_answer *answer)
{
    /* libunbound's own code tells only whether it got an answer; what the answer says of the name
     * stands in its header. */
    if (rcode == RCODE_NO_ERROR)
        rcode = dns_message_rcode(packet);
    if (security == SECURITY_BOGUS)
        return DNS_BOGUS;
    /* The name that does not exist may be the target of an alias that does (RFC 2308 2.1). */
    if (rcode == RCODE_NAME_ERROR)
        return dns_message_read(packet, type, arena, &answer->records) ? DNS_NO_NAME : DNS_FAILED;
    if (rcode != RCODE_NO_ERROR || !dns_message_read(packet, type, arena, &answer->records))
        return DNS_FAILED;
    if (answer->records.count > 1 && type == DNS_MX)
        qsort(answer->records.at, answer->records.count, sizeof *answer->records.at, by_preference);
    return answer->records.count ? DNS_FOUND : DNS_NO_DATA;
}

static void query_free(struct dns_query *query)
{
    *(query->previous ? &query->previous->next : &query->dns->first) = query->next;
    if (query->next)
        query->next->previous = query->previous;
    arena_done(&query->arena);
    free(query);
}

static void tell(struct dns_query *query)
{
    query->callback(query->user, &query->answer);
    query_free(query);
}

static void on_later(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    tell(context);
}

/* The signature is ub_event_callback_type's. What libunbound has in its cache it answers within
 * ub_resolve_event; our callers learn it later, like everything else. */
static void on_answer(void *user, int rcode, void *packet, int length, int security, char *why,
                      int was_ratelimited)
{
    struct dns_query *query = user;
    struct dns_answer *answer = &query->answer;
    struct str bytes = {packet, packet && length > 0 ? (size_t)length : 0};
    (void)was_ratelimited;
    answer->secure = security == SECURITY_SECURE;
    answer->status = read_status(rcode, bytes, query->type, security, &query->arena, answer);
    if (query->asking) {
        answer->why = arena_str(&query->arena, str_from(why));
        query->answered = true;
        return;
    }
    answer->why = str_from(why);
    tell(query);
}

static struct dns_query *query_new(struct dns *dns, enum dns_type type, dns_callback *callback,
                                   void *user)
{
    struct dns_query *query = calloc(1, sizeof *query);
    if (!query)
        return NULL;
    *query = (struct dns_query){
        .dns = dns, .next = dns->first, .type = type, .callback = callback, .user = user};
    arena_init(&query->arena, ANSWER_BYTES_MAX);
    event_assign(&query->later, dns->base, -1, 0, on_later, query);
    if (dns->first)
        dns->first->previous = query;
    dns->first = query;
    return query;
}

struct dns_query *dns_lookup(struct dns *dns, struct str name, enum dns_type type,
                             dns_callback *callback, void *user, struct error *err)
{
    char text[DOMAIN_NAME_MAX + 1] = "";
    struct dns_query *query = query_new(dns, type, callback, user);
    if (!query) {
        error_set_memory(err);
        return NULL;
    }
    if (name.n <= DOMAIN_NAME_MAX)
        memcpy(text, name.p, name.n);
    query->asking = true;
    int failed = *text ? ub_resolve_event(dns->ctx, text, (int)type, CLASS_IN, query, on_answer,
                                          &query->async_id)
                       : UB_SYNTAX;
    query->asking = false;
    if (failed) {
        error_set(err, ERROR_TEMPORARY, msg_dns_cannot_ask(name, str_from(ub_strerror(failed))));
        query_free(query);
        return NULL;
    }
    if (query->answered)
        event_active(&query->later, EV_TIMEOUT, 0);
    return query;
}

void dns_cancel(struct dns_query *query)
{
    if (query->answered)
        event_del(&query->later);
    else
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

static void wait_for(struct event_base *base, struct waiting *w, unsigned seconds)
{
    struct timeval limit = {.tv_sec = seconds};
    event_base_loopexit(base, &limit);
    while (!w->answered && !event_base_got_exit(base) && event_base_loop(base, EVLOOP_ONCE) == 0) {
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
    wait_for(base, &w, seconds);
    if (!w.answered) {
        dns_cancel(query);
        *answer = (struct dns_answer){.status = DNS_FAILED};
    }
    dns_free(dns);
    return arena->failed ? error_set_memory(err) : 0;
}
