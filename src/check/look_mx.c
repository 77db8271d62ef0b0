#include "check/look.h"

#include "base/domain.h"

/* One MX host. */
struct mx_look {
    struct check *check;
    struct fact_mx *mx;
};

static void on_addresses(void *user)
{
    struct mx_look *m = user;
    struct check *check = m->check;
    struct fact_mx *mx = m->mx;
    const struct fact_host *where = &mx->where;
    mx->cname = where->a.answer.records.canonical.n ? where->a.answer.records.canonical
                                                    : where->aaaa.answer.records.canonical;
    mx->smtp = arena_array(&check->arena, where->count, sizeof *mx->smtp);
    for (size_t i = 0; mx->smtp && i < where->count; i++) {
        if (!where->at[i].allowed)
            continue;
        mx->smtp[i].no_source = !look_has_source(&where->at[i].address);
        if (!mx->smtp[i].no_source)
            look_smtp(check, mx->host, &where->at[i], &mx->smtp[i]);
    }
    look_tlsa(check, mx);
}

/* As a record has it: lower case where it is a name. */
static struct str host_of(struct check *check, struct str text)
{
    struct buf out CLEANUP(buf_done);
    buf_init(&out, DOMAIN_NAME_MAX);
    return arena_str(&check->arena, domain_to_ascii(text, &out) ? buf_view(&out) : text);
}

static void look_at(struct check *check, struct fact_mx *mx, struct str text, uint16_t preference)
{
    struct mx_look *m = arena_alloc(&check->arena, sizeof *m);
    if (!m)
        return;
    *m = (struct mx_look){check, mx};
    mx->host = host_of(check, text);
    mx->preference = preference;
    mx->is_address = domain_is_address(mx->host);
    mx->is_name = !mx->is_address && domain_check(mx->host) == DOMAIN_OK;
    if (mx->is_name || domain_check_dns(mx->host) == DOMAIN_OK)
        look_host(check, &mx->where, mx->host, SMTP_PORT, on_addresses, m);
}

static struct fact_mx *make_room(struct check *check, size_t count)
{
    struct check_facts *f = &check->facts;
    size_t kept = count < CHECK_MX_MAX ? count : CHECK_MX_MAX;
    f->mx = arena_array(&check->arena, kept, sizeof *f->mx);
    f->mx_count = f->mx ? kept : 0;
    f->mx_passed_over = count - kept;
    return f->mx;
}

static void on_records(void *user)
{
    struct check *check = user;
    struct check_facts *f = &check->facts;
    const struct dns_records *records = &f->mx_records.answer.records;
    if (f->mx_records.answer.status == DNS_NO_DATA) {
        f->mx_implicit = true;
        if (make_room(check, 1))
            look_at(check, &f->mx[0], f->domain, 0);
        return;
    }
    if (f->mx_records.answer.status != DNS_FOUND)
        return;
    f->null_mx = records->count == 1 && str_eq(records->at[0].text, STR("."));
    if (f->null_mx || !make_room(check, records->count))
        return;
    for (size_t i = 0; i < f->mx_count; i++)
        look_at(check, &f->mx[i], records->at[i].text, records->at[i].preference);
}

void look_mx_records(struct check *check)
{
    struct check_facts *f = &check->facts;
    const struct check_settings *s = &check->checker->settings;
    f->mx_given = s->mx_count > 0;
    if (!f->mx_given) {
        look_ask(check, &f->mx_records, f->domain, DNS_MX, on_records, check);
        return;
    }
    make_room(check, s->mx_count);
    for (size_t i = 0; i < f->mx_count; i++)
        look_at(check, &f->mx[i], s->mx[i], 0);
}
