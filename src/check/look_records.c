#include "check/look.h"
#include "net/caa.h"

/* A label below the domain that nobody made: what answers there is a wildcard. */
#define NOBODY_MADE "sealpost-check-nobody-made-this."

/* One name below the domain that often takes mail. */
struct subdomain_look {
    struct check *check;
    size_t index;
};

static void on_subdomain(void *user)
{
    struct subdomain_look *s = user;
    const struct fact_dns *mx = &s->check->facts.subdomain_mx[s->index];
    if (!look_found(mx))
        return;
    struct str name = look_name(s->check, STR("_mta-sts."), mx->name);
    look_ask(s->check, &s->check->facts.subdomain_sts[s->index], name, DNS_TXT, NULL, NULL);
}

static void look_at_subdomains(struct check *check)
{
    struct subdomain_look *looks = arena_array(&check->arena, CHECK_SUBDOMAINS, sizeof *looks);
    for (size_t i = 0; looks && i < CHECK_SUBDOMAINS; i++) {
        looks[i] = (struct subdomain_look){check, i};
        struct str prefix = look_name(check, check_subdomain_labels[i], STR("."));
        struct str name = look_name(check, prefix, check->facts.domain);
        look_ask(check, &check->facts.subdomain_mx[i], name, DNS_MX, on_subdomain, &looks[i]);
    }
}

/* RFC 8659 3: the record set nearest to the name counts, the root's excepted. */
static void on_caa(void *user)
{
    struct check *check = user;
    struct fact_dns *caa = &check->facts.caa;
    struct str parent = caa_parent(caa->name);
    if (caa->answer.status != DNS_NO_DATA && caa->answer.status != DNS_NO_NAME)
        return;
    if (parent.n)
        look_ask(check, caa, parent, DNS_CAA, on_caa, check);
}

static void on_sts_txt(void *user)
{
    struct check *check = user;
    if (check->checker->settings.thorough)
        look_nameservers(check);
}

static void on_rpt_txt(void *user)
{
    look_rua(user);
}

static void look_thoroughly(struct check *check)
{
    struct check_facts *f = &check->facts;
    struct str policy_host = look_name(check, STR("mta-sts."), f->domain);
    look_ask(check, &f->apex_txt, f->domain, DNS_TXT, NULL, NULL);
    look_ask(check, &f->wildcard_txt, look_name(check, STR(NOBODY_MADE), f->domain), DNS_TXT, NULL,
             NULL);
    look_ask(check, &f->caa, policy_host, DNS_CAA, on_caa, check);
    look_at_subdomains(check);
}

void look_records(struct check *check)
{
    struct check_facts *f = &check->facts;
    look_ask(check, &f->sts_txt, look_name(check, STR("_mta-sts."), f->domain), DNS_TXT, on_sts_txt,
             check);
    look_ask(check, &f->rpt_txt, look_name(check, STR("_smtp._tls."), f->domain), DNS_TXT,
             on_rpt_txt, check);
    if (check->checker->settings.thorough)
        look_thoroughly(check);
}
