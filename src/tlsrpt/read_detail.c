#include "tlsrpt/read.h"

#include "base/domain.h"
#include "tlsrpt/messages.h"

enum {
    RESULT_TYPE,
    SENDING_MTA_IP,
    RECEIVING_MX_HOSTNAME,
    RECEIVING_MX_HELO,
    RECEIVING_IP,
    FAILED_SESSION_COUNT,
    ADDITIONAL_INFORMATION,
    FAILURE_REASON_CODE,
};

/* RFC 8460 4.4; its figure calls one member additional-info-uri, its text additional-information.
 */
static const struct rpt_member members[] = {
    {STR_INIT("result-type"), RESULT_TYPE, 1, false},
    {STR_INIT("sending-mta-ip"), SENDING_MTA_IP, 1, false},
    {STR_INIT("receiving-mx-hostname"), RECEIVING_MX_HOSTNAME, 1, false},
    {STR_INIT("receiving-mx-helo"), RECEIVING_MX_HELO, 1, false},
    {STR_INIT("receiving-ip"), RECEIVING_IP, 1, false},
    {STR_INIT("failed-session-count"), FAILED_SESSION_COUNT, 1, false},
    {STR_INIT("additional-information"), ADDITIONAL_INFORMATION, 1, false},
    {STR_INIT("failure-reason-code"), FAILURE_REASON_CODE, 1, false},
    {STR_INIT("additional-info-uri"), ADDITIONAL_INFORMATION, 1, true},
    {STR_INIT("receiving-mx-host-name"), RECEIVING_MX_HOSTNAME, 1, true},
};

static void read_result(struct rpt_reading *rd, struct str name, struct rpt_detail *d)
{
    rpt_string_read(rd, name, &d->result_text);
    if (d->result_text.n == 0)
        return;
    d->result = rpt_result_parse(d->result_text);
    if (d->result == RPT_RESULT_UNKNOWN)
        rpt_deviation(rd, SEVERITY_WARNING, msg_report_result_unknown(d->result_text));
    else if (!str_eq(d->result_text, rpt_result_name(d->result)))
        rpt_deviation(rd, SEVERITY_WARNING,
                      msg_report_word_case(d->result_text, rpt_result_name(d->result)));
}

static void read_address(struct rpt_reading *rd, struct str name, struct str *out)
{
    rpt_string_read(rd, name, out);
    if (out->n && !domain_is_address(*out))
        rpt_deviation(rd, SEVERITY_WARNING, msg_report_address_invalid(name, *out));
}

static void read_member(struct rpt_reading *rd, const struct rpt_member *row, struct rpt_detail *d,
                        bool *counted)
{
    switch (row->id) {
    case RESULT_TYPE:
        read_result(rd, row->name, d);
        break;
    case SENDING_MTA_IP:
        read_address(rd, row->name, &d->sending_mta_ip);
        break;
    case RECEIVING_MX_HOSTNAME:
        rpt_string_read(rd, row->name, &d->receiving_mx_hostname);
        break;
    case RECEIVING_MX_HELO:
        rpt_string_read(rd, row->name, &d->receiving_mx_helo);
        break;
    case RECEIVING_IP:
        read_address(rd, row->name, &d->receiving_ip);
        break;
    case FAILED_SESSION_COUNT:
        *counted = rpt_count_read(rd, row->name, &d->failed_sessions);
        break;
    case ADDITIONAL_INFORMATION:
        rpt_string_read(rd, row->name, &d->additional_information);
        break;
    default:
        rpt_string_read(rd, row->name, &d->failure_reason_code);
        break;
    }
}

/* Whether a sender finds that out before it meets a mail server: then there is no sending address
 * to tell, and large reporters tell none. */
static bool is_before_session(enum rpt_result result)
{
    return result == RPT_STS_POLICY_FETCH_ERROR || result == RPT_STS_POLICY_INVALID ||
           result == RPT_STS_WEBPKI_INVALID;
}

static void read_detail(struct rpt_reading *rd, struct rpt_detail *d)
{
    struct rpt_members m = {.table = members, .count = ARRAY_LEN(members)};
    const struct rpt_member *row;
    bool counted = false;
    while ((row = rpt_member_next(rd, &m, 1)))
        read_member(rd, row, d, &counted);
    if (rd->json.error)
        return;
    rpt_members_missing(rd, &m, 1U << RESULT_TYPE);
    if (!(m.seen >> SENDING_MTA_IP & 1) && !is_before_session(d->result))
        rpt_deviation(rd, SEVERITY_NOTE, msg_report_member_missing(members[SENDING_MTA_IP].name));
    if (!counted) {
        /* A detail is there because a session failed. */
        d->failed_sessions = 1;
        rpt_deviation(rd, SEVERITY_WARNING, msg_report_detail_uncounted());
    }
}

static void append_detail(struct rpt_reading *rd, struct rpt_policy *policy)
{
    if (rd->details == RPT_DETAILS_MAX) {
        rd->over_limit = "failure-details";
        json_skip(&rd->json, NULL);
        return;
    }
    struct rpt_detail *at =
        rpt_array_grow(rd, policy->details, policy->detail_count, 2, sizeof *at);
    if (!at) {
        json_skip(&rd->json, NULL);
        return;
    }
    policy->details = at;
    at += policy->detail_count;
    *at = (struct rpt_detail){.result = RPT_RESULT_UNKNOWN};
    if (!rpt_object_enter(rd, STR("failure-details")))
        return;
    policy->detail_count++;
    rd->details++;
    read_detail(rd, at);
}

void rpt_details_read(struct rpt_reading *rd, struct str name, struct rpt_policy *policy)
{
    bool single = false;
    if (!rpt_array_enter(rd, name, &single))
        return;
    if (single)
        append_detail(rd, policy);
    else
        while (json_next_element(&rd->json))
            append_detail(rd, policy);
}
