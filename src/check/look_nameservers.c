#include "check/look.h"

#include "net/dns_direct.h"

/* One name server of the zone. */
struct server_look {
    struct look_task task; /* first: expire gets it back */
    struct check *check;
    struct fact_nameserver *fact;
    struct fact_host where;
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

static void on_addresses(void *user)
{
    struct server_look *s = user;
    struct check *check = s->check;
    ssize_t first = look_first_address(&s->where);
    if (first < 0 || check->closing)
        return;
    const struct fact_address *at = &s->where.at[first];
    s->fact->address = at->text;
    look_open(check, &s->task, expire);
    s->query = dns_direct_start(
        check->checker->base, &at->address, look_port(check->checker, s->where.name, DNS_PORT),
        name_of_record(check), DNS_TXT, look_deadline_ms(check), on_answer, s, NULL);
    if (!s->query)
        look_close(&s->task);
}

static void look_at_servers(struct check *check)
{
    struct check_facts *f = &check->facts;
    const struct dns_records *ns = &f->ns.answer.records;
    size_t count = ns->count < CHECK_NAMESERVERS_MAX ? ns->count : CHECK_NAMESERVERS_MAX;
    struct server_look *servers = arena_array(&check->arena, count, sizeof *servers);
    f->nameservers = arena_array(&check->arena, count, sizeof *f->nameservers);
    if (!servers || !f->nameservers)
        return;
    f->nameserver_count = count;
    for (size_t i = 0; i < count; i++) {
        servers[i].check = check;
        servers[i].fact = &f->nameservers[i];
        f->nameservers[i].name = ns->at[i].text;
        look_host(check, &servers[i].where, ns->at[i].text, DNS_PORT, on_addresses, &servers[i]);
    }
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
