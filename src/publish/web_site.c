#include "publish/web_site.h"

#include <string.h>

#include "base/utf8.h"

bool web_path_ok(struct str path)
{
    if (path.n == 0 || path.n > WEB_PATH_MAX || !utf8_is_valid(path))
        return false;
    for (size_t i = 0; i < path.n; i++) {
        unsigned char c = (unsigned char)path.p[i];
        if (c < ' ' || c == 0x7f || strchr("\"\\$%{}", c))
            return false;
    }
    return true;
}

/* Apache takes a line that ends in a backslash for one that goes on, comments too. */
void web_print_comment(const struct web_site *site, struct buf *out)
{
    struct str comment = site->comment, line;
    bool more = comment.n > 0;
    while (more) {
        more = str_cut(comment, '\n', &line, &comment);
        if (!more && line.n == 0)
            break;
        line = str_rtrim(line);
        buf_byte(out, '#');
        if (line.n)
            buf_byte(out, ' ');
        buf_str(out, line);
        if (str_ends(line, STR("\\")))
            buf_byte(out, '.');
        buf_byte(out, '\n');
    }
}

/* The dot is all that a domain in A-labels has of a regular expression's signs. */
static void print_pattern(struct str domain, struct buf *out)
{
    struct str label;
    while (str_cut(domain, '.', &label, &domain)) {
        buf_str(out, label);
        buf_cstr(out, "\\.");
    }
    buf_str(out, label);
}

static void print_part(const struct web_site *site, char what, struct buf *out)
{
    switch (what) {
    case 'D':
        buf_str(out, site->domain);
        break;
    case 'R':
        print_pattern(site->domain, out);
        break;
    case 'F':
        buf_str(out, site->folder);
        break;
    case 'C':
        buf_str(out, site->certificate);
        break;
    case 'K':
        buf_str(out, site->key);
        break;
    default:
        buf_byte(out, what);
    }
}

void web_print(const struct web_site *site, const char *template, struct buf *out)
{
    struct str rest = str_from(template), text;
    while (str_cut(rest, '$', &text, &rest)) {
        buf_str(out, text);
        print_part(site, rest.n ? rest.p[0] : '$', out);
        rest = str_skip(rest, 1);
    }
    buf_str(out, text);
}
