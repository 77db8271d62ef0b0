/* Step 2, each name server asked by itself: a stale secondary shows some senders the old id. */
#include "check/judge_sts_txt.h"
#include "check/judge_text.h"
#include "check/messages.h"

static bool answers(const struct fact_nameserver *server)
{
    return server->answered && server->authoritative;
}

static bool is_silent(const struct fact_nameserver *server)
{
    return !server->answered && !server->no_source;
}

static bool is_unheard(const struct fact_nameserver *server)
{
    return !server->answered;
}

static bool is_lame(const struct fact_nameserver *server)
{
    return server->answered && !server->authoritative;
}

static bool has(const struct fact_nameserver *server, struct str text)
{
    for (size_t i = 0; i < server->txt_count; i++) {
        if (str_eq(server->txt[i], text))
            return true;
    }
    return false;
}

static bool same_records(const struct fact_nameserver *a, const struct fact_nameserver *b)
{
    if (a->txt_count != b->txt_count)
        return false;
    for (size_t i = 0; i < a->txt_count; i++) {
        if (!has(b, a->txt[i]))
            return false;
    }
    return true;
}

static void add(struct judgement *j, struct msg m)
{
    check_add(j->results, m, j->facts->sts_txt.name, STR(""));
}

/* What of the servers is looked for: those that are so and, with like, have the same records. */
struct wanted {
    bool (*is_so)(const struct fact_nameserver *server);
    const struct fact_nameserver *like;
};

static bool fits(const struct wanted *wanted, const struct fact_nameserver *server)
{
    return wanted->is_so(server) && (!wanted->like || same_records(wanted->like, server));
}

/* How a server at an address is called: by its name, unless it is not so at another of its
 * addresses, which must be told apart then. */
static struct str name_of(const struct check_facts *f, const struct wanted *wanted,
                          const struct fact_nameserver *server)
{
    for (size_t i = 0; i < f->nameserver_count; i++) {
        const struct fact_nameserver *other = &f->nameservers[i];
        if (str_eq(other->name, server->name) && !other->no_source && !fits(wanted, other))
            return server->address;
    }
    return server->name;
}

/* The servers that fit, once each. */
static struct str list_of_servers(struct judgement *j, const struct wanted *wanted)
{
    const struct check_facts *f = j->facts;
    struct buf list CLEANUP(buf_done);
    struct str last = STR("");
    buf_init(&list, JUDGE_LIST_MAX);
    for (size_t i = 0; i < f->nameserver_count; i++) {
        if (!fits(wanted, &f->nameservers[i]))
            continue;
        struct str name = name_of(f, wanted, &f->nameservers[i]);
        if (!str_eq(name, last))
            judge_list_add(&list, name);
        last = name;
    }
    return judge_list_text(j, &list);
}

static struct str list_of_txt(struct judgement *j, const struct fact_nameserver *server)
{
    struct buf list CLEANUP(buf_done);
    buf_init(&list, JUDGE_LIST_MAX);
    for (size_t i = 0; i < server->txt_count; i++)
        judge_list_add(&list, server->txt[i]);
    return judge_list_text(j, &list);
}

static void say_differs(struct judgement *j, const struct fact_nameserver *one,
                        const struct fact_nameserver *other)
{
    const struct wanted like_one = {answers, one}, like_other = {answers, other};
    struct str name = j->facts->sts_txt.name;
    struct str here = list_of_servers(j, &like_one), there = list_of_servers(j, &like_other);
    struct str first = name_of(j->facts, &like_one, one);
    struct str second = name_of(j->facts, &like_other, other);
    if (!one->txt_count)
        add(j, msg_check_record_nameserver_without(name, there, here, first));
    else if (!other->txt_count)
        add(j, msg_check_record_nameserver_without(name, here, there, second));
    else
        add(j, msg_check_record_nameservers_differ(name, here, list_of_txt(j, one), there,
                                                   list_of_txt(j, other), second));
}

static bool was_seen_before(const struct check_facts *f, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (answers(&f->nameservers[i]) && same_records(&f->nameservers[i], &f->nameservers[at]))
            return true;
    }
    return false;
}

static void compare(struct judgement *j)
{
    const struct check_facts *f = j->facts;
    const struct fact_nameserver *first = NULL;
    const struct wanted all = {answers, NULL};
    bool differ = false;
    for (size_t i = 0; i < f->nameserver_count; i++) {
        if (!answers(&f->nameservers[i]) || was_seen_before(f, i))
            continue;
        if (!first) {
            first = &f->nameservers[i];
            continue;
        }
        differ = true;
        say_differs(j, first, &f->nameservers[i]);
    }
    if (first && first->txt_count && !differ)
        add(j, msg_check_record_nameservers_agree(list_of_servers(j, &all)));
}

/* A machine without IPv6 hears nothing from any IPv6 address, which says nothing of the servers. */
static bool counts_as_silent(const struct fact_nameserver *server, bool v6_answers)
{
    return is_silent(server) && (v6_answers || str_chr(server->address, ':') < 0);
}

static void judge_silence(struct judgement *j, bool v6_answers)
{
    const struct check_facts *f = j->facts;
    struct buf list CLEANUP(buf_done);
    buf_init(&list, JUDGE_LIST_MAX);
    for (size_t i = 0; i < f->nameserver_count; i++) {
        const struct fact_nameserver *server = &f->nameservers[i];
        if (!counts_as_silent(server, v6_answers))
            continue;
        struct buf item CLEANUP(buf_done);
        buf_init(&item, JUDGE_LIST_MAX);
        buf_str(&item, server->name);
        if (server->address.n) {
            buf_cstr(&item, " (");
            buf_str(&item, server->address);
            buf_cstr(&item, ")");
        }
        judge_list_add(&list, buf_view(&item));
    }
    if (list.n)
        add(j, msg_check_record_nameserver_silent(judge_list_text(j, &list)));
}

void judge_sts_servers(struct judgement *j)
{
    const struct check_facts *f = j->facts;
    const struct wanted unheard = {is_unheard, NULL}, lame_ones = {is_lame, NULL};
    bool any = false, v6 = false;
    for (size_t i = 0; i < f->nameserver_count; i++) {
        any = any || f->nameservers[i].answered;
        v6 = v6 || (f->nameservers[i].answered && str_chr(f->nameservers[i].address, ':') >= 0);
    }
    if (!f->nameserver_count)
        return;
    if (!any) {
        add(j, msg_check_record_nameservers_unseen(list_of_servers(j, &unheard)));
        return;
    }
    judge_silence(j, v6);
    struct str lame = list_of_servers(j, &lame_ones);
    if (lame.n)
        add(j, msg_check_record_nameserver_lame(lame));
    compare(j);
}
