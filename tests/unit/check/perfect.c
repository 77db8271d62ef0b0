#include "perfect.h"

#define ARENA_MAX ((size_t)4 * 1024 * 1024)
#define TTL       3600
#define TLS_1_3   0x0304

static struct str text_of(struct perfect *p, const char *cstr)
{
    return arena_str(&p->arena, str_from(cstr));
}

void perfect_answer(struct perfect *p, struct fact_dns *dns, const char *const *texts, size_t count)
{
    bool secure = dns->answer.secure;
    struct str name = dns->name;
    struct dns_record *at = arena_array(&p->arena, count, sizeof *at);
    assert_non_null(at);
    for (size_t i = 0; i < count; i++)
        at[i].text = text_of(p, texts[i]);
    *dns = (struct fact_dns){
        .asked = true,
        .name = name,
        .answer = {.status = DNS_FOUND,
                   .secure = secure,
                   .records = {.at = at, .count = count, .ttl = TTL}},
    };
}

void perfect_no_answer(struct fact_dns *dns, enum dns_status status)
{
    bool secure = dns->answer.secure && status != DNS_BOGUS && status != DNS_FAILED;
    struct str name = dns->name;
    *dns = (struct fact_dns){
        .asked = true, .name = name, .answer = {.status = status, .secure = secure}};
}

/* Asked and secure; what the answer is comes next. */
static void ask(struct perfect *p, struct fact_dns *dns, const char *name)
{
    *dns = (struct fact_dns){.asked = true, .name = text_of(p, name), .answer = {.secure = true}};
}

static void find(struct perfect *p, struct fact_dns *dns, const char *name, const char *text)
{
    ask(p, dns, name);
    perfect_answer(p, dns, &text, 1);
}

static void miss(struct perfect *p, struct fact_dns *dns, const char *name, enum dns_status status)
{
    ask(p, dns, name);
    perfect_no_answer(dns, status);
}

static void make_address(struct fact_address *at, struct str text)
{
    assert_true(address_parse(text, &at->address));
    at->text = text;
    at->allowed = true;
}

static void make_host(struct perfect *p, struct fact_host *host, const char *name, const char *v4,
                      const char *v6)
{
    host->name = text_of(p, name);
    find(p, &host->a, name, v4);
    find(p, &host->aaaa, name, v6);
    host->at = arena_array(&p->arena, PERFECT_ADDRESSES, sizeof *host->at);
    assert_non_null(host->at);
    host->count = PERFECT_ADDRESSES;
    make_address(&host->at[0], host->a.answer.records.at[0].text);
    make_address(&host->at[1], host->aaaa.answer.records.at[0].text);
}

void perfect_chain(struct perfect *p, struct str name, int64_t from, int64_t until,
                   struct tls_peer *peer, struct tls_verified *verified)
{
    struct tls_certificate *certificates = arena_array(&p->arena, 2, sizeof *certificates);
    struct str *names = arena_array(&p->arena, 1, sizeof *names);
    struct str *chain = arena_array(&p->arena, 2, sizeof *chain);
    assert_non_null(certificates);
    assert_non_null(names);
    assert_non_null(chain);
    names[0] = name;
    certificates[0] = (struct tls_certificate){
        .subject = name,
        .issuer = STR("R3"),
        .issuer_organisation = STR("Let's Encrypt"),
        .common_name = name,
        .names = names,
        .name_count = 1,
        .not_before = from,
        .not_after = until,
    };
    certificates[1] = (struct tls_certificate){
        .subject = STR("R3"),
        .issuer = STR("ISRG Root X1"),
        .issuer_organisation = STR("Internet Security Research Group"),
        .common_name = STR("R3"),
        .not_before = NOW - 1000 * DAY,
        .not_after = NOW + 1000 * DAY,
    };
    chain[0] = STR("leaf");
    chain[1] = STR("issuer");
    *peer = (struct tls_peer){.version = TLS_1_3,
                              .cipher = STR("TLS_AES_256_GCM_SHA384"),
                              .chain = chain,
                              .chain_count = 2};
    *verified = (struct tls_verified){
        .trusted = true, .certificates = certificates, .certificate_count = 2};
}

