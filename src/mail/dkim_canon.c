#include "mail/dkim_canon.h"

static void flush(struct dkim_sink *sink)
{
    if (sink->md && EVP_DigestUpdate(sink->md, sink->bytes, sink->n) != 1) {
        EVP_MD_CTX_free(sink->md);
        sink->md = NULL;
    }
    sink->n = 0;
}

static void add(struct dkim_sink *sink, char c)
{
    if (sink->n == sizeof sink->bytes)
        flush(sink);
    sink->bytes[sink->n++] = (unsigned char)c;
}

bool dkim_sink_begin(struct dkim_sink *sink)
{
    sink->n = 0;
    sink->md = EVP_MD_CTX_new();
    if (sink->md && EVP_DigestInit_ex(sink->md, EVP_sha256(), NULL) == 1)
        return true;
    EVP_MD_CTX_free(sink->md);
    sink->md = NULL;
    return false;
}

bool dkim_sink_end(struct dkim_sink *sink, unsigned char hash[DKIM_HASH_SIZE])
{
    flush(sink);
    bool done = sink->md && EVP_DigestFinal_ex(sink->md, hash, NULL) == 1;
    EVP_MD_CTX_free(sink->md);
    sink->md = NULL;
    return done;
}

void dkim_add_line_end(struct dkim_sink *sink)
{
    add(sink, '\r');
    add(sink, '\n');
}

/* What text without line ends gets in the relaxed form: runs of blanks become one space. */
struct squeeze {
    bool blank; /* one is owed, unless the text ends */
};

static void add_squeezed(struct dkim_sink *sink, struct squeeze *state, char c)
{
    if (c == ' ' || c == '\t') {
        state->blank = true;
        return;
    }
    if (state->blank)
        add(sink, ' ');
    state->blank = false;
    add(sink, c);
}

static void add_line(struct dkim_sink *sink, struct str line, bool relaxed)
{
    struct squeeze state = {false};
    for (size_t i = 0; i < line.n; i++) {
        if (relaxed)
            add_squeezed(sink, &state, line.p[i]);
        else
            add(sink, line.p[i]);
    }
    dkim_add_line_end(sink);
}

static bool is_empty(struct str line, bool relaxed)
{
    for (size_t i = 0; i < line.n; i++) {
        if (!relaxed || (line.p[i] != ' ' && line.p[i] != '\t'))
            return false;
    }
    return true;
}

void dkim_add_body(struct dkim_sink *sink, struct str body, bool relaxed)
{
    size_t owed = 0; /* empty lines, which count only when another follows */
    bool any = false;
    while (body.n) {
        struct str line;
        bool ended = str_cut(body, '\n', &line, &body);
        if (ended && line.n && line.p[line.n - 1] == '\r')
            line.n--;
        if (is_empty(line, relaxed)) {
            owed++;
            continue;
        }
        for (; owed; owed--)
            dkim_add_line_end(sink);
        add_line(sink, line, relaxed);
        any = true;
    }
    if (!any && !relaxed)
        dkim_add_line_end(sink);
}

/* Whether a line end is at i: its length, else 0. */
static size_t line_end(struct str s, size_t i)
{
    if (s.p[i] == '\n')
        return 1;
    return s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n' ? 2 : 0;
}

static void add_simple(struct dkim_sink *sink, struct str text)
{
    size_t i = 0;
    while (i < text.n) {
        size_t n = line_end(text, i);
        if (n)
            dkim_add_line_end(sink);
        else
            add(sink, text.p[i]);
        i += n ? n : 1;
    }
}

static void add_unfolded(struct dkim_sink *sink, struct squeeze *state, struct str text,
                         bool *begun)
{
    for (size_t i = 0; i < text.n; i++) {
        size_t n = line_end(text, i);
        if (n) {
            i += n - 1;
            continue;
        }
        if (!*begun && (text.p[i] == ' ' || text.p[i] == '\t'))
            continue;
        *begun = true;
        add_squeezed(sink, state, text.p[i]);
    }
}

void dkim_add_field(struct dkim_sink *sink, struct str field, struct str gap, bool relaxed)
{
    struct squeeze state = {false};
    struct str name, value, before = field, after = {NULL, 0};
    bool begun = false;
    if (gap.p) {
        before = str_head(field, (size_t)(gap.p - field.p));
        after = str_skip(field, before.n + gap.n);
    }
    if (!relaxed) {
        add_simple(sink, before);
        add_simple(sink, after);
        return;
    }
    str_cut(before, ':', &name, &value);
    name = str_rtrim(name);
    for (size_t i = 0; i < name.n; i++)
        add(sink, ascii_lower(name.p[i]));
    add(sink, ':');
    add_unfolded(sink, &state, value, &begun);
    add_unfolded(sink, &state, after, &begun);
}
