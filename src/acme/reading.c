#include "acme/reading.h"

#include <string.h>

static const struct str scheme = STR_INIT("https://");

void acme_json_freep(json_t **json)
{
    json_decref(*json);
}

json_t *acme_json_read(struct str text)
{
    json_t *json = json_loadb(text.p ? text.p : "", text.n, 0, NULL);
    if (json_is_object(json))
        return json;
    json_decref(json);
    return NULL;
}

struct str acme_json_text(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value))
        return STR("");
    return (struct str){json_string_value(value), json_string_length(value)};
}

bool acme_url_is_good(struct str url)
{
    if (!str_istarts(url, scheme) || url.n > API_URL_MAX || acme_url_host(url).n == 0)
        return false;
    for (size_t i = 0; i < url.n; i++) {
        if (url.p[i] <= ' ' || url.p[i] > '~' || strchr("\"#<>\\^`{|}", url.p[i]))
            return false;
    }
    return true;
}

struct str acme_json_url(const json_t *object, const char *key, struct arena *arena)
{
    struct str url = acme_json_text(object, key);
    return acme_url_is_good(url) ? arena_str(arena, url) : STR("");
}

struct str acme_url_host(struct str url)
{
    struct str rest = str_skip(url, scheme.n);
    size_t n = 0;
    while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?')
        n++;
    return str_head(rest, n);
}

/* ---- Link, RFC 8288 3 ---- */

/* How many bytes until the first of these that stands outside of quotes. */
static size_t until(struct str s, const char *ends)
{
    bool quoted = false;
    size_t n = 0;
    for (; n < s.n; n++) {
        char c = s.p[n];
        if (quoted && c == '\\' && n + 1 < s.n)
            n++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && c && strchr(ends, c))
            break;
    }
    return n < s.n ? n : s.n;
}

/* Whether the value of rel, a list with blanks between, has the relation. */
static bool lists(struct str value, struct str relation)
{
    struct str one;
    if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
        value = str_head(str_skip(value, 1), value.n - 2);
    while (value.n) {
        str_cut(value, ' ', &one, &value);
        if (str_ieq(one, relation))
            return true;
    }
    return false;
}

/* Whether the parameters of a link, from the first semicolon, say the relation. Of several rel the
 * first counts (3.3). */
static bool says(struct str parameters, struct str relation)
{
    struct str name, value;
    while (parameters.n) {
        parameters = str_skip(parameters, 1);
        size_t n = until(parameters, ";");
        str_cut(str_head(parameters, n), '=', &name, &value);
        if (str_ieq(str_trim(name), STR("rel")))
            return lists(str_trim(value), relation);
        parameters = str_skip(parameters, n);
    }
    return false;
}

/* The first link of *rest, which moves behind it; false: it is none, or not this relation. */
static bool read_link(struct str *rest, struct str relation, struct str *url)
{
    struct str link = str_trim(*rest);
    ssize_t end = str_starts(link, STR("<")) ? str_chr(link, '>') : -1;
    size_t target = end < 0 ? 0 : (size_t)end + 1;
    size_t n = target + until(str_skip(link, target), ",");
    *rest = str_skip(link, n + 1);
    if (end < 0)
        return false;
    *url = str_head(str_skip(link, 1), target - 2);
    struct str parameters = str_skip(str_head(link, n), target);
    return acme_url_is_good(*url) && says(str_skip(parameters, until(parameters, ";")), relation);
}

bool acme_link_next(const struct api_response *response, struct str relation, size_t *at,
                    size_t *within, struct str *url)
{
    for (;;) {
        size_t next = *at;
        struct str value = api_header_next(response, STR("link"), &next);
        if (next == *at)
            return false;
        struct str rest = str_skip(value, *within);
        while (rest.n) {
            bool found = read_link(&rest, relation, url);
            *within = value.n - rest.n;
            if (found)
                return true;
        }
        *at = next;
        *within = 0;
    }
}
