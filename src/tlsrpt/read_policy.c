#include "tlsrpt/read.h"

#include "tlsrpt/messages.h"

/* Rows among which a repeated policy is looked for; a bound on the work, not on the report. */
#define REPEATED_WITHIN 16

/* The objects that a row of "policies" is made of. */
enum { IN_ROW = 1, IN_POLICY = 2, IN_SUMMARY = 4 };

enum {
    POLICY,
    SUMMARY,
    FAILURE_DETAILS,
    POLICY_TYPE,
    POLICY_STRING,
    POLICY_DOMAIN,
    MX_HOST,
    SUCCESSFUL,
    FAILED,
};

/* One table for the three objects: a member in the wrong one of them is understood all the same. */
static const struct rpt_member members[] = {
    {STR_INIT("policy"), POLICY, IN_ROW, false},
    {STR_INIT("policy-type"), POLICY_TYPE, IN_POLICY, false},
    {STR_INIT("policy-string"), POLICY_STRING, IN_POLICY, false},
    {STR_INIT("policy-domain"), POLICY_DOMAIN, IN_POLICY, false},
    {STR_INIT("mx-host"), MX_HOST, IN_POLICY, false},
    {STR_INIT("summary"), SUMMARY, IN_ROW, false},
    {STR_INIT("total-successful-session-count"), SUCCESSFUL, IN_SUMMARY, false},
    {STR_INIT("total-failure-session-count"), FAILED, IN_SUMMARY, false},
    {STR_INIT("failure-details"), FAILURE_DETAILS, IN_ROW, false},
    {STR_INIT("mx-host-pattern"), MX_HOST, IN_POLICY, true},
};

struct row {
    struct rpt_policy *policy;
    struct rpt_members members;
    bool has_failed; /* the summary says how many sessions failed */
};

static void read_type(struct rpt_reading *rd, struct str name, struct rpt_policy *p)
{
    rpt_string_read(rd, name, &p->type_text);
    if (p->type_text.n == 0)
        return;
    for (enum rpt_policy_type type = RPT_POLICY_TLSA; type <= RPT_POLICY_NONE_FOUND; type++) {
        struct str word = rpt_policy_type_name(type);
        if (!str_ieq(word, p->type_text))
            continue;
        p->type = type;
        if (!str_eq(word, p->type_text))
            rpt_deviation(rd, SEVERITY_WARNING, msg_report_word_case(p->type_text, word));
        return;
    }
    rpt_deviation(rd, SEVERITY_WARNING, msg_report_policy_type_unknown(p->type_text));
}

/* Goes through the strings of a JSON array that stands in a string, in two turns: first to see
 * that it is one, whole, then to take its elements. */
static bool unpack(struct rpt_reading *rd, struct str text, struct rpt_strings *list,
                   rpt_add_string *add)
{
    struct json_reader packed;
    struct str s;
    json_reader_init(&packed, text, rd->arena);
    if (!json_enter(&packed))
        return false;
    while (json_next_element(&packed)) {
        if (!json_string(&packed, &s))
            return false;
        if (add)
            add(rd, list, s);
    }
    return !packed.error && json_rest(&packed).n == 0;
}

/* Appends one string of a policy: a line of it, or a TLSA record. */
static void add_policy_string(struct rpt_reading *rd, struct rpt_strings *list, struct str s)
{
    struct str head;
    if (s.n && s.p[0] == '[' && unpack(rd, s, list, NULL)) {
        rpt_deviation(rd, SEVERITY_WARNING, msg_report_string_packed());
        unpack(rd, s, list, add_policy_string);
        return;
    }
    if (str_chr(s, '\n') >= 0) {
        rpt_deviation(rd, SEVERITY_WARNING, msg_report_lines_joined());
        while (str_cut(s, '\n', &head, &s))
            add_policy_string(rd, list, head);
        if (s.n == 0)
            return;
    }
    if (s.n && s.p[s.n - 1] == '\r') {
        rpt_deviation(rd, SEVERITY_NOTE, msg_report_line_end());
        while (s.n && s.p[s.n - 1] == '\r')
            s.n--;
    }
    rpt_strings_append(rd, list, s);
}

/* RFC 8460 section 4 speaks of TLSA records "separated by a semicolon", 4.4 of an array. */
static void split_tlsa(struct rpt_reading *rd, struct rpt_policy *p)
{
    bool found = true;
    while (found && !rd->arena->failed) {
        found = false;
        for (size_t i = 0; i < p->policy_strings.count && !found; i++)
            found = str_chr(p->policy_strings.at[i], ';') >= 0;
        if (!found)
            return;
        rpt_deviation_in(rd, SEVERITY_NOTE, msg_report_tlsa_joined(), "policy.policy-string");
        struct rpt_strings old = p->policy_strings;
        p->policy_strings = (struct rpt_strings){0};
        for (size_t i = 0; i < old.count; i++) {
            struct str head, rest = old.at[i];
            bool more = true;
            while (more) {
                more = str_cut(rest, ';', &head, &rest);
                head = str_trim(head);
                if (head.n)
                    add_policy_string(rd, &p->policy_strings, head);
            }
        }
    }
}

static void add_mx_host(struct rpt_reading *rd, struct rpt_strings *list, struct str s)
{
    struct str host = str_trim(s);
    bool prefix = false;
    while (str_istarts(host, STR("mx:"))) {
        host = str_trim(str_skip(host, 3));
        prefix = true;
    }
    if (prefix)
        rpt_deviation(rd, SEVERITY_WARNING, msg_report_mx_prefix(s));
    if (host.n)
        rpt_strings_append(rd, list, host);
    else
        rpt_deviation(rd, SEVERITY_NOTE, msg_report_member_empty(STR("mx-host")));
}

