#include "base/txt_record.h"

bool txt_is_wsp(char c)
{
    return c == ' ' || c == '\t';
}

struct str txt_skip_wsp(struct str s)
{
    while (s.n && txt_is_wsp(s.p[0]))
        s = str_skip(s, 1);
    return s;
}

struct str txt_rtrim_wsp(struct str s)
{
    while (s.n && txt_is_wsp(s.p[s.n - 1]))
        s.n--;
    return s;
}

size_t txt_field_name_span(struct str s)
{
    size_t i = 0;
    while (i < s.n &&
           (ascii_is_alnum(s.p[i]) || (i > 0 && (s.p[i] == '_' || s.p[i] == '-' || s.p[i] == '.'))))
        i++;
    return i;
}

bool txt_record_is(struct str record, struct str version)
{
    return str_starts(record, version) &&
           str_starts(txt_skip_wsp(str_skip(record, version.n)), STR(";"));
}

void txt_fields_begin(struct txt_fields *f, struct str record, struct str version)
{
    struct str rest = txt_skip_wsp(str_skip(record, version.n));
    *f = (struct txt_fields){.rest = str_skip(rest, 1), .more = true};
}

bool txt_fields_next(struct txt_fields *f)
{
    struct str field;
    if (!f->more)
        return false;
    f->more = str_cut(txt_skip_wsp(f->rest), ';', &field, &f->rest);
    if (!f->more && field.n == 0)
        return false;
    f->field = txt_rtrim_wsp(field);
    f->trailing_blank = NULL;
    if (!f->more && f->field.n && f->field.n < field.n)
        f->trailing_blank = f->field.p + f->field.n;
    return true;
}
