#include "mtasts/txt.h"

#include "base/error.h"
#include "mtasts/messages.h"
#include "mtasts/parse.h"
#include "mtasts/txt_parse.h"

#define VERSION STR("v=STSv1")

struct parser {
    struct str record;
    uint64_t number; /* of the record, from 1 */
    struct findings *findings;
    bool id_seen;
    struct str id;
    struct str id_like; /* a field whose name is "id" but for its case */
    uint64_t id_like_column;
};

bool sts_id_ok(struct str id)
{
    if (id.n == 0 || id.n > STS_ID_MAX)
        return false;
    for (size_t i = 0; i < id.n; i++) {
        if (!ascii_is_alnum(id.p[i]))
            return false;
    }
    return true;
}

void sts_txt_print(const struct sts_txt *txt, struct buf *out)
{
    buf_cstr(out, "v=STSv1; id=");
    buf_str(out, txt->id);
    buf_byte(out, ';');
}

static void add(struct parser *p, enum severity severity, struct msg m, const char *at)
{
    finding_add(p->findings, severity, m, p->number, (uint64_t)(at - p->record.p) + 1);
}

/* sts-id: 1*32(ALPHA / DIGIT). */
static void take_id(struct parser *p, struct str value)
{
    size_t n = 0;
    while (n < value.n && ascii_is_alnum(value.p[n]))
        n++;
    if (n < value.n)
        add(p, SEVERITY_ERROR, msg_sts_txt_id_character(value, (struct str){value.p + n, 1}),
            value.p + n);
    else if (n > STS_ID_MAX)
        add(p, SEVERITY_ERROR, msg_sts_txt_id_long(n, STS_ID_MAX), value.p);
    else
        p->id = value;
}

/* sts-ext-value: 1*(%x21-3A / %x3C / %x3E-7E); ";" ends the field and is not seen here. */
static bool check_value(struct parser *p, struct str name, struct str value)
{
    if (value.n == 0) {
        if (str_eq(name, STR("id")) && !p->id_seen)
            add(p, SEVERITY_ERROR, msg_sts_txt_id_empty(), value.p);
        else
            add(p, SEVERITY_ERROR, msg_sts_txt_value_empty(name), value.p);
        return false;
    }
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        if (c > 0x20 && c < 0x7f && c != '=')
            continue;
        if (c == '=')
            add(p, SEVERITY_ERROR, msg_sts_txt_value_equals(name), value.p + i);
        else if (txt_is_wsp((char)c))
            add(p, SEVERITY_ERROR, msg_sts_txt_value_blank(name), value.p + i);
        else
            add(p, SEVERITY_ERROR, msg_sts_txt_value_character(name, (struct str){value.p + i, 1}),
                value.p + i);
        return false;
    }
    return true;
}

static bool check_name(struct parser *p, struct str name)
{
    size_t span = txt_field_name_span(name);
    if (name.n == 0)
        add(p, SEVERITY_ERROR, msg_sts_txt_name_empty(), name.p);
    else if (span < name.n && txt_rtrim_wsp(name).n == span)
        add(p, SEVERITY_ERROR, msg_sts_txt_blank_before_equals(str_head(name, span)),
            name.p + span);
    else if (span < name.n)
        add(p, SEVERITY_ERROR, msg_sts_txt_name_character(name), name.p + span);
    else if (span > TXT_FIELD_NAME_MAX)
        add(p, SEVERITY_ERROR, msg_sts_txt_name_long(span, TXT_FIELD_NAME_MAX), name.p);
    return name.n > 0 && span == name.n && span <= TXT_FIELD_NAME_MAX;
}

static void take_extension(struct parser *p, struct str name)
{
    if (str_eq(name, STR("v")))
        add(p, SEVERITY_WARNING, msg_sts_txt_version_again(), name.p);
    else if (!str_ieq(name, STR("id")))
        add(p, SEVERITY_NOTE, msg_sts_txt_unknown_field(name), name.p);
    else if (!p->id_like.n) {
        p->id_like = name;
        p->id_like_column = (uint64_t)(name.p - p->record.p) + 1;
    }
}