static void read_object(struct rpt_reading *rd, struct row *row, uint8_t place);

static void read_member(struct rpt_reading *rd, const struct rpt_member *m, struct row *row)
{
    struct rpt_policy *p = row->policy;
    switch (m->id) {
    case POLICY:
    case SUMMARY:
        if (rpt_object_enter(rd, m->name))
            read_object(rd, row, m->id == POLICY ? IN_POLICY : IN_SUMMARY);
        break;
    case FAILURE_DETAILS:
        rpt_details_read(rd, m->name, p);
        break;
    case POLICY_TYPE:
        read_type(rd, m->name, p);
        break;
    case POLICY_STRING:
        rpt_strings_read(rd, m->name, &p->policy_strings, add_policy_string);
        break;
    case POLICY_DOMAIN:
        rpt_string_read(rd, m->name, &p->domain);
        break;
    case MX_HOST:
        rpt_strings_read(rd, m->name, &p->mx_hosts, add_mx_host);
        break;
    case SUCCESSFUL:
        rpt_count_read(rd, m->name, &p->successful);
        break;
    default:
        row->has_failed = rpt_count_read(rd, m->name, &p->failed);
        break;
    }
}

/* Depth is bounded by JSON_DEPTH_MAX, and by "policy" and "summary" counting once each. */
static void read_object(struct rpt_reading *rd, struct row *row, uint8_t place)
{
    const struct rpt_member *m;
    while ((m = rpt_member_next(rd, &row->members, place)))
        read_member(rd, m, row);
}

/* The failures of the summary against those of the details. */
static void check_sums(struct rpt_reading *rd, struct row *row)
{
    struct rpt_policy *p = row->policy;
    uint64_t sum = 0;
    for (size_t i = 0; i < p->detail_count; i++)
        sum = rpt_add(sum, p->details[i].failed_sessions);
    if (!row->has_failed) {
        p->failed = sum;
        rpt_deviation(rd, SEVERITY_WARNING, msg_report_failures_uncounted(sum));
    } else if (p->detail_count == 0 && p->failed) {
        rpt_deviation(rd, SEVERITY_WARNING, msg_report_details_missing(p->failed));
    } else if (sum != p->failed) {
        rpt_deviation(rd, SEVERITY_WARNING, msg_report_sums_disagree(sum, p->failed));
    }
}

static bool failed_before_policy(const struct rpt_policy *p)
{
    for (size_t i = 0; i < p->detail_count; i++) {
        if (p->details[i].result == RPT_STS_POLICY_FETCH_ERROR ||
            p->details[i].result == RPT_STS_WEBPKI_INVALID)
            return true;
    }
    return false;
}

static void check_row(struct rpt_reading *rd, struct row *row)
{
    struct rpt_policy *p = row->policy;
    const struct rpt_members *m = &row->members;
    rpt_members_missing(rd, m,
                        1U << POLICY_TYPE | 1U << POLICY_DOMAIN | 1U << SUMMARY | 1U << SUCCESSFUL);
    check_sums(rd, row);
    if (p->type == RPT_POLICY_TLSA)
        split_tlsa(rd, p);
    if (p->type != RPT_POLICY_STS || failed_before_policy(p))
        return;
    if (!(m->seen >> POLICY_STRING & 1))
        rpt_deviation_in(rd, SEVERITY_NOTE, msg_report_member_missing(STR("policy-string")),
                         "policy");
    if (!(m->seen >> MX_HOST & 1))
        rpt_deviation_in(rd, SEVERITY_NOTE, msg_report_member_missing(STR("mx-host")), "policy");
}

static bool strings_eq(const struct rpt_strings *a, const struct rpt_strings *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (!str_eq(a->at[i], b->at[i]))
            return false;
    }
    return true;
}

/* Whether the last row has the policy of one of those shortly before it. */
static bool is_repeated(const struct rpt_report *report)
{
    size_t last = report->policy_count - 1;
    const struct rpt_policy *p = &report->policies[last];
    for (size_t i = last; i > 0 && last - i < REPEATED_WITHIN; i--) {
        const struct rpt_policy *q = &report->policies[i - 1];
        if (p->type == q->type && str_eq(p->domain, q->domain) &&
            strings_eq(&p->policy_strings, &q->policy_strings) &&
            strings_eq(&p->mx_hosts, &q->mx_hosts))
            return true;
    }
    return false;
}

static void append_policy(struct rpt_reading *rd)
{
    struct rpt_report *report = rd->report;
    if (report->policy_count == RPT_POLICIES_MAX) {
        rd->over_limit = "policies";
        json_skip(&rd->json, NULL);
        return;
    }
    struct rpt_policy *at =
        rpt_array_grow(rd, report->policies, report->policy_count, 2, sizeof *at);
    if (!at) {
        json_skip(&rd->json, NULL);
        return;
    }
    report->policies = at;
    at += report->policy_count;
    *at = (struct rpt_policy){.type = RPT_POLICY_UNKNOWN};
    if (!rpt_object_enter(rd, STR("policies")))
        return;
    report->policy_count++;
    struct row row = {.policy = at, .members = {.table = members, .count = ARRAY_LEN(members)}};
    read_object(rd, &row, IN_ROW);
    if (rd->json.error)
        return;
    check_row(rd, &row);
    if (is_repeated(report))
        rpt_deviation(rd, SEVERITY_NOTE, msg_report_policy_repeated());
}

void rpt_policies_read(struct rpt_reading *rd, struct str name)
{
    bool single = false;
    if (!rpt_array_enter(rd, name, &single))
        return;
    if (single)
        append_policy(rd);
    else
        while (json_next_element(&rd->json))
            append_policy(rd);
}
