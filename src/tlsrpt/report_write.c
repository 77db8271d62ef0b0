#include "tlsrpt/report.h"

#include "base/json_write.h"

static void put_str(struct json_writer *w, const char *key, struct str s)
{
    if (s.n == 0)
        return;
    json_key(w, key);
    json_put_str(w, s);
}

static void put_strings(struct json_writer *w, const char *key, const struct rpt_strings *list)
{
    if (list->count == 0)
        return;
    json_key(w, key);
    json_open(w, '[');
    for (size_t i = 0; i < list->count; i++)
        json_put_str(w, list->at[i]);
    json_close(w);
}

static void put_count(struct json_writer *w, const char *key, uint64_t count)
{
    json_key(w, key);
    json_put_u64(w, count);
}

static void put_policy(struct json_writer *w, const struct rpt_policy *p, struct str domain)
{
    json_key(w, "policy");
    json_open(w, '{');
    put_str(w, "policy-type",
            p->type == RPT_POLICY_UNKNOWN ? p->type_text : rpt_policy_type_name(p->type));
    put_strings(w, "policy-string", &p->policy_strings);
    put_str(w, "policy-domain", p->domain.n ? p->domain : domain);
    put_strings(w, "mx-host", &p->mx_hosts);
    json_close(w);
}

static void put_summary(struct json_writer *w, const struct rpt_policy *p)
{
    json_key(w, "summary");
    json_open(w, '{');
    put_count(w, "total-successful-session-count", p->successful);
    put_count(w, "total-failure-session-count", p->failed);
    json_close(w);
}

static void put_detail(struct json_writer *w, const struct rpt_detail *d)
{
    json_open(w, '{');
    put_str(w, "result-type",
            d->result == RPT_RESULT_UNKNOWN ? d->result_text : rpt_result_name(d->result));
    put_str(w, "sending-mta-ip", d->sending_mta_ip);
    put_str(w, "receiving-mx-hostname", d->receiving_mx_hostname);
    put_str(w, "receiving-mx-helo", d->receiving_mx_helo);
    put_str(w, "receiving-ip", d->receiving_ip);
    put_count(w, "failed-session-count", d->failed_sessions);
    put_str(w, "additional-information", d->additional_information);
    put_str(w, "failure-reason-code", d->failure_reason_code);
    json_close(w);
}

static void put_details(struct json_writer *w, const struct rpt_policy *p)
{
    if (p->detail_count == 0)
        return;
    json_key(w, "failure-details");
    json_open(w, '[');
    for (size_t i = 0; i < p->detail_count; i++)
        put_detail(w, &p->details[i]);
    json_close(w);
}

void rpt_report_write(const struct rpt_report *report, struct buf *out)
{
    struct json_writer w;
    json_writer_init(&w, out, false);
    json_open(&w, '{');
    put_str(&w, "organization-name", report->organization);
    if (report->has_range) {
        json_key(&w, "date-range");
        json_open(&w, '{');
        json_key(&w, "start-datetime");
        json_put_time(&w, report->begin);
        json_key(&w, "end-datetime");
        json_put_time(&w, report->end);
        json_close(&w);
    }
    put_str(&w, "contact-info", report->contact);
    put_str(&w, "report-id", report->report_id);
    json_key(&w, "policies");
    json_open(&w, '[');
    for (size_t i = 0; i < report->policy_count; i++) {
        json_open(&w, '{');
        put_policy(&w, &report->policies[i], report->domain);
        put_summary(&w, &report->policies[i]);
        put_details(&w, &report->policies[i]);
        json_close(&w);
    }
    json_close(&w);
    json_close(&w);
}
