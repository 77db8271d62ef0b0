#include "tlsrpt/txt.h"

#include "base/error.h"
#include "base/txt_record.h"
#include "tlsrpt/messages.h"
#include "tlsrpt/rua.h"

/* URIs that are kept; a record in DNS has hardly room for more. */
#define RPT_RUA_MAX 100

#define VERSION STR("v=TLSRPTv1")

struct parser {
    struct str record;
    uint64_t number; /* of the record, from 1 */
    struct findings *findings;
    struct rpt_rua *rua;
    size_t rua_count;
    size_t rua_fields;
    bool unusable; /* a URI was well-formed but of no use */
    bool rua_like; /* a field is called "rua" but for its case */
};

static uint64_t column_of(const struct parser *p, const char *at)
{
    return (uint64_t)(at - p->record.p) + 1;
}

static void add(struct parser *p, enum severity severity, struct msg m, const char *at)
{
    finding_add(p->findings, severity, m, p->number, column_of(p, at));
}

/* Says of a discarded record why it is none, when it looks as if it was meant to be one. */
static void explain_discarded(struct str record, uint64_t number, struct findings *findings)
{
    struct str bare = str_trim(record);
    struct msg m;
    while (bare.n && (bare.p[0] == '"' || bare.p[0] == '\''))
        bare = str_trim(str_skip(bare, 1));
    if (str_starts(record, VERSION) && txt_rtrim_wsp(record).n == VERSION.n)
        m = msg_tlsrpt_txt_only_version();
    else if (str_starts(record, VERSION))
        m = msg_tlsrpt_txt_no_delimiter(str_head(record, VERSION.n + 1));
    else if (str_istarts(record, VERSION))
        m = msg_tlsrpt_txt_version_case(str_head(record, VERSION.n));
    else if (str_istarts(bare, VERSION) && (record.p[0] == '"' || record.p[0] == '\''))
        m = msg_tlsrpt_txt_quotes();
    else if (str_istarts(bare, VERSION))
        m = msg_tlsrpt_txt_leading_blank();
    else if (str_istarts(bare, STR("v=tlsrpt")))
        m = msg_tlsrpt_txt_version_other(str_head(bare, 64));
    else if (str_istarts(bare, STR("v =")) || str_istarts(bare, STR("v= ")))
        m = msg_tlsrpt_txt_version_blank();
    else if (str_ifind(bare, STR("tlsrpt")) >= 0 || str_istarts(bare, STR("rua=")))
        m = msg_tlsrpt_txt_version_not_first();
    else
        m = msg_tlsrpt_txt_other(str_head(record, 64));
    finding_add(findings, SEVERITY_NOTE, m, number, 1);
}

/* tlsrpt-ext-name: (ALPHA / DIGIT) *31(ALPHA / DIGIT / "_" / "-" / ".") */
static bool check_name(struct parser *p, struct str name)
{
    size_t span = txt_field_name_span(name);
    if (name.n && span == name.n && span <= TXT_FIELD_NAME_MAX)
        return true;
    if (span && span < name.n && txt_rtrim_wsp(name).n == span)
        add(p, SEVERITY_ERROR, msg_tlsrpt_txt_blank_before_equals(str_head(name, span)),
            name.p + span);
    else if (name.n && span == name.n)
        add(p, SEVERITY_ERROR, msg_tlsrpt_txt_name_long(span, TXT_FIELD_NAME_MAX), name.p);
    else
        add(p, SEVERITY_ERROR, msg_tlsrpt_txt_name(str_head(name, 64)), name.p);
    return false;
}

/* tlsrpt-ext-value: 1*(%x21-3A / %x3C / %x3E-7E); ";" ends the field and is not seen here. */
static void check_extension(struct parser *p, struct str name, struct str value)
{
    if (value.n == 0) {
        add(p, SEVERITY_ERROR, msg_tlsrpt_txt_value_empty(name), value.p);
        return;
    }
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        if (c > 0x20 && c < 0x7f && c != '=')
            continue;
        add(p, SEVERITY_ERROR, msg_tlsrpt_txt_value(name, (struct str){value.p + i, 1}),
            value.p + i);
        return;
    }
    if (str_eq(name, STR("v")))
        add(p, SEVERITY_WARNING, msg_tlsrpt_txt_version_again(), name.p);
    else if (str_ieq(name, STR("rua"))) {
        p->rua_like = true;
        add(p, SEVERITY_WARNING, msg_tlsrpt_txt_rua_case(name), name.p);
    } else
        add(p, SEVERITY_NOTE, msg_tlsrpt_txt_unknown_field(name), name.p);
}

/* No more than this many stand in a record: something is before each but the first. */
static size_t most_uris(struct str record)
{
    size_t most = 1;
    for (size_t i = 0; i < record.n && most < RPT_RUA_MAX; i++)
        most += record.p[i] == ',' || record.p[i] == ';';
    return most;
}

