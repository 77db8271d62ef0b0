#include "mtasts/policy.h"

static struct str trim_blanks(struct str s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = str_skip(s, 1);
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

bool sts_media_type_ok(struct str content_type)
{
    struct str type, parameters;
    str_cut(content_type, ';', &type, &parameters);
    return str_ieq(trim_blanks(type), STR("text/plain"));
}