static void make_smtp(struct perfect *p, struct fact_smtp *smtp, struct str host)
{
    static bool usable[] = {true, true};
    static bool matches[] = {true, false};
    *smtp = (struct fact_smtp){
        .tried = true,
        .session = {.at = SMTP_DONE,
                    .code = 221,
                    .reply = STR("2.0.0 Bye"),
                    .banner = STR("ESMTP"),
                    .esmtp = true,
                    .starttls_offered = true,
                    .elapsed_ms = 120},
        .dane = {.status = TLS_DANE_MATCH, .count = 2, .usable = usable, .matches = matches},
        .without_sni = {.tried = true},
    };
    perfect_chain(p, host, NOW - 30 * DAY, NOW + 60 * DAY, &smtp->session.tls, &smtp->verified);
    perfect_chain(p, host, NOW - 30 * DAY, NOW + 60 * DAY, &smtp->without_sni.tls,
                  &smtp->without_sni.verified);
}

static void make_tlsa(struct perfect *p, struct fact_mx *mx, const char *name)
{
    static const char *const digests[] = {"0123456789abcdef0123456789abcdef",
                                          "fedcba9876543210fedcba9876543210"};
    ask(p, &mx->tlsa, name);
    perfect_answer(p, &mx->tlsa, digests, ARRAY_LEN(digests));
    for (size_t i = 0; i < ARRAY_LEN(digests); i++) {
        struct dns_record *record = &mx->tlsa.answer.records.at[i];
        record->usage = 3;
        record->selector = 1;
        record->matching = 1;
    }
    mx->tlsa_base = mx->host;
}

static void make_mx(struct perfect *p, struct fact_mx *mx, uint16_t preference, const char *host,
                    const char *v4, const char *v6, const char *tlsa)
{
    *mx = (struct fact_mx){.host = text_of(p, host), .preference = preference, .is_name = true};
    make_host(p, &mx->where, host, v4, v6);
    mx->smtp = arena_array(&p->arena, PERFECT_ADDRESSES, sizeof *mx->smtp);
    assert_non_null(mx->smtp);
    for (size_t i = 0; i < PERFECT_ADDRESSES; i++)
        make_smtp(p, &mx->smtp[i], mx->host);
    make_tlsa(p, mx, tlsa);
}

static void make_nameservers(struct perfect *p)
{
    static const char *const names[] = {"ns1.example.net", "ns2.example.net"};
    static const char *const addresses[] = {"192.0.2.53", "198.51.100.53"};
    struct check_facts *f = &p->facts;
    ask(p, &f->ns, "example.org");
    perfect_answer(p, &f->ns, names, ARRAY_LEN(names));
    f->nameservers = arena_array(&p->arena, ARRAY_LEN(names), sizeof *f->nameservers);
    assert_non_null(f->nameservers);
    f->nameserver_count = ARRAY_LEN(names);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct str *txt = arena_array(&p->arena, 1, sizeof *txt);
        assert_non_null(txt);
        txt[0] = f->sts_txt.answer.records.at[0].text;
        f->nameservers[i] = (struct fact_nameserver){.name = text_of(p, names[i]),
                                                     .address = text_of(p, addresses[i]),
                                                     .answered = true,
                                                     .authoritative = true,
                                                     .txt = txt,
                                                     .txt_count = 1};
    }
}

static void make_domain(struct perfect *p)
{
    static const char *const hosts[] = {"mx1.example.org", "mx2.example.org"};
    struct check_facts *f = &p->facts;
    f->given = f->domain = STR("example.org");
    f->now = NOW;
    ask(p, &f->mx_records, "example.org");
    perfect_answer(p, &f->mx_records, hosts, ARRAY_LEN(hosts));
    f->mx_records.answer.records.at[0].preference = 10;
    f->mx_records.answer.records.at[1].preference = 20;
    f->mx = arena_array(&p->arena, PERFECT_MX, sizeof *f->mx);
    assert_non_null(f->mx);
    f->mx_count = PERFECT_MX;
    make_mx(p, &f->mx[0], 10, hosts[0], "192.0.2.25", "2001:db8::25", "_25._tcp.mx1.example.org");
    make_mx(p, &f->mx[1], 20, hosts[1], "198.51.100.25", "2001:db8:1::25",
            "_25._tcp.mx2.example.org");
}

