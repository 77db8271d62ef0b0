#include "tlsrpt/read.h"

#include <string.h>

#include "tlsrpt/messages.h"

/* 2^53 - 1: beyond it I-JSON (RFC 7493 2.2) does not promise that a number arrives whole. */
#define COUNT_EXACT_MAX UINT64_C(9007199254740991)

void rpt_deviation_in(struct rpt_reading *rd, enum severity severity, struct msg m,
                      const char *member)
{
    for (unsigned i = 0; i < m.def->nargs; i++) {
        if (m.args[i].type == MSG_ARG_STR)
            m.args[i].str = str_head(m.args[i].str, RPT_SHOWN_MAX);
    }
    struct finding *f = finding_add(&rd->report->warnings, severity, m, 0, 0);
    if (!f)
        return;
    /* A buffer that never grows: its memory is here. */
    char room[RPT_PATH_MAX + 1];
    struct buf path = {.p = room, .cap = sizeof room, .max = RPT_PATH_MAX};
    json_path(&rd->json, &path);
    if (member) {
        buf_byte(&path, '.');
        buf_cstr(&path, member);
    }
    f->path = arena_str(rd->arena, buf_view(&path));
}

void rpt_deviation(struct rpt_reading *rd, enum severity severity, struct msg m)
{
    rpt_deviation_in(rd, severity, m, NULL);
}

/* A key that is in no row as it stands: another case, or nothing that is known. */
static const struct rpt_member *member_of_other_case(struct rpt_reading *rd,
                                                     const struct rpt_members *m, struct str key)
{
    for (unsigned i = 0; i < m->count; i++) {
        if (str_ieq(m->table[i].name, key)) {
            rpt_deviation(rd, SEVERITY_WARNING, msg_report_key_case(key, m->table[i].name));
            return &m->table[i];
        }
    }
    rpt_deviation(rd, SEVERITY_NOTE, msg_report_key_unknown(key));
    return NULL;
}

static const struct rpt_member *member_find(struct rpt_reading *rd, struct rpt_members *m,
                                            struct str key)
{
    for (unsigned k = 0, i = m->cursor; k < m->count; k++, i++) {
        if (i >= m->count)
            i = 0;
        const struct rpt_member *row = &m->table[i];
        if (row->name.n == key.n && memcmp(row->name.p, key.p, key.n) == 0) {
            m->cursor = i + 1;
            return row;
        }
    }
    return member_of_other_case(rd, m, key);
}

static struct str first_name(const struct rpt_members *m, unsigned id)
{
    for (unsigned i = 0; i < m->count; i++) {
        if (m->table[i].id == id)
            return m->table[i].name;
    }
    return STR("");
}

const struct rpt_member *rpt_member_next(struct rpt_reading *rd, struct rpt_members *m,
                                         uint8_t place)
{
    struct str key;
    while (json_next_key(&rd->json, &key)) {
        const struct rpt_member *row = member_find(rd, m, key);
        if (!row) {
            json_skip(&rd->json, NULL);
            continue;
        }
        uint32_t bit = UINT32_C(1) << row->id;
        if (m->seen & bit) {
            rpt_deviation(rd, SEVERITY_WARNING, msg_report_key_twice(first_name(m, row->id)));
            json_skip(&rd->json, NULL);
            continue;
        }
        m->seen |= bit;
        if (row->other_name)
            rpt_deviation(rd, SEVERITY_NOTE,
                          msg_report_key_other(row->name, first_name(m, row->id)));
        if (!(row->places & place))
            rpt_deviation(rd, SEVERITY_WARNING, msg_report_key_misplaced(row->name));
        if (json_peek(&rd->json) != JSON_NULL)
            return row;
        rpt_deviation(rd, SEVERITY_WARNING, msg_report_member_null(row->name));
        json_skip(&rd->json, NULL);
    }
    return NULL;
}

void rpt_members_missing(struct rpt_reading *rd, const struct rpt_members *m, uint32_t wanted)
{
    uint32_t missing = wanted & ~m->seen;
    if (!missing || rd->json.error)
        return;
    for (unsigned i = 0; i < m->count; i++) {
        if ((missing >> m->table[i].id & 1) && !m->table[i].other_name)
            rpt_deviation(rd, SEVERITY_WARNING, msg_report_member_missing(m->table[i].name));
    }
}

