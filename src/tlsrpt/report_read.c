#include "tlsrpt/report.h"

#include "base/timefmt.h"
#include "base/utf8.h"
#include "tlsrpt/messages.h"
#include "tlsrpt/read.h"

#define DAY 86400

/* The first and the last second that RFC 3339 can write. */
#define TIME_FIRST INT64_C(-62167219200)
#define TIME_LAST  INT64_C(253402300799)

enum { ORGANIZATION, DATE_RANGE, CONTACT, REPORT_ID, POLICIES };

static const struct rpt_member members[] = {
    {STR_INIT("organization-name"), ORGANIZATION, 1, false},
    {STR_INIT("date-range"), DATE_RANGE, 1, false},
    {STR_INIT("contact-info"), CONTACT, 1, false},
    {STR_INIT("report-id"), REPORT_ID, 1, false},
    {STR_INIT("policies"), POLICIES, 1, false},
};

enum { START, END };

static const struct rpt_member range_members[] = {
    {STR_INIT("start-datetime"), START, 1, false},
    {STR_INIT("end-datetime"), END, 1, false},
};

/* A time as seconds since 1970, which no RFC has but some programs write. */
static bool time_of_number(struct str s, int64_t *out)
{
    uint64_t value = 0;
    if (!str_to_u64(s, &value) || value > (uint64_t)TIME_LAST)
        return false;
    *out = (int64_t)value;
    return true;
}

static bool read_time(struct rpt_reading *rd, struct str name, int64_t *out)
{
    struct str s = {NULL, 0};
    bool number = json_number(&rd->json, &s);
    if (!number)
        rpt_string_read(rd, name, &s);
    if (number || ascii_is_digit(s.n ? s.p[s.n - 1] : 0)) {
        if (time_of_number(s, out)) {
            rpt_deviation(rd, SEVERITY_WARNING, msg_report_time_number(s));
            return true;
        }
    }
    int64_t value = 0;
    enum time_form form = time_parse(s, &value);
    if (form == TIME_INVALID || value < TIME_FIRST || value > TIME_LAST) {
        if (s.n)
            rpt_deviation(rd, SEVERITY_WARNING, msg_report_time_invalid(s));
        return false;
    }
    if (form == TIME_NO_ZONE)
        rpt_deviation(rd, SEVERITY_WARNING, msg_report_time_no_zone(s));
    else if (form != TIME_RFC3339)
        rpt_deviation(rd, SEVERITY_WARNING, msg_report_time_form(s));
    *out = value;
    return true;
}

static void check_range(struct rpt_reading *rd)
{
    const struct rpt_report *report = rd->report;
    int64_t length = report->end - report->begin;
    if (length < 0)
        rpt_deviation(rd, SEVERITY_WARNING, msg_report_range_reversed(report->begin, report->end));
    else if (length > DAY)
        rpt_deviation(rd, SEVERITY_WARNING, msg_report_range_long((uint64_t)length));
}

static void read_range(struct rpt_reading *rd, struct str name)
{
    if (!rpt_object_enter(rd, name))
        return;
    struct rpt_report *report = rd->report;
    struct rpt_members m = {.table = range_members, .count = ARRAY_LEN(range_members)};
    const struct rpt_member *row;
    bool has_begin = false, has_end = false;
    while ((row = rpt_member_next(rd, &m, 1))) {
        if (row->id == START)
            has_begin = read_time(rd, row->name, &report->begin);
        else
            has_end = read_time(rd, row->name, &report->end);
    }
    if (rd->json.error)
        return;
    rpt_members_missing(rd, &m, 1U << START | 1U << END);
    report->has_range = has_begin || has_end;
    if (has_begin && has_end)
        check_range(rd);
    else if (has_begin)
        report->end = report->begin > TIME_LAST - DAY ? TIME_LAST : report->begin + DAY - 1;
    else if (has_end)
        report->begin = report->end < TIME_FIRST + DAY ? TIME_FIRST : report->end - DAY + 1;
}