static void make_records(struct perfect *p)
{
    static const char *const labels[] = {"mail", "lists", "news", "bounce"};
    struct check_facts *f = &p->facts;
    find(p, &f->sts_txt, "_mta-sts.example.org", "v=STSv1; id=20260101T000000Z;");
    find(p, &f->apex_txt, "example.org", "v=spf1 mx -all");
    miss(p, &f->wildcard_txt, "no-such-name.example.org", DNS_NO_NAME);
    make_nameservers(p);
    for (size_t i = 0; i < CHECK_SUBDOMAINS; i++) {
        struct buf name CLEANUP(buf_done);
        buf_init(&name, DOMAIN_NAME_MAX);
        buf_printf(&name, "%s.example.org", labels[i]);
        miss(p, &f->subdomain_mx[i], name.p, DNS_NO_NAME);
        buf_reset(&name);
        buf_printf(&name, "_mta-sts.%s.example.org", labels[i]);
        miss(p, &f->subdomain_sts[i], name.p, DNS_NO_NAME);
    }
}

static void make_web(struct perfect *p, struct fact_web *web, struct str host)
{
    *web = (struct fact_web){
        .tried = true,
        .fetched = {.at = HTTP_COMPLETE,
                    .status = 200,
                    .has_content_type = true,
                    .content_type = STR("text/plain"),
                    .body = STR(PERFECT_POLICY),
                    .content_length = sizeof PERFECT_POLICY - 1,
                    .connect_ms = 20,
                    .handshake_ms = 60,
                    .response_ms = 90,
                    .total_ms = 91},
    };
    perfect_chain(p, host, NOW - 30 * DAY, NOW + 60 * DAY, &web->fetched.tls, &web->verified);
}

static void make_policy_host(struct perfect *p)
{
    struct check_facts *f = &p->facts;
    make_host(p, &f->policy_host, "mta-sts.example.org", "192.0.2.80", "2001:db8::80");
    f->web = arena_array(&p->arena, PERFECT_ADDRESSES, sizeof *f->web);
    assert_non_null(f->web);
    for (size_t i = 0; i < PERFECT_ADDRESSES; i++)
        make_web(p, &f->web[i], f->policy_host.name);
    f->unknown_sni = (struct fact_handshake){
        .tried = true, .failure = NET_TLS, .detail = STR("tlsv1 unrecognized name")};
    find(p, &f->caa, "example.org", "letsencrypt.org");
    f->caa.answer.records.at[0].tag = STR("issue");
}

static void make_reporting(struct perfect *p)
{
    struct check_facts *f = &p->facts;
    find(p, &f->rpt_txt, "_smtp._tls.example.org", "v=TLSRPTv1; rua=mailto:tls@example.net");
    f->rpt.rua = arena_array(&p->arena, 1, sizeof *f->rpt.rua);
    assert_non_null(f->rpt.rua);
    f->rpt.rua_count = 1;
    f->rpt.rua[0] =
        (struct rpt_rua){RPT_RUA_MAILTO, STR("mailto:tls@example.net"), STR("tls@example.net")};
    f->rpt_valid = true;
    f->rua = arena_array(&p->arena, CHECK_RUA_MAX, sizeof *f->rua);
    assert_non_null(f->rua);
    f->rua_count = 1;
    f->rua[0] = (struct fact_rua){.rua = f->rpt.rua[0], .domain = STR("example.net")};
    find(p, &f->rua[0].mx, "example.net", "mx.example.net");
}

/* What steps 2 to 4 find out, for the tests of later ones. */
void perfect_set_policy(struct perfect *p, struct str text)
{
    struct findings findings;
    findings_init(&findings, &p->arena);
    p->j.policy_text = text;
    assert_int_equal(sts_policy_parse(&p->j.policy, text, &findings), 0);
}