static struct str type_word(enum json_type type)
{
    switch (type) {
    case JSON_OBJECT:
        return STR("object");
    case JSON_ARRAY:
        return STR("array");
    case JSON_STRING:
        return STR("string");
    case JSON_NUMBER:
        return STR("number");
    case JSON_TRUE:
        return STR("true");
    case JSON_FALSE:
        return STR("false");
    case JSON_NULL:
        return STR("null");
    case JSON_NONE:
        break;
    }
    return STR("");
}

static void wrong_type(struct rpt_reading *rd, struct str name, struct str wanted)
{
    enum json_type type = json_peek(&rd->json);
    if (type != JSON_NONE)
        rpt_deviation(rd, SEVERITY_WARNING, msg_report_wrong_type(name, type_word(type), wanted));
}

static void skip_wrong_type(struct rpt_reading *rd, struct str name, struct str wanted)
{
    wrong_type(rd, name, wanted);
    json_skip(&rd->json, NULL);
}

bool rpt_array_enter(struct rpt_reading *rd, struct str name, bool *single)
{
    *single = false;
    enum json_type type = json_peek(&rd->json);
    if (type == JSON_ARRAY)
        return json_enter(&rd->json);
    if (type != JSON_STRING && type != JSON_OBJECT) {
        skip_wrong_type(rd, name, STR("array"));
        return false;
    }
    rpt_deviation(rd, SEVERITY_WARNING, msg_report_not_array(name));
    *single = true;
    return true;
}

bool rpt_object_enter(struct rpt_reading *rd, struct str name)
{
    if (json_peek(&rd->json) == JSON_OBJECT)
        return json_enter(&rd->json);
    skip_wrong_type(rd, name, STR("object"));
    return false;
}

/* The first string of an array that stands where a string should, or of a number its text. */
static void read_as_string(struct rpt_reading *rd, struct str name, struct str *out)
{
    wrong_type(rd, name, STR("string"));
    if (json_number(&rd->json, out))
        return;
    if (json_peek(&rd->json) != JSON_ARRAY || !json_enter(&rd->json)) {
        json_skip(&rd->json, NULL);
        return;
    }
    bool found = false;
    while (json_next_element(&rd->json)) {
        if (found || !json_string(&rd->json, out))
            json_skip(&rd->json, NULL);
        else
            found = true;
    }
}

void rpt_string_read(struct rpt_reading *rd, struct str name, struct str *out)
{
    if (!json_string(&rd->json, out))
        read_as_string(rd, name, out);
    else if (out->n == 0)
        rpt_deviation(rd, SEVERITY_NOTE, msg_report_member_empty(name));
}

/* The value of a number that is no plain run of digits, without its fraction. */
static uint64_t number_value(struct str digits, bool *fraction)
{
    struct str mantissa = digits, exponent = {NULL, 0}, whole, part;
    ssize_t e = str_chr(digits, 'e') >= 0 ? str_chr(digits, 'e') : str_chr(digits, 'E');
    if (e >= 0) {
        mantissa = str_head(digits, (size_t)e);
        exponent = str_skip(digits, (size_t)e + 1);
    }
    bool down = exponent.n && exponent.p[0] == '-';
    if (exponent.n && (exponent.p[0] == '-' || exponent.p[0] == '+'))
        exponent = str_skip(exponent, 1);
    uint64_t shift = 0;
    if (exponent.n && !str_to_u64(exponent, &shift))
        shift = UINT64_MAX;
    str_cut(mantissa, '.', &whole, &part);
    /* The point moves by shift: digits before it count, those behind it are the fraction. */
    uint64_t value = 0, keep;
    if (down)
        keep = shift > whole.n ? 0 : whole.n - shift;
    else
        keep = shift > UINT64_MAX - whole.n ? UINT64_MAX : whole.n + shift;
    for (size_t i = 0; i < whole.n + part.n; i++) {
        char c = i < whole.n ? whole.p[i] : part.p[i - whole.n];
        if (i >= keep)
            *fraction |= c != '0';
        else if (__builtin_mul_overflow(value, 10, &value) ||
                 __builtin_add_overflow(value, (uint64_t)(c - '0'), &value))
            return UINT64_MAX;
    }
    for (uint64_t i = whole.n + part.n; value && i < keep; i++) {
        if (__builtin_mul_overflow(value, 10, &value))
            return UINT64_MAX;
    }
    return value;
}

