#include "net/http_request.h"

#include <string.h>

#define REFUSE(r, code) ((r)->status = (code), false)

/* tchar, RFC 9110 5.6.2 */
static bool is_token_char(char c)
{
    return ascii_is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!is_token_char(s.p[i]))
            return false;
    }
    return s.n > 0;
}

/* Visible ASCII without "#": a fragment is never sent (RFC 9112 3.2). */
static bool is_target(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] <= ' ' || s.p[i] >= 0x7f || s.p[i] == '#')
            return false;
    }
    return s.n > 0;
}

/* field-value, RFC 9110 5.5: no control characters but the tab. */
static bool is_field_value(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static struct str trim_blanks(struct str s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = str_skip(s, 1);
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

static struct http_span span_of(struct str bytes, struct str part)
{
    return (struct http_span){(uint32_t)(part.n ? part.p - bytes.p : 0), (uint32_t)part.n};
}

static struct str part_of(struct str bytes, struct http_span span)
{
    return (struct str){bytes.p + span.at, span.n};
}

static bool is_host_char(char c)
{
    return ascii_is_alnum(c) || (c != '\0' && strchr("-._~!$&'()*+,;=%", c));
}

/* uri-host of RFC 3986 3.2.2: a name or an IPv4 address, or an address in brackets. */
static bool is_uri_host(struct str s)
{
    bool literal = s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']';
    if (literal)
        s = (struct str){s.p + 1, s.n - 2};
    for (size_t i = 0; i < s.n; i++) {
        if (literal ? !ascii_is_alnum(s.p[i]) && s.p[i] != ':' && s.p[i] != '.'
                    : !is_host_char(s.p[i]))
            return false;
    }
    return true;
}

/* Takes "host[:port]" apart; false when it is none. User information ("user@") is none
 * (RFC 9110 4.2.4). */
static bool authority_split(struct str authority, struct str *host, bool *has_port)
{
    ssize_t bracket = str_rchr(authority, ']'), colon = str_rchr(authority, ':');
    struct str port = STR("");
    *has_port = colon >= 0 && colon > bracket;
    *host = authority;
    if (*has_port) {
        *host = str_head(authority, (size_t)colon);
        port = str_skip(authority, (size_t)colon + 1);
    }
    uint64_t number = 0;
    return is_uri_host(*host) && (port.n == 0 || (str_to_u64(port, &number) && number <= 65535));
}

static void keep_path(struct http_request *r, struct str bytes, struct str path)
{
    struct str query;
    r->has_query = str_cut(path, '?', &path, &query);
    r->at_path = span_of(bytes, path);
    r->at_query = span_of(bytes, query);
}

/* scheme "://" authority path; an empty path stands for "/" (RFC 9110 4.2.3). */
static bool read_absolute(struct http_request *r, struct str bytes, struct str target)
{
    bool secure = str_istarts(target, STR("https://"));
    struct str rest = str_skip(target, secure ? 8 : 7), host;
    size_t end = 0;
    bool has_port;
    while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?')
        end++;
    if (!authority_split(str_head(rest, end), &host, &has_port) || !host.n)
        return REFUSE(r, 400);
    r->absolute = true;
    r->at_host = span_of(bytes, host);
    keep_path(r, bytes, str_skip(rest, end));
    return true;
}

static bool read_target(struct http_request *r, struct str bytes, struct str method,
                        struct str target)
{
    struct str host;
    bool has_port, connect = str_eq(method, STR("CONNECT"));
    if (!is_target(target))
        return REFUSE(r, 400);
    if (connect) { /* authority-form: host and port, both */
        if (!authority_split(target, &host, &has_port) || !host.n || !has_port)
            return REFUSE(r, 400);
        r->absolute = true;
        r->at_host = span_of(bytes, host);
        return true;
    }
    if (target.p[0] == '/') {
        keep_path(r, bytes, target);
        return true;
    }
    if (str_istarts(target, STR("https://")) || str_istarts(target, STR("http://")))
        return read_absolute(r, bytes, target);
    if (!str_eq(target, STR("*")) || !str_eq(method, STR("OPTIONS")))
        return REFUSE(r, 400);
    r->at_path = span_of(bytes, target);
    return true;
}

static bool read_version(struct http_request *r, struct str version)
{
    if (version.n != 8 || !str_starts(version, STR("HTTP/")) || !ascii_is_digit(version.p[5]) ||
        version.p[6] != '.' || !ascii_is_digit(version.p[7]))
        return REFUSE(r, 400);
    if (version.p[5] != '1')
        return REFUSE(r, 505);
    r->http_1_0 = version.p[7] == '0';
    return true;
}

static bool read_request_line(struct http_request *r, struct str bytes, struct str line)
{
    struct str method, target, version;
    if (!str_cut(line, ' ', &method, &target) || !str_cut(target, ' ', &target, &version))
        return REFUSE(r, 400);
    if (!is_token(method))
        return REFUSE(r, 400);
    if (!read_version(r, version))
        return false;
    if (method.n > HTTP_METHOD_MAX)
        return REFUSE(r, 501);
    r->at_method = span_of(bytes, method);
    r->method = str_eq(method, STR("GET"))    ? HTTP_GET
                : str_eq(method, STR("HEAD")) ? HTTP_HEAD
                                              : HTTP_OTHER;
    return read_target(r, bytes, method, target);
}

static bool read_host(struct http_request *r, struct str bytes, struct str value)
{
    struct str host;
    bool has_port;
    if (r->host_seen || !authority_split(value, &host, &has_port) || (has_port && !host.n))
        return REFUSE(r, 400);
    r->host_seen = true;
    if (!r->absolute)
        r->at_host = span_of(bytes, host);
    return true;
}

static bool read_length(struct http_request *r, struct str value)
{
    if (r->has_length || !value.n)
        return REFUSE(r, 400);
    for (size_t i = 0; i < value.n; i++) {
        if (!ascii_is_digit(value.p[i]))
            return REFUSE(r, 400);
    }
    r->has_length = true;
    return str_to_u64(value, &r->length) || REFUSE(r, 413);
}

/* Only "chunked" alone is understood. A coding before it is 501; a body that does not end in
 * chunked has no end that both sides agree on: 400 (RFC 9112 6.3). */
static bool read_encoding(struct http_request *r, struct str value)
{
    if (r->encoding_seen)
        return REFUSE(r, 400);
    r->encoding_seen = true;
    if (str_ieq(value, STR("chunked"))) {
        r->chunked = true;
        return true;
    }
    ssize_t comma = str_rchr(value, ',');
    struct str last = trim_blanks(str_skip(value, (size_t)(comma + 1)));
    return REFUSE(r, comma >= 0 && str_ieq(last, STR("chunked")) ? 501 : 400);
}

static void read_connection(struct http_request *r, struct str value)
{
    bool more = true;
    while (more) {
        struct str option;
        more = str_cut(value, ',', &option, &value);
        option = trim_blanks(option);
        r->wants_close |= str_ieq(option, STR("close"));
        r->wants_keep |= str_ieq(option, STR("keep-alive"));
    }
}

static bool read_field(struct http_request *r, struct str bytes, struct str line)
{
    struct str name, value;
    if (++r->fields > HTTP_FIELDS_MAX)
        return REFUSE(r, 431);
    /* A blank before the colon and a line that begins with one are no token. */
    if (!str_cut(line, ':', &name, &value) || !is_token(name) || !is_field_value(value))
        return REFUSE(r, 400);
    value = trim_blanks(value);
    if (str_ieq(name, STR("host")))
        return read_host(r, bytes, value);
    if (str_ieq(name, STR("content-length")))
        return read_length(r, value);
    if (str_ieq(name, STR("transfer-encoding")))
        return read_encoding(r, value);
    if (str_ieq(name, STR("connection")))
        read_connection(r, value);
    return true;
}

/* What can only be judged when all fields are known. */
static bool finish(struct http_request *r, struct str bytes)
{
    if (!r->host_seen && !r->http_1_0)
        return REFUSE(r, 400);
    if (r->encoding_seen && (r->has_length || r->http_1_0))
        return REFUSE(r, 400);
    r->keep_alive = !r->wants_close && (!r->http_1_0 || r->wants_keep);
    r->method_name = part_of(bytes, r->at_method);
    r->path = part_of(bytes, r->at_path);
    if (r->absolute && !r->path.n && !str_eq(r->method_name, STR("CONNECT")))
        r->path = STR("/");
    r->query = part_of(bytes, r->at_query);
    r->host = part_of(bytes, r->at_host);
    r->head_size = r->line;
    return true;
}

void http_request_init(struct http_request *r, size_t head_max)
{
    size_t most = head_max < HTTP_HEAD_MAX ? head_max : HTTP_HEAD_MAX;
    *r = (struct http_request){.head_max = most ? most : 1};
}

/* How many bytes, with the line's end, the line that begins at r->line may have. */
static size_t line_room(const struct http_request *r)
{
    size_t room = r->head_max - r->line;
    return !r->began && room > HTTP_REQUEST_LINE_MAX + 2 ? HTTP_REQUEST_LINE_MAX + 2 : room;
}

/* Cuts off the next line, without its CRLF. HTTP_MORE: it is not there yet. */
static enum http_progress next_line(struct http_request *r, struct str bytes, struct str *line)
{
    size_t room = line_room(r), end = bytes.n - r->line > room ? r->line + room : bytes.n;
    const char *lf = memchr(bytes.p + r->scanned, '\n', end - r->scanned);
    if (!lf) {
        r->scanned = end;
        if (end - r->line < room)
            return HTTP_MORE;
        r->status = r->began ? 431 : 414;
        return HTTP_REFUSED;
    }
    size_t n = (size_t)(lf - bytes.p) - r->line;
    *line = (struct str){bytes.p + r->line, n ? n - 1 : 0};
    r->line += n + 1;
    r->scanned = r->line;
    if (n && line->p[n - 1] == '\r' && !memchr(line->p, '\r', n - 1))
        return HTTP_DONE;
    r->status = 400;
    return HTTP_REFUSED;
}

enum http_progress http_request_read(struct http_request *r, struct str bytes)
{
    for (;;) {
        struct str line;
        if (bytes.n == r->scanned && bytes.n - r->line < line_room(r))
            return HTTP_MORE;
        enum http_progress got = next_line(r, bytes, &line);
        if (got != HTTP_DONE)
            return got;
        bool fine = true;
        if (!r->began && !line.n && !r->blank_seen) {
            r->blank_seen = true;
        } else if (!r->began) {
            fine = read_request_line(r, bytes, line);
            r->began = true;
        } else if (line.n) {
            fine = read_field(r, bytes, line);
        } else {
            return finish(r, bytes) ? HTTP_DONE : HTTP_REFUSED;
        }
        if (!fine)
            return HTTP_REFUSED;
    }
}

bool http_request_has_body(const struct http_request *r)
{
    return r->chunked || (r->has_length && r->length > 0);
}

const char *http_status_phrase(unsigned status)
{
    static const struct {
        unsigned status;
        const char *phrase;
    } table[] = {
        {200, "OK"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {421, "Misdirected Request"},
        {431, "Request Header Fields Too Large"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (table[i].status == status)
            return table[i].phrase;
    }
    return "Error";
}
