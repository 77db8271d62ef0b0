#include "mtasts/parse.h"

bool sts_is_wsp(char c)
{
    return c == ' ' || c == '\t';
}

struct str sts_skip_wsp(struct str s)
{
    while (s.n && sts_is_wsp(s.p[0]))
        s = str_skip(s, 1);
    return s;
}

struct str sts_rtrim_wsp(struct str s)
{
    while (s.n && sts_is_wsp(s.p[s.n - 1]))
        s.n--;
    return s;
}

size_t sts_field_name_span(struct str s)
{
    size_t i = 0;
    while (i < s.n &&
           (ascii_is_alnum(s.p[i]) || (i > 0 && (s.p[i] == '_' || s.p[i] == '-' || s.p[i] == '.'))))
        i++;
    return i;
}
