#include "check/look.h"

#include "net/dns_direct.h"

/* All name servers of the zone, while their addresses are looked up. */
struct servers_look {
    struct check *check;
    struct fact_host where[CHECK_NAMESERVERS_MAX];
    size_t count, open;
};

/* One address of a name server. */
struct server_look {
    struct look_task task; /* first: expire gets it back */
    struct check *check;
    struct fact_nameserver *fact;
    struct dns_direct *query;
};

/* The name that the record has in its zone: the end of its aliases. */
static struct str name_of_record(const struct check *check)
{
    const struct fact_dns *txt = &check->facts.sts_txt;
    return txt->answer.records.canonical.n ? txt->answer.records.canonical : txt->name;
}

static void keep(struct server_look *s, const struct dns_direct_answer *answer)
{
    struct arena *arena = &s->check->arena;
    const struct dns_records *records = &answer->records;
    s->fact->answered = answer->failure == NET_OK;
    s->fact->authoritative = answer->authoritative;
    if (!s->fact->answered || answer->status != DNS_FOUND)
        return;
    s->fact->ttl = records->ttl;
    s->fact->txt = arena_array(arena, records->count, sizeof *s->fact->txt);
    for (size_t i = 0; s->fact->txt && i < records->count; i++)
        s->fact->txt[s->fact->txt_count++] = arena_str(arena, records->at[i].text);
}

static void on_answer(void *user, const struct dns_direct_answer *answer)
{
    struct server_look *s = user;
    s->query = NULL;
    keep(s, answer);
    look_close(&s->task);
}

static void expire(struct look_task *task)
{
    struct server_look *s = (struct server_look *)task;
    dns_direct_cancel(s->query);
    look_close(task);
}

static void ask(struct check *check, const struct fact_host *where, const struct fact_address *at,
                struct fact_nameserver *fact)
{
    struct server_look *s = arena_alloc(&check->arena, sizeof *s);
    if (!s)
        return;
    *s = (struct server_look){.check = check, .fact = fact};
    look_open(check, &s->task, expire);
    s->query = dns_direct_start(
        check->checker->base, &at->address, look_port(check->checker, where->name, DNS_PORT),
        name_of_record(check), DNS_TXT, look_deadline_ms(check), on_answer, s, NULL);
    if (!s->query)
        look_close(&s->task);
}

static void look_at_server(struct check *check, const struct fact_host *where)
{
    struct check_facts *f = &check->facts;
    const size_t before = f->nameserver_count;
    for (size_t i = 0; i < where->count; i++) {
        const struct fact_address *at = &where->at[i];
        if (!at->allowed)
            continue;
        struct fact_nameserver *fact = &f->nameservers[f->nameserver_count++];
        *fact = (struct fact_nameserver){.name = where->name, .address = at->text};
        fact->no_source = !look_has_source(&at->address);
        if (!fact->no_source)
            ask(check, where, at, fact);
    }
    if (f->nameserver_count == before)
        f->nameservers[f->nameserver_count++] = (struct fact_nameserver){.name = where->name};
}

/* Once all have come, so that the facts keep the order of the records. */
static void on_addresses(void *user)
{
    struct servers_look *all = user;
    struct check *check = all->check;
    if (--all->open || check->closing)
        return;
    check->facts.nameservers = arena_array(&check->arena, all->count * CHECK_ADDRESSES_MAX,
                                           sizeof(struct fact_nameserver));
    for (size_t i = 0; check->facts.nameservers && i < all->count; i++)
        look_at_server(check, &all->where[i]);
}

static void look_at_servers(struct check *check)
{
    const struct dns_records *ns = &check->facts.ns.answer.records;
    struct servers_look *all = arena_alloc(&check->arena, sizeof *all);
    if (!all)
        return;
    *all = (struct servers_look){.check = check};
    all->count = ns->count < CHECK_NAMESERVERS_MAX ? ns->count : CHECK_NAMESERVERS_MAX;
    all->open = all->count;
    for (size_t i = 0; i < all->count; i++)
        look_host(check, &all->where[i], ns->at[i].text, DNS_PORT, on_addresses, all);
}

/* The zone's apex is the nearest name with NS records. */
static void on_ns(void *user)
{
    struct check *check = user;
    const struct fact_dns *ns = &check->facts.ns;
    struct str parent = ns->name;
    if (ns->answer.status == DNS_FOUND) {
        look_at_servers(check);
        return;
    }
    if (ns->answer.status != DNS_NO_DATA && ns->answer.status != DNS_NO_NAME)
        return;
    if (str_cut(parent, '.', &(struct str){0}, &parent) && parent.n)
        look_ask(check, &check->facts.ns, parent, DNS_NS, on_ns, check);
}

void look_nameservers(struct check *check)
{
    /* Bogus, or no answer: the name servers are not what is to be compared then. */
    if (check->facts.sts_txt.answer.status == DNS_FAILED ||
        check->facts.sts_txt.answer.status == DNS_BOGUS)
        return;
    look_ask(check, &check->facts.ns, name_of_record(check), DNS_NS, on_ns, check);
}
