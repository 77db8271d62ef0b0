#include "check/look.h"

#include "base/domain.h"

#define CANDIDATES_MAX 2

/* The TLSA base domains of one MX host, in the order in which they are tried (RFC 7672 2.2.3). */
struct tlsa_look {
    struct check *check;
    struct fact_mx *mx;
    struct fact_dns alias; /* the host's own CNAME record */
    struct str candidates[CANDIDATES_MAX];
    size_t count, at;
};

static void ask_next(struct tlsa_look *t);

static void on_answer(void *user)
{
    struct tlsa_look *t = user;
    const struct dns_answer *answer = &t->mx->tlsa.answer;
    if (answer->status == DNS_FOUND && answer->secure) {
        t->mx->tlsa_base = t->candidates[t->at];
        return;
    }
    /* A lookup that fails ends the search (RFC 7672 2.1.2): the next name would tell nothing. */
    if (answer->status == DNS_BOGUS || answer->status == DNS_FAILED)
        return;
    t->at++;
    ask_next(t);
}

static void ask_next(struct tlsa_look *t)
{
    if (t->at == t->count)
        return;
    struct str name = look_name(t->check, STR("_25._tcp."), t->candidates[t->at]);
    look_ask(t->check, &t->mx->tlsa, name, DNS_TLSA, on_answer, t);
}

/* The host is an alias, and what it leads to is not signed: its own records may count still (RFC
 * 7672 2.2.2). */
static void on_alias(void *user)
{
    struct tlsa_look *t = user;
    if (!look_found(&t->alias) || !t->alias.answer.secure)
        return;
    t->candidates[t->count++] = t->mx->host;
    ask_next(t);
}

/* Signed, with or without records of that type. */
static bool is_secure(const struct fact_dns *fact)
{
    return fact->answer.secure && fact->answer.status != DNS_BOGUS &&
           fact->answer.status != DNS_FAILED;
}

void look_tlsa(struct check *check, struct fact_mx *mx)
{
    const struct fact_host *where = &mx->where;
    struct tlsa_look *t = NULL;
    if (!look_found(&where->a) && !look_found(&where->aaaa))
        return;
    bool secure = (look_found(&where->a) && is_secure(&where->a)) ||
                  (look_found(&where->aaaa) && is_secure(&where->aaaa));
    if ((!secure && !mx->cname.n) || !(t = arena_alloc(&check->arena, sizeof *t)))
        return;
    *t = (struct tlsa_look){.check = check, .mx = mx};
    if (!secure) {
        look_ask(check, &t->alias, mx->host, DNS_CNAME, on_alias, t);
        return;
    }
    if (mx->cname.n)
        t->candidates[t->count++] = mx->cname;
    t->candidates[t->count++] = mx->host;
    ask_next(t);
}

static struct tls_tlsa *records_of(struct check *check, const struct dns_records *from,
                                   size_t *count)
{
    *count = from->count < TLS_TLSA_MAX ? from->count : TLS_TLSA_MAX;
    struct tls_tlsa *to = arena_array(&check->arena, *count, sizeof *to);
    for (size_t i = 0; to && i < *count; i++) {
        const struct dns_record *r = &from->at[i];
        to[i] = (struct tls_tlsa){r->usage, r->selector, r->matching, r->text};
    }
    return to;
}

static void look_at_mx(struct check *check, struct fact_mx *mx)
{
    const struct str names[] = {mx->host, mx->tlsa_base, check->facts.domain};
    size_t count = 0;
    struct tls_tlsa *records = records_of(check, &mx->tlsa.answer.records, &count);
    for (size_t i = 0; records && i < mx->where.count; i++) {
        struct fact_smtp *smtp = &mx->smtp[i];
        if (!smtp->session.tls.chain_count)
            continue;
        if (tls_verify_dane(&smtp->session.tls, records, count, names, ARRAY_LEN(names),
                            check->facts.now, &check->arena, &smtp->dane, NULL) < 0)
            check->arena.failed = true;
    }
}

void look_dane(struct check *check)
{
    struct check_facts *f = &check->facts;
    for (size_t i = 0; i < f->mx_count; i++) {
        if (f->mx[i].tlsa_base.n && f->mx[i].smtp)
            look_at_mx(check, &f->mx[i]);
    }
}
