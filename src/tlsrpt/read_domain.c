#include "tlsrpt/read.h"

#include "base/domain.h"
#include "tlsrpt/messages.h"

/* s as the name of a domain in A-label form, or empty when it is none. */
static struct str clean_domain(struct rpt_reading *rd, struct str s)
{
    struct str name = str_trim(s);
    if (str_ends(name, STR(".")))
        name.n--;
    if (name.n == 0 || domain_check(name) == DOMAIN_OK)
        return name;
    struct buf ascii CLEANUP(buf_done);
    buf_init(&ascii, DOMAIN_NAME_MAX);
    if (!domain_to_ascii(name, &ascii))
        return STR("");
    return arena_str(rd->arena, buf_view(&ascii));
}

/* "Report Domain: D Submitter: S Report-ID: <I>", RFC 8460 5.3. */
static struct str domain_of_subject(struct rpt_reading *rd, struct str subject)
{
    static const struct str label = STR_INIT("report domain:");
    ssize_t at = str_ifind(subject, label);
    if (at < 0)
        return STR("");
    struct str rest = str_trim(str_skip(subject, (size_t)at + label.n));
    size_t n = 0;
    while (n < rest.n && (unsigned char)rest.p[n] > ' ')
        n++;
    return clean_domain(rd, str_head(rest, n));
}

/* "sender!domain!begin!end[!unique].json[.gz]", RFC 8460 5.1, with or without folders before. */
static struct str domain_of_file(struct rpt_reading *rd, struct str name)
{
    struct str sender, domain, rest = str_skip(name, (size_t)(str_rchr(name, '/') + 1));
    if (!str_cut(rest, '!', &sender, &rest) || !str_cut(rest, '!', &domain, &rest))
        return STR("");
    return clean_domain(rd, domain);
}

/* "..._domain", "...+domain", the second also with "@reporter" behind. A report id is free text:
 * only what looks like a full name counts. */
static struct str domain_of_id(struct rpt_reading *rd, struct str id)
{
    struct str left, rest;
    ssize_t plus = str_rchr(id, '+'), line = str_rchr(id, '_');
    ssize_t at = plus > line ? plus : line;
    if (at < 0)
        return STR("");
    str_cut(str_skip(id, (size_t)at + 1), '@', &left, &rest);
    return str_chr(left, '.') > 0 ? clean_domain(rd, left) : STR("");
}

struct hint {
    struct str domain;
    struct msg msg;
};

/* The first of the hints that names a domain. */
static struct hint hint_of(struct rpt_reading *rd)
{
    static const struct rpt_hints none;
    const struct rpt_hints *hints = rd->hints ? rd->hints : &none;
    struct str domain = clean_domain(rd, hints->tls_report_domain);
    if (domain.n)
        return (struct hint){domain, msg_report_domain_from_header(domain)};
    domain = domain_of_subject(rd, hints->subject);
    if (domain.n)
        return (struct hint){domain, msg_report_domain_from_subject(domain)};
    domain = domain_of_file(rd, hints->file_name);
    if (domain.n)
        return (struct hint){domain, msg_report_domain_from_file(domain)};
    domain = domain_of_id(rd, rd->report->report_id);
    if (domain.n)
        return (struct hint){domain, msg_report_domain_from_id(domain)};
    return (struct hint){.domain = {NULL, 0}};
}

static struct str without_dot(struct str name)
{
    name = str_trim(name);
    if (str_ends(name, STR(".")))
        name.n--;
    return name;
}

/* The domain of the policies that name the mail domain itself, else empty; *tlsa gets that of the
 * first TLSA policy, and *tlsa_several whether others name another one. */
static struct str domain_of_policies(const struct rpt_report *report, struct str *tlsa,
                                     bool *tlsa_several)
{
    for (size_t i = 0; i < report->policy_count; i++) {
        const struct rpt_policy *p = &report->policies[i];
        if (p->domain.n == 0)
            continue;
        if (p->type != RPT_POLICY_TLSA)
            return without_dot(p->domain);
        if (tlsa->n == 0)
            *tlsa = without_dot(p->domain);
        else if (!domain_eq(*tlsa, p->domain))
            *tlsa_several = true;
    }
    return STR("");
}

void rpt_domain_choose(struct rpt_reading *rd)
{
    struct rpt_report *report = rd->report;
    struct str tlsa = {NULL, 0};
    bool several = false;
    report->domain = domain_of_policies(report, &tlsa, &several);
    if (report->domain.n)
        return;
    struct hint hint = hint_of(rd);
    /* A TLSA policy names an MX host: that is the domain only where nothing speaks against it. */
    if (tlsa.n && (hint.domain.n == 0 || (!several && !domain_is_below(tlsa, hint.domain)))) {
        report->domain = tlsa;
        return;
    }
    report->domain = hint.domain;
    if (tlsa.n)
        return;
    rpt_deviation(rd, SEVERITY_WARNING, hint.domain.n ? hint.msg : msg_report_domain_unknown());
}