/* Takes what is sensible of a number's text; the plain form was tried before. */
static uint64_t count_of_odd_form(struct rpt_reading *rd, struct str name, struct str digits)
{
    uint64_t value = 0;
    bool fraction = false;
    if (digits.p[0] == '-') {
        rpt_deviation(rd, SEVERITY_WARNING, msg_report_count_negative(name, digits));
        return 0;
    }
    value = number_value(digits, &fraction);
    if (value > COUNT_EXACT_MAX)
        rpt_deviation(rd, SEVERITY_WARNING, msg_report_count_huge(name, digits));
    else if (fraction || str_chr(digits, '.') >= 0 || !ascii_is_digit(digits.p[digits.n - 1]))
        rpt_deviation(rd, SEVERITY_WARNING, msg_report_count_fraction(name, digits, value));
    else
        rpt_deviation(rd, SEVERITY_NOTE, msg_report_count_form(name, digits, value));
    return value;
}

static uint64_t count_of(struct rpt_reading *rd, struct str name, struct str digits)
{
    uint64_t value = 0;
    if (digits.n <= 15 && str_to_u64(digits, &value))
        return value;
    if (str_to_u64(digits, &value) && value <= COUNT_EXACT_MAX)
        return value;
    return count_of_odd_form(rd, name, digits);
}

/* Whether s is a number in JSON's form and nothing else. */
static bool is_number(struct rpt_reading *rd, struct str s)
{
    struct json_reader number;
    struct str digits;
    json_reader_init(&number, s, rd->arena);
    return json_number(&number, &digits) && digits.n == s.n;
}

bool rpt_count_read(struct rpt_reading *rd, struct str name, uint64_t *out)
{
    struct str text;
    if (json_number(&rd->json, &text)) {
        *out = count_of(rd, name, text);
        return true;
    }
    if (!json_string(&rd->json, &text)) {
        skip_wrong_type(rd, name, STR("number"));
        return false;
    }
    uint64_t value = 0;
    struct str number = str_trim(text);
    if (str_to_u64(number, &value)) {
        rpt_deviation(rd, SEVERITY_WARNING, msg_report_count_string(name, text));
        *out = value;
        return true;
    }
    if (!is_number(rd, number)) {
        rpt_deviation(rd, SEVERITY_WARNING, msg_report_count_invalid(name, text));
        return false;
    }
    rpt_deviation(rd, SEVERITY_WARNING, msg_report_count_string(name, text));
    *out = count_of_odd_form(rd, name, number);
    return true;
}

void *rpt_array_grow(struct rpt_reading *rd, void *at, size_t count, size_t first, size_t size)
{
    /* Full at 0, first, 2 first, 4 first, ... and at no other count. */
    if (count % first != 0 || (count / first & (count / first - 1)) != 0)
        return at;
    void *bigger = arena_array(rd->arena, count ? count * 2 : first, size);
    if (bigger && count)
        memcpy(bigger, at, count * size);
    return bigger;
}

void rpt_strings_append(struct rpt_reading *rd, struct rpt_strings *list, struct str s)
{
    if (list->count == RPT_STRINGS_MAX) {
        rpt_deviation(rd, SEVERITY_WARNING, msg_report_strings_too_many(RPT_STRINGS_MAX));
        return;
    }
    struct str *at = rpt_array_grow(rd, list->at, list->count, 4, sizeof *at);
    if (!at)
        return;
    list->at = at;
    list->at[list->count++] = s;
}

void rpt_strings_read(struct rpt_reading *rd, struct str name, struct rpt_strings *list,
                      rpt_add_string *add)
{
    struct str s;
    bool single = false;
    if (!rpt_array_enter(rd, name, &single))
        return;
    if (single) {
        if (!json_string(&rd->json, &s))
            json_skip(&rd->json, NULL);
        else if (s.n == 0)
            rpt_deviation(rd, SEVERITY_NOTE, msg_report_member_empty(name));
        else
            add(rd, list, s);
        return;
    }
    bool empty = true;
    while (json_next_element(&rd->json)) {
        empty = false;
        if (json_string(&rd->json, &s))
            add(rd, list, s);
        else
            skip_wrong_type(rd, name, STR("string"));
    }
    if (empty && !rd->json.error)
        rpt_deviation(rd, SEVERITY_NOTE, msg_report_member_empty(name));
}

uint64_t rpt_add(uint64_t a, uint64_t b)
{
    uint64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}