static void read_member(struct rpt_reading *rd, const struct rpt_member *row)
{
    switch (row->id) {
    case ORGANIZATION:
        rpt_string_read(rd, row->name, &rd->report->organization);
        break;
    case DATE_RANGE:
        read_range(rd, row->name);
        break;
    case CONTACT:
        rpt_string_read(rd, row->name, &rd->report->contact);
        break;
    case REPORT_ID:
        rpt_string_read(rd, row->name, &rd->report->report_id);
        break;
    default:
        rpt_policies_read(rd, row->name);
        break;
    }
}

/* Reads the object of the report; false when it has no member of one. */
static bool read_report(struct rpt_reading *rd)
{
    struct rpt_members m = {.table = members, .count = ARRAY_LEN(members)};
    const struct rpt_member *row;
    while ((row = rpt_member_next(rd, &m, 1)))
        read_member(rd, row);
    if (rd->json.error)
        return true;
    rpt_members_missing(rd, &m, (1U << ARRAY_LEN(members)) - 1);
    if ((m.seen >> POLICIES & 1) && rd->report->policy_count == 0)
        rpt_deviation_in(rd, SEVERITY_WARNING, msg_report_no_policies(), "policies");
    return m.seen != 0;
}

/* Reads a report that stands in an array: the first element is it. */
static bool read_from_array(struct rpt_reading *rd)
{
    bool found = false;
    uint64_t others = 0;
    rpt_deviation(rd, SEVERITY_WARNING, msg_report_in_array());
    if (!json_enter(&rd->json))
        return false;
    while (json_next_element(&rd->json)) {
        if (!found && json_peek(&rd->json) == JSON_OBJECT && json_enter(&rd->json)) {
            found = read_report(rd);
        } else {
            others++;
            json_skip(&rd->json, NULL);
        }
    }
    if (others)
        rpt_deviation(rd, SEVERITY_WARNING, msg_report_others_in_array(others));
    return found;
}

/* What a text is that is no JSON at all, where that can be told. */
static struct msg what_it_is(const struct json_reader *json)
{
    struct str text = str_trim(json->text);
    if (text.n == 0)
        return msg_report_empty();
    if (text.p[0] == '<') {
        struct str head = str_head(text, 4096);
        if (str_ifind(head, STR("<html")) >= 0 || str_istarts(text, STR("<!doctype html")))
            return msg_report_is_html();
        if (str_ifind(head, STR("<feedback")) >= 0)
            return msg_report_is_dmarc();
        return msg_report_is_xml();
    }
    if (json->error == JSON_ERROR_TRUNCATED)
        return msg_report_truncated(json->error_at);
    return json_error_msg(json);
}

/* Where byte `at` of a decoded text stood in the UTF-16 that it came from, of length n. */
static uint64_t offset_in_utf16(struct str text, size_t at, size_t n)
{
    uint64_t offset = 0;
    for (size_t i = 0; i < at && i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c < 0x80 || c >= 0xC0)
            offset += c >= 0xF0 ? 4 : 2;
    }
    return offset < n ? offset : n; /* an odd last byte was decoded as if it were two */
}

enum encoding { UTF8, UTF16_LE, UTF16_BE };

/* Tells the encoding by the byte order mark, which *text loses, or by where the zeros of the
 * first character stand (RFC 4627 section 3). */
static enum encoding take_encoding(struct str *text, size_t *mark)
{
    *mark = 0;
    if (str_starts(*text, STR("\xEF\xBB\xBF"))) {
        *mark = 3;
    } else if (str_starts(*text, STR("\xFF\xFE")) || str_starts(*text, STR("\xFE\xFF"))) {
        *mark = 2;
    }
    const char *p = text->p;
    enum encoding encoding = UTF8;
    if (*mark == 2)
        encoding = p[0] == '\xFF' ? UTF16_LE : UTF16_BE;
    else if (*mark == 0 && text->n >= 2 && p[0] != 0 && p[1] == 0)
        encoding = UTF16_LE;
    else if (*mark == 0 && text->n >= 2 && p[0] == 0 && p[1] != 0)
        encoding = UTF16_BE;
    *text = str_skip(*text, *mark);
    return encoding;
}

