/* Step 3: CAA records of the policy host (RFC 8659). */
#include "check/judge_policy_host.h"
#include "check/judge_text.h"
#include "check/messages.h"
#include "net/caa.h"

#define DOMAINS_MAX 4

/* What an authority calls itself in its certificates, and which names in CAA records mean it; the
 * first is the one to write. From the authorities' own statements (CP/CPS section 4.2.1). */
static const struct authority {
    struct str organisation; /* how it begins */
    struct str domains[DOMAINS_MAX];
} authorities[] = {
    {STR_INIT("Let's Encrypt"), {STR_INIT("letsencrypt.org")}},
    {STR_INIT("Google Trust Services"), {STR_INIT("pki.goog")}},
    {STR_INIT("DigiCert"), {STR_INIT("digicert.com"), STR_INIT("www.digicert.com")}},
    {STR_INIT("Sectigo"),
     {STR_INIT("sectigo.com"), STR_INIT("comodoca.com"), STR_INIT("usertrust.com"),
      STR_INIT("comodo.com")}},
    {STR_INIT("ZeroSSL"), {STR_INIT("sectigo.com"), STR_INIT("zerossl.com")}},
    {STR_INIT("GlobalSign"), {STR_INIT("globalsign.com")}},
    {STR_INIT("Amazon"),
     {STR_INIT("amazon.com"), STR_INIT("amazontrust.com"), STR_INIT("awstrust.com"),
      STR_INIT("amazonaws.com")}},
    {STR_INIT("GoDaddy"), {STR_INIT("godaddy.com"), STR_INIT("starfieldtech.com")}},
    {STR_INIT("Starfield"), {STR_INIT("starfieldtech.com"), STR_INIT("godaddy.com")}},
    {STR_INIT("Entrust"), {STR_INIT("entrust.net"), STR_INIT("affirmtrust.com")}},
    {STR_INIT("Buypass"), {STR_INIT("buypass.com"), STR_INIT("buypass.no")}},
    {STR_INIT("SSL Corp"), {STR_INIT("ssl.com")}},
    {STR_INIT("Actalis"), {STR_INIT("actalis.it")}},
    {STR_INIT("Asseco Data Systems"), {STR_INIT("certum.pl"), STR_INIT("certum.eu")}},
    {STR_INIT("Unizeto"), {STR_INIT("certum.pl"), STR_INIT("certum.eu")}},
    {STR_INIT("Hellenic Academic"), {STR_INIT("harica.gr")}},
    {STR_INIT("SwissSign"), {STR_INIT("swisssign.com")}},
    {STR_INIT("QuoVadis"), {STR_INIT("quovadisglobal.com")}},
    {STR_INIT("IdenTrust"), {STR_INIT("identrust.com")}},
    {STR_INIT("D-Trust"), {STR_INIT("d-trust.net")}},
    {STR_INIT("Microsoft"), {STR_INIT("microsoft.com")}},
    {STR_INIT("Certainly"), {STR_INIT("certainly.com")}},
    {STR_INIT("TrustAsia"), {STR_INIT("trustasia.com")}},
};

static const struct authority *find_authority(struct str organisation)
{
    for (size_t i = 0; i < ARRAY_LEN(authorities); i++) {
        if (str_istarts(organisation, authorities[i].organisation))
            return &authorities[i];
    }
    return NULL;
}

static bool means(const struct authority *authority, struct str domain)
{
    for (size_t i = 0; i < DOMAINS_MAX && authority->domains[i].n; i++) {
        if (domain_eq(authority->domains[i], domain))
            return true;
    }
    return false;
}

/* The leaf that is in use and good, at whichever address. */
static const struct tls_certificate *leaf_in_use(const struct check_facts *f)
{
    for (size_t i = 0; i < judge_web_count(f); i++) {
        const struct tls_verified *v = &f->web[i].verified;
        if (f->web[i].tried && judge_web_has_chain(&f->web[i]) && v->chain == TLS_CHAIN_OK &&
            v->certificate_count)
            return &v->certificates[0];
    }
    return NULL;
}

/* Whether the certificate has the host by a wildcard alone. */
static bool is_wildcard(const struct tls_certificate *leaf, struct str host)
{
    for (size_t i = 0; i < leaf->name_count; i++) {
        if (domain_eq(leaf->names[i], host))
            return false;
    }
    return true;
}

static void judge_critical(struct judgement *j)
{
    const struct fact_dns *caa = &j->facts->caa;
    const struct dns_record *record = caa_unknown_critical(&caa->answer.records);
    if (record)
        judge_web_add_rule(j, msg_check_host_caa_critical(caa->name, record->tag), STR(""));
}

struct permitted {
    struct str list;
    bool any;    /* somebody may issue */
    bool issuer; /* the present authority may */
};

static struct permitted read_permitted(struct judgement *j, struct str tag,
                                       const struct authority *authority)
{
    const struct dns_records *records = &j->facts->caa.answer.records;
    struct permitted p = {.list = STR("")};
    struct buf list CLEANUP(buf_done);
    buf_init(&list, JUDGE_LIST_MAX);
    for (size_t i = 0; i < records->count; i++) {
        if (!str_ieq(records->at[i].tag, tag))
            continue;
        struct caa_value value;
        if (!caa_value_read(records->at[i].text, &value)) {
            judge_list_add(&list, records->at[i].text);
            continue;
        }
        judge_list_add(&list, value.issuer.n ? value.issuer : STR(";"));
        p.any = p.any || value.issuer.n;
        p.issuer = p.issuer || (authority && value.issuer.n && means(authority, value.issuer));
    }
    p.list = judge_list_text(j, &list);
    return p;
}

static void judge_issuer(struct judgement *j, const struct tls_certificate *leaf)
{
    const struct fact_dns *caa = &j->facts->caa;
    struct str organisation =
        leaf->issuer_organisation.n ? leaf->issuer_organisation : leaf->issuer;
    const struct authority *authority = find_authority(organisation);
    struct str tag =
        caa_governing_tag(&caa->answer.records, is_wildcard(leaf, j->facts->policy_host.name));
    if (!caa_has_tag(&caa->answer.records, tag))
        return;
    struct permitted p = read_permitted(j, tag, authority);
    struct str domain = authority ? authority->domains[0] : organisation;
    if (p.issuer)
        judge_web_add_rule(j, msg_check_host_caa_permits(caa->name, organisation), STR(""));
    else if (authority || !p.any)
        judge_web_add_rule(
            j, msg_check_host_caa_forbids(caa->name, organisation, domain, p.list, tag), STR(""));
    else
        judge_web_add_rule(j, msg_check_host_caa_unknown(caa->name, organisation, p.list), STR(""));
}

void judge_web_caa(struct judgement *j)
{
    const struct check_facts *f = j->facts;
    const struct tls_certificate *leaf = leaf_in_use(f);
    if (judge_dns_fails(&f->caa) && !judge_fails_with_domain(f, &f->caa))
        judge_web_add_rule(j, msg_check_host_caa_failed(f->caa.name), STR(""));
    if (!judge_found(&f->caa))
        return;
    judge_critical(j);
    if (leaf)
        judge_issuer(j, leaf);
}