/* sts-field, without the blanks around it. Of several ids the first holds (RFC 8461 3.2), and the
 * later ones need only the form of a field. */
static void parse_field(struct parser *p, struct str field)
{
    struct str name, value;
    bool equals = str_cut(field, '=', &name, &value);
    bool is_id = str_eq(txt_rtrim_wsp(name), STR("id"));
    bool again = p->id_seen;
    if (!equals)
        add(p, SEVERITY_ERROR, msg_sts_txt_no_equals(field), field.p);
    else if (check_name(p, name) && check_value(p, name, value)) {
        if (is_id && again)
            add(p, SEVERITY_WARNING, msg_sts_txt_id_again(value, p->id), name.p);
        else if (is_id)
            take_id(p, value);
        else
            take_extension(p, name);
    }
    p->id_seen |= is_id;
}

static void check_id_present(struct parser *p)
{
    if (p->id_like.n && p->id_seen)
        finding_add(p->findings, SEVERITY_WARNING, msg_sts_txt_id_like(p->id_like), p->number,
                    p->id_like_column);
    else if (p->id_like.n)
        finding_add(p->findings, SEVERITY_ERROR, msg_sts_txt_id_case(p->id_like), p->number,
                    p->id_like_column);
    else if (!p->id_seen)
        finding_add(p->findings, SEVERITY_ERROR, msg_sts_txt_id_missing(), p->number, 0);
}

/* 1*(sts-field-delim sts-field) [sts-field-delim] */
static void parse_fields(struct parser *p)
{
    struct txt_fields f;
    const char *delimiter = p->record.p + VERSION.n;
    if (txt_is_wsp(*delimiter))
        add(p, SEVERITY_WARNING, msg_sts_txt_blank_before_semicolon(), delimiter);
    txt_fields_begin(&f, p->record, VERSION);
    while (txt_fields_next(&f)) {
        if (f.field.n == 0)
            add(p, SEVERITY_ERROR, msg_sts_txt_empty_field(), f.field.p);
        else
            parse_field(p, f.field);
        if (f.trailing_blank)
            add(p, SEVERITY_ERROR, msg_sts_txt_trailing_blank(), f.trailing_blank);
    }
    check_id_present(p);
}

/* The number, from 1, of the one record that is left, or 0 with a finding. */
static size_t choose(const struct str *records, size_t count, struct findings *findings)
{
    size_t chosen = 0, found = 0;
    for (size_t i = 0; i < count; i++) {
        if (!txt_record_is(records[i], VERSION)) {
            sts_txt_explain_discarded(records[i], i + 1, findings);
        } else {
            chosen = i + 1;
            found++;
        }
    }
    if (found == 1)
        return chosen;
    if (found > 1)
        finding_add(findings, SEVERITY_ERROR, msg_sts_txt_several(found), chosen, 0);
    else if (count == 0)
        finding_add(findings, SEVERITY_ERROR, msg_sts_txt_absent(), 0, 0);
    else
        finding_add(findings, SEVERITY_ERROR, msg_sts_txt_none(count), 0, 0);
    return 0;
}

int sts_txt_parse(struct sts_txt *txt, const struct str *records, size_t count,
                  struct findings *findings)
{
    unsigned errors_before = findings->errors;
    struct parser p = {.findings = findings, .number = choose(records, count, findings)};
    if (p.number) {
        p.record = records[p.number - 1];
        parse_fields(&p);
    }
    struct str id = arena_str(findings->arena, p.id);
    if (findings->arena->failed)
        return -ERROR_TEMPORARY;
    if (findings->errors != errors_before)
        return -ERROR_PERMANENT;
    txt->id = id;
    return 0;
}