static void take_uri(struct parser *p, struct str uri)
{
    struct rpt_rua rua;
    enum rpt_rua_fault fault =
        rpt_rua_parse(&rua, uri, p->findings, SEVERITY_WARNING, p->number, column_of(p, uri.p));
    p->unusable |= fault == RPT_RUA_UNUSABLE;
    if (fault != RPT_RUA_OK)
        return;
    for (size_t i = 0; i < p->rua_count; i++) {
        if (str_eq(p->rua[i].uri, uri)) {
            add(p, SEVERITY_WARNING, msg_rua_twice(uri), uri.p);
            return;
        }
    }
    if (p->rua_count == RPT_RUA_MAX) {
        add(p, SEVERITY_WARNING, msg_rua_too_many(RPT_RUA_MAX), uri.p);
        return;
    }
    if (!p->rua)
        p->rua = arena_array(p->findings->arena, most_uris(p->record), sizeof *p->rua);
    if (p->rua)
        p->rua[p->rua_count++] = rua;
}

/* tlsrpt-uri *(*WSP "," *WSP tlsrpt-uri) */
static void parse_rua(struct parser *p, struct str list)
{
    struct str uri, rest = list;
    p->rua_fields++;
    if (list.n && txt_is_wsp(list.p[0]))
        add(p, SEVERITY_ERROR, msg_tlsrpt_txt_blank_after_equals(), list.p);
    bool more = true;
    while (more) {
        more = str_cut(txt_skip_wsp(rest), ',', &uri, &rest);
        take_uri(p, txt_rtrim_wsp(uri));
    }
}

static void parse_field(struct parser *p, struct str field)
{
    struct str name, value;
    if (!str_cut(field, '=', &name, &value)) {
        add(p, SEVERITY_ERROR, msg_tlsrpt_txt_no_equals(str_head(field, 64)), field.p);
        return;
    }
    if (str_eq(name, STR("rua")))
        parse_rua(p, value);
    else if (check_name(p, name))
        check_extension(p, name, value);
}

/* 1*(field-delim tlsrpt-field) [field-delim] */
static void parse_fields(struct parser *p)
{
    struct txt_fields f;
    txt_fields_begin(&f, p->record, VERSION);
    while (txt_fields_next(&f)) {
        if (f.field.n == 0)
            add(p, SEVERITY_ERROR, msg_tlsrpt_txt_empty_field(), f.field.p);
        else
            parse_field(p, f.field);
        if (f.trailing_blank)
            add(p, SEVERITY_ERROR, msg_tlsrpt_txt_trailing_blank(), f.trailing_blank);
    }
}

/* What the record as a whole amounts to. */
static void check_whole(struct parser *p, unsigned errors_before)
{
    if (p->rua_fields > 1)
        finding_add(p->findings, SEVERITY_WARNING, msg_tlsrpt_txt_rua_fields(p->rua_fields),
                    p->number, 0);
    if (p->rua_count > 1)
        finding_add(p->findings, SEVERITY_NOTE, msg_rua_several(p->rua_count), p->number, 0);
    if (p->findings->errors != errors_before)
        return;
    if (p->rua_fields == 0)
        finding_add(p->findings, SEVERITY_ERROR, msg_tlsrpt_txt_no_rua(), p->number, 0);
    else if (p->rua_count == 0)
        finding_add(p->findings, SEVERITY_ERROR, msg_rua_none_usable(), p->number, 0);
    else if (p->unusable)
        finding_add(p->findings, SEVERITY_NOTE, msg_rua_some_usable(p->rua_count), p->number, 0);
}

/* The number, from 1, of the one record that is left, or 0 with a finding. */
static size_t choose(const struct str *records, size_t count, struct findings *findings)
{
    size_t chosen = 0, found = 0;
    for (size_t i = 0; i < count; i++) {
        if (!txt_record_is(records[i], VERSION)) {
            explain_discarded(records[i], i + 1, findings);
        } else {
            chosen = i + 1;
            found++;
        }
    }
    if (found == 1)
        return chosen;
    if (found > 1)
        finding_add(findings, SEVERITY_ERROR, msg_tlsrpt_txt_several(found), chosen, 0);
    else if (count == 0)
        finding_add(findings, SEVERITY_ERROR, msg_tlsrpt_txt_absent(), 0, 0);
    else
        finding_add(findings, SEVERITY_ERROR, msg_tlsrpt_txt_none(count), 0, 0);
    return 0;
}

int rpt_txt_parse(struct rpt_txt *txt, const struct str *records, size_t count,
                  struct findings *findings)
{
    unsigned errors_before = findings->errors;
    struct parser p = {.findings = findings, .number = choose(records, count, findings)};
    if (p.number) {
        p.record = arena_str(findings->arena, records[p.number - 1]);
        if (p.record.p)
            parse_fields(&p);
        check_whole(&p, errors_before);
    }
    if (findings->arena->failed)
        return -ERROR_TEMPORARY;
    if (findings->errors != errors_before)
        return -ERROR_PERMANENT;
    *txt = (struct rpt_txt){.rua_count = p.rua_count, .rua = p.rua};
    return 0;
}

void rpt_txt_print(const struct rpt_txt *txt, struct buf *out)
{
    buf_str(out, VERSION);
    buf_cstr(out, "; rua=");
    for (size_t i = 0; i < txt->rua_count; i++) {
        if (i)
            buf_byte(out, ',');
        buf_str(out, txt->rua[i].uri);
    }
}