void perfect_unprotect(struct perfect *p)
{
    p->j.policy_valid = false;
    for (size_t m = 0; m < p->facts.mx_count; m++)
        perfect_no_answer(&p->facts.mx[m].tlsa, DNS_NO_NAME);
}

static void make_judgement(struct perfect *p)
{
    check_results_init(&p->results, &p->arena);
    p->j = (struct judgement){.facts = &p->facts,
                              .results = &p->results,
                              .arena = &p->arena,
                              .sts_txt_usable = true,
                              .sts_id = STR("20260101T000000Z"),
                              .policy_served = true,
                              .policy_valid = true};
    perfect_set_policy(p, STR(PERFECT_POLICY));
    p->j.mx = arena_array(&p->arena, PERFECT_MX, sizeof *p->j.mx);
    assert_non_null(p->j.mx);
    for (size_t i = 0; i < PERFECT_MX; i++) {
        p->j.mx[i].host = p->facts.mx[i].host;
        p->j.mx[i].preference = p->facts.mx[i].preference;
    }
}

void perfect_init(struct perfect *p)
{
    *p = (struct perfect){0};
    arena_init(&p->arena, ARENA_MAX);
    make_domain(p);
    make_records(p);
    make_policy_host(p);
    make_reporting(p);
    make_judgement(p);
}

void perfect_done(struct perfect *p)
{
    arena_done(&p->arena);
}

void perfect_serve(struct perfect *p, struct str body)
{
    for (size_t i = 0; i < p->facts.policy_host.count; i++) {
        p->facts.web[i].fetched.body = body;
        p->facts.web[i].fetched.content_length = body.n;
    }
}

void perfect_keep_addresses(struct fact_host *host, size_t n)
{
    host->count = n;
    if (n < 2)
        perfect_no_answer(&host->aaaa, DNS_NO_DATA);
    if (n < 1)
        perfect_no_answer(&host->a, DNS_NO_DATA);
}

static void print_result(const struct check_result *r, const char *row)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, 4096);
    (void)msg_render(LANG_EN, MSG_TEXT, &r->msg, &text);
    print_message("# %s: %s %s: %.*s\n", row, check_grade_name(r->grade), r->msg.def->id,
                  STR_ARG(buf_view(&text)));
}

unsigned perfect_faults(const struct perfect *p, enum check_step step, const char *row)
{
    unsigned n = 0;
    for (const struct check_result *r = p->results.step[step].first; r; r = r->next) {
        if (r->grade <= CHECK_NOTE)
            continue;
        print_result(r, row);
        n++;
    }
    return n;
}

const struct check_result *perfect_find(const struct perfect *p, const struct msg_def *def)
{
    for (unsigned step = 0; step < CHECK_STEP_COUNT; step++) {
        for (const struct check_result *r = p->results.step[step].first; r; r = r->next) {
            if (r->msg.def == def)
                return r;
        }
    }
    return NULL;
}

void perfect_expect_only(const struct perfect *p, enum check_step step, const struct msg_def *def,
                         enum check_grade grade, const char *row)
{
    unsigned found = 0, others = 0;
    bool as_graded = true;
    for (const struct check_result *r = p->results.step[step].first; r; r = r->next) {
        if (r->msg.def == def) {
            found++;
            as_graded = as_graded && r->grade == grade;
        } else if (r->grade > CHECK_NOTE) {
            others++;
        }
    }
    if (found == 1 && as_graded && !others)
        return;
    print_error("%s: %s should stand there once as %s, and nothing else above a note\n", row,
                def->id, check_grade_name(grade));
    for (const struct check_result *r = p->results.step[step].first; r; r = r->next)
        print_result(r, row);
    fail();
}

void perfect_rows(const struct perfect_row *rows, size_t count, enum check_step step,
                  void (*judge)(struct judgement *j))
{
    for (size_t i = 0; i < count; i++) {
        struct perfect p;
        perfect_init(&p);
        rows[i].break_it(&p);
        judge(&p.j);
        perfect_expect_only(&p, step, rows[i].def, rows[i].grade, rows[i].name);
        perfect_done(&p);
    }
}