static struct str decode_utf16(struct arena *arena, struct str text, bool big_endian)
{
    struct buf decoded CLEANUP(buf_done);
    buf_init(&decoded, SIZE_MAX / 4);
    utf8_from_utf16(&decoded, text, big_endian);
    if (decoded.failed)
        arena->failed = true;
    return arena_str(arena, buf_view(&decoded));
}

/* Reads the text, now UTF-8; 0, or what is wrong with it as *err. */
static int read_text(struct rpt_reading *rd, struct error *err)
{
    struct json_reader *json = &rd->json;
    enum json_type type = json_peek(json);
    bool is_report = false;
    if (type == JSON_OBJECT && json_enter(json))
        is_report = read_report(rd);
    else if (type == JSON_ARRAY)
        is_report = read_from_array(rd);
    else
        json_skip(json, NULL);
    if (rd->arena->failed || json->error == JSON_ERROR_MEMORY)
        return error_set_memory(err);
    if (json->error)
        return error_set(err, ERROR_PERMANENT, what_it_is(json));
    if (!is_report)
        return error_set(err, ERROR_PERMANENT, msg_report_no_members());
    if (rd->over_limit) {
        uint64_t limit = rd->over_limit[0] == 'p' ? RPT_POLICIES_MAX : RPT_DETAILS_MAX;
        return error_set(err, ERROR_POLICY, msg_report_too_many(str_from(rd->over_limit), limit));
    }
    return 0;
}

/* What can only be said once all was read. */
static void finish(struct rpt_reading *rd)
{
    struct str rest = json_rest(&rd->json);
    if (rest.n)
        rpt_deviation(rd, SEVERITY_WARNING, msg_report_trailing(rest.n));
    if (rd->json.bad_utf8)
        rpt_deviation(rd, SEVERITY_WARNING, msg_report_bad_utf8());
    rpt_domain_choose(rd);
}

/* What is no JSON to the letter and can be read all the same. */
static void take_slip(void *user, enum json_slip slip)
{
    struct rpt_reading *rd = user;
    rpt_deviation(rd, SEVERITY_WARNING,
                  slip == JSON_SLIP_COMMA ? msg_report_trailing_comma()
                                          : msg_report_control_character());
}

int rpt_report_read(struct rpt_report *report, struct str text, const struct rpt_hints *hints,
                    struct arena *arena, uint64_t *offset, struct error *err)
{
    struct rpt_report read = {.policies = NULL};
    struct rpt_reading rd;
    rd.arena = arena;
    rd.report = &read;
    rd.hints = hints;
    rd.details = 0;
    rd.over_limit = NULL;
    size_t mark = 0;
    enum encoding encoding = take_encoding(&text, &mark);
    size_t encoded = text.n;
    if (encoding != UTF8)
        text = decode_utf16(arena, text, encoding == UTF16_BE);
    json_reader_init(&rd.json, text, arena);
    rd.json.tolerated = take_slip;
    rd.json.user = &rd;
    findings_init(&read.warnings, arena);
    if (encoding != UTF8)
        rpt_deviation(&rd, SEVERITY_WARNING, msg_report_utf16());
    else if (mark)
        rpt_deviation(&rd, SEVERITY_WARNING, msg_report_bom());
    int result = read_text(&rd, err);
    if (result == 0)
        finish(&rd);
    if (result == 0 && arena->failed)
        result = error_set_memory(err);
    if (result == 0) {
        *report = read;
    } else if (offset) {
        size_t at = rd.json.error ? rd.json.error_at : 0;
        *offset = mark + (encoding == UTF8 ? at : offset_in_utf16(text, at, encoded));
    }
    return result;
}
