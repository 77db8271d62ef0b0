#include "check/look.h"

#include "base/domain.h"

#define ANSWER_MAX ((size_t)4 * 1024)
/* What --probe-rua posts: a report that says nothing (RFC 8460 4.4 has all its fields optional for
 * a reader), so that nobody's statistics change. */
#define EMPTY_REPORT "{}"
#define REPORT_TYPE  "application/tlsrpt+json"

struct rua_look {
    struct check *check;
    struct fact_rua *rua;
    struct look_web_request request; /* https */
    struct fact_web post;
    struct fact_host host; /* mailto: that of the MX record `at` */
    size_t at;
};

static void on_post(void *user)
{
    struct rua_look *l = user;
    l->rua->post_status = l->post.fetched.status;
}

/* Nothing is posted where the certificate is not good: a person would mend that first. */
static void on_web(void *user)
{
    struct rua_look *l = user;
    const struct fact_web *web = &l->rua->web;
    ssize_t at = look_first_address(&l->rua->where);
    if (!l->check->checker->settings.probe_rua || !web->verified.trusted || at < 0)
        return;
    l->rua->probed = true;
    l->request.body = STR(EMPTY_REPORT);
    l->request.content_type = STR(REPORT_TYPE);
    l->request.used_ms = web->used_ms;
    look_web(l->check, &l->request, &l->rua->where.at[at], &l->post, on_post, l);
}

static void on_https_addresses(void *user)
{
    struct rua_look *l = user;
    const struct fact_host *where = &l->rua->where;
    ssize_t at = look_first_address(where);
    /* An endpoint that takes the reports of thousands of domains is not asked once for each. */
    if (!l->check->checker->settings.thorough)
        return;
    for (size_t i = 0; at < 0 && i < where->count; i++)
        l->rua->web.no_source |= where->at[i].allowed;
    if (at >= 0)
        look_web(l->check, &l->request, &where->at[at], &l->rua->web, on_web, l);
}

/* Parts of an https URI, which src/tlsrpt has found to be one. */
static struct str read_authority(struct str uri, uint16_t *port, struct str *path)
{
    struct str rest = str_skip(uri, STR("https://").n), digits = {NULL, 0};
    uint64_t number = 0;
    size_t n = 0;
    while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?' && rest.p[n] != '#')
        n++;
    *path = str_skip(rest, n);
    struct str host = str_head(rest, n);
    ssize_t colon = str_rchr(host, ':');
    if (colon >= 0 && str_rchr(host, ']') < colon) {
        digits = str_skip(host, (size_t)colon + 1);
        host = str_head(host, (size_t)colon);
    }
    *port = str_to_u64(digits, &number) && number <= UINT16_MAX ? (uint16_t)number : HTTPS_PORT;
    if (str_starts(host, STR("[")))
        host = str_head(str_skip(host, 1), host.n - 2);
    return host;
}

/* In lower case and A-labels; as it stands where it is no name. */
static struct str name_of(struct check *check, struct str text)
{
    struct buf out CLEANUP(buf_done);
    buf_init(&out, DOMAIN_NAME_MAX);
    return arena_str(&check->arena, domain_to_ascii(text, &out) ? buf_view(&out) : text);
}

static void look_at_https(struct rua_look *l)
{
    struct str path = {NULL, 0};
    uint16_t port = HTTPS_PORT;
    struct str host = read_authority(l->rua->rua.target, &port, &path);
    (void)str_cut(path, '#', &path, &(struct str){0});
    if (!str_starts(path, STR("/")))
        path = look_name(l->check, STR("/"), path);
    l->rua->domain = name_of(l->check, host);
    l->request = (struct look_web_request){
        .host = l->rua->domain, .url_port = port, .path = path, .body_max = ANSWER_MAX};
    if (domain_is_address(l->rua->domain)) {
        look_host_literal(l->check, &l->rua->where, l->rua->domain);
        on_https_addresses(l);
    } else {
        look_host(l->check, &l->rua->where, l->rua->domain, port, on_https_addresses, l);
    }
}

static void on_own_addresses(void *user)
{
    struct rua_look *l = user;
    if (l->check->checker->settings.probe_rua)
        look_rcpt(l->check, l->rua);
}

static bool fails(const struct fact_dns *dns)
{
    return dns->answer.status == DNS_FAILED || dns->answer.status == DNS_BOGUS;
}

/* One after the other: nearly always the first has an address. */
static void on_mail_host(void *user)
{
    struct rua_look *l = user;
    const struct dns_records *mx = &l->rua->mx.answer.records;
    struct fact_host *kept = &l->rua->mail;
    if (l->host.count || !kept->a.asked || !(fails(&kept->a) || fails(&kept->aaaa)))
        *kept = l->host;
    l->at++;
    if (kept->count || l->at == mx->count || l->at == CHECK_MX_MAX)
        return;
    l->host = (struct fact_host){0};
    look_host(l->check, &l->host, mx->at[l->at].text, SMTP_PORT, on_mail_host, l);
}

static void on_mx(void *user)
{
    struct rua_look *l = user;
    const struct fact_dns *mx = &l->rua->mx;
    if (look_found(mx))
        look_host(l->check, &l->host, mx->answer.records.at[0].text, SMTP_PORT, on_mail_host, l);
    if (l->rua->mx.answer.status == DNS_NO_DATA)
        look_host(l->check, &l->rua->where, l->rua->domain, SMTP_PORT, on_own_addresses, l);
    else if (look_found(&l->rua->mx) && l->check->checker->settings.probe_rua)
        look_rcpt(l->check, l->rua);
}

static void look_at_mailto(struct rua_look *l)
{
    struct str address = l->rua->rua.target;
    l->rua->domain = name_of(l->check, str_skip(address, (size_t)(str_rchr(address, '@') + 1)));
    if (domain_check(l->rua->domain) == DOMAIN_OK)
        look_ask(l->check, &l->rua->mx, l->rua->domain, DNS_MX, on_mx, l);
}

static bool read_record(struct check *check)
{
    struct check_facts *f = &check->facts;
    const struct dns_records *records = &f->rpt_txt.answer.records;
    struct findings findings;
    struct str *texts = arena_array(&check->arena, records->count, sizeof *texts);
    findings_init(&findings, &check->arena);
    if (!texts || !look_found(&f->rpt_txt))
        return false;
    for (size_t i = 0; i < records->count; i++)
        texts[i] = records->at[i].text;
    f->rpt_valid = rpt_txt_parse(&f->rpt, texts, records->count, &findings) == 0;
    return f->rpt_valid;
}

void look_rua(struct check *check)
{
    struct check_facts *f = &check->facts;
    if (!read_record(check))
        return;
    size_t count = f->rpt.rua_count < CHECK_RUA_MAX ? f->rpt.rua_count : CHECK_RUA_MAX;
    struct rua_look *looks = arena_array(&check->arena, count, sizeof *looks);
    f->rua = arena_array(&check->arena, count, sizeof *f->rua);
    for (size_t i = 0; looks && f->rua && i < count; i++) {
        struct fact_rua *rua = &f->rua[i];
        looks[i] = (struct rua_look){.check = check, .rua = rua};
        rua->rua = f->rpt.rua[i];
        f->rua_count = i + 1;
        if (rua->rua.scheme == RPT_RUA_HTTPS)
            look_at_https(&looks[i]);
        else
            look_at_mailto(&looks[i]);
    }
}
