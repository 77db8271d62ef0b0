#include "mtasts/policy.h"

#include "base/error.h"
#include "base/utf8.h"
#include "mtasts/messages.h"
#include "mtasts/parse.h"

/* RFC 8461 3.2: sts-policy-max-age-value is 1*10(DIGIT). */
#define MAX_AGE_DIGITS 10

enum key { KEY_VERSION, KEY_MODE, KEY_MAX_AGE, KEY_MX, KEY_COUNT };

/* How a line ended. A bare CR is wrong, and taken as a line end all the same, so that it is the
 * only thing that is said about the text. */
enum line_end { END_NONE, END_LF, END_CRLF, END_CR };

struct key_state {
    bool seen;           /* a field with this name was read */
    bool attempted;      /* a line that is no field, and said to be none, was meant as one */
    struct str misspelt; /* the first legal key that looks like this one but is not */
    uint64_t misspelt_line;
};

struct mx_line {
    struct mx_line *next;
    struct str pattern;
    uint64_t line, column;
};

struct parser {
    struct sts_policy policy;
    struct findings *findings;
    struct key_state keys[KEY_COUNT];
    struct mx_line *mx_first, **mx_end;
    bool mode_may_be_none; /* the mode is none, or cannot be told */
    uint64_t fields;
    uint64_t line;
    uint64_t column_before; /* bytes before the part of the line that is being read */
    uint64_t first_lf, first_crlf;
    bool bare_cr;
};

static void add(struct parser *p, enum severity severity, struct msg m, uint64_t column)
{
    finding_add(p->findings, severity, m, p->line, column ? p->column_before + column : 0);
}

static struct str key_name(enum key key)
{
    static const struct str names[] = {STR_INIT("version"), STR_INIT("mode"), STR_INIT("max_age"),
                                       STR_INIT("mx")};
    return names[key];
}

static enum key key_find(struct str name)
{
    enum key key = 0;
    while (key < KEY_COUNT && !str_eq(name, key_name(key)))
        key++;
    return key;
}

/* The key that a person meant by a name: letters compared without case, the rest left out. */
static enum key key_guess(struct str name)
{
    static const struct str letters[] = {STR_INIT("version"), STR_INIT("mode"), STR_INIT("maxage"),
                                         STR_INIT("mx")};
    char folded[8];
    size_t n = 0;
    for (size_t i = 0; i < name.n && n < sizeof folded; i++) {
        if (ascii_is_alpha(name.p[i]))
            folded[n++] = ascii_lower(name.p[i]);
    }
    enum key key = 0;
    while (key < KEY_COUNT && !str_eq((struct str){folded, n}, letters[key]))
        key++;
    return key;
}

/* Notes which key a line that is no field was meant for, so that it is not called missing too. */
static void note_attempt(struct parser *p, struct str line)
{
    size_t n = 0;
    line = txt_skip_wsp(line);
    while (n < line.n && line.p[n] != ':' && line.p[n] != '=' && !txt_is_wsp(line.p[n]))
        n++;
    enum key key = key_guess(str_head(line, n));
    if (key < KEY_COUNT)
        p->keys[key].attempted = true;
    if (key == KEY_MODE)
        p->mode_may_be_none = true;
}

static void take_version(struct parser *p, struct str value, uint64_t column)
{
    if (!str_eq(value, STR("STSv1")))
        add(p, SEVERITY_ERROR, msg_policy_version_value(value), column);
}

static void take_mode(struct parser *p, struct str value, uint64_t column)
{
    static const enum sts_mode modes[] = {STS_MODE_NONE, STS_MODE_TESTING, STS_MODE_ENFORCE};
    if (sts_mode_parse(value, &p->policy.mode)) {
        p->mode_may_be_none = p->policy.mode == STS_MODE_NONE;
        return;
    }
    p->mode_may_be_none = true;
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        struct str name = str_from(sts_mode_name(modes[i]));
        if (str_ieq(value, name)) {
            add(p, SEVERITY_ERROR, msg_policy_mode_case(value, name), column);
            return;
        }
    }
    add(p, SEVERITY_ERROR, msg_policy_mode_value(value), column);
}

static void take_max_age(struct parser *p, struct str value, uint64_t column)
{
    uint64_t seconds;
    size_t digits = 0;
    while (digits < value.n && ascii_is_digit(value.p[digits]))
        digits++;
    if (value.n == 0)
        add(p, SEVERITY_ERROR, msg_policy_max_age_empty(), column);
    else if (value.p[0] == '-')
        add(p, SEVERITY_ERROR, msg_policy_max_age_negative(value), column);
    else if (digits < value.n)
        add(p, SEVERITY_ERROR, msg_policy_max_age_number(value), column + digits);
    else if (digits > MAX_AGE_DIGITS)
        add(p, SEVERITY_ERROR, msg_policy_max_age_digits(digits, MAX_AGE_DIGITS), column);
    else if (!str_to_u64(value, &seconds) || seconds > STS_MAX_AGE_MAX)
        add(p, SEVERITY_ERROR, msg_policy_max_age_large(value, STS_MAX_AGE_MAX), column);
    else
        p->policy.max_age = (uint32_t)seconds;
}

static void take_mx(struct parser *p, struct str value, uint64_t column)
{
    struct arena *arena = p->findings->arena;
    column += p->column_before;
    if (!sts_mx_value_check(value, p->findings, p->line, column))
        return;
    struct mx_line *mx = arena_alloc(arena, sizeof *mx);
    char *lower = arena_alloc(arena, value.n);
    if (!mx || !lower)
        return;
    for (size_t i = 0; i < value.n; i++)
        lower[i] = ascii_lower(value.p[i]);
    *mx = (struct mx_line){.pattern = {lower, value.n}, .line = p->line, .column = column};
    *p->mx_end = mx;
    p->mx_end = &mx->next;
    p->policy.mx_count++;
}

/* sts-policy-ext-value: something, and no tab within (other controls were refused before). */
static bool check_plain_value(struct parser *p, struct str key, struct str value, uint64_t column)
{
    ssize_t tab = str_chr(value, '\t');
    if (value.n == 0)
        add(p, SEVERITY_ERROR, msg_policy_value_empty(key), column);
    else if (tab >= 0)
        add(p, SEVERITY_ERROR, msg_policy_control(STR("\t")), column + (uint64_t)tab);
    return value.n > 0 && tab < 0;
}

/* RFC 8461 3.2: unknown fields are ignored when they have the form of one. */
static void take_extension(struct parser *p, struct str key, struct str value, uint64_t column)
{
    enum key meant = key_guess(key);
    bool good = check_plain_value(p, key, value, column);
    if (meant == KEY_COUNT) {
        if (good)
            add(p, SEVERITY_NOTE, msg_policy_unknown_key(key), 1);
    } else if (!p->keys[meant].misspelt.n) {
        p->keys[meant].misspelt = key;
        p->keys[meant].misspelt_line = p->line;
    }
}

/* RFC 8461 3.2: all but the first of a field that is no mx are ignored, whatever their value, as
 * long as they have the form of a field. */
static void take_field(struct parser *p, struct str key, struct str value, uint64_t column)
{
    enum key known = key_find(key);
    if (known == KEY_COUNT) {
        take_extension(p, key, value, column);
        return;
    }
    bool again = p->keys[known].seen;
    p->keys[known].seen = true;
    if (again && known != KEY_MX) {
        if (check_plain_value(p, key, value, column))
            add(p, SEVERITY_WARNING, msg_policy_duplicate_key(key), 1);
    } else if (known == KEY_VERSION) {
        if (p->fields > 1)
            add(p, SEVERITY_WARNING, msg_policy_version_not_first(), 1);
        take_version(p, value, column);
    } else if (known == KEY_MODE) {
        take_mode(p, value, column);
    } else if (known == KEY_MAX_AGE) {
        take_max_age(p, value, column);
    } else {
        take_mx(p, value, column);
    }
}

/* Refuses what no field may hold; false when something was found. */
static bool check_bytes(struct parser *p, struct str line)
{
    uint32_t cp;
    for (size_t i = 0, n; i < line.n; i += n) {
        n = utf8_decode(str_skip(line, i), &cp);
        if (n == 0) {
            add(p, SEVERITY_ERROR, msg_policy_utf8((struct str){line.p + i, 1}), i + 1);
            return false;
        }
        if (cp == 0) {
            add(p, SEVERITY_ERROR, msg_policy_nul(), i + 1);
            return false;
        }
        if ((cp < 0x20 && cp != '\t') || cp == 0x7f) {
            add(p, SEVERITY_ERROR, msg_policy_control((struct str){line.p + i, 1}), i + 1);
            return false;
        }
    }
    return true;
}

/* A line without a colon; "mode=enforce" and "mode enforce" have an obvious remedy. */
static void refuse_line(struct parser *p, struct str line, uint64_t column)
{
    size_t n = txt_field_name_span(line);
    struct str key = str_head(line, n), value = txt_skip_wsp(str_skip(line, n));
    if (str_starts(value, STR("=")))
        value = txt_skip_wsp(str_skip(value, 1));
    enum key meant = key_guess(key);
    if (meant < KEY_COUNT && value.n)
        add(p, SEVERITY_ERROR, msg_policy_colon_missing(line, key_name(meant), value), column + n);
    else
        add(p, SEVERITY_ERROR, msg_policy_no_field(line), column);
    note_attempt(p, line);
}

static bool check_key(struct parser *p, struct str key, uint64_t column)
{
    size_t span = txt_field_name_span(key);
    if (key.n == 0)
        add(p, SEVERITY_ERROR, msg_policy_key_empty(), column);
    else if (span < key.n)
        add(p, SEVERITY_ERROR, msg_policy_key_character(key), column + span);
    else if (key.n > TXT_FIELD_NAME_MAX)
        add(p, SEVERITY_ERROR, msg_policy_key_long(key.n, TXT_FIELD_NAME_MAX), column);
    return key.n > 0 && span == key.n && key.n <= TXT_FIELD_NAME_MAX;
}

static bool is_comment(struct str line)
{
    return str_starts(line, STR("#")) || str_starts(line, STR(";")) || str_starts(line, STR("//"));
}

/* sts-policy-field *WSP, without its line end. */
static void parse_line(struct parser *p, struct str whole)
{
    struct str line = txt_rtrim_wsp(whole), key, value;
    if (line.n == 0) {
        add(p, SEVERITY_ERROR, msg_policy_blank_line(), 1);
        return;
    }
    if (!check_bytes(p, line)) {
        note_attempt(p, line);
        return;
    }
    struct str body = txt_skip_wsp(line);
    uint64_t column = line.n - body.n + 1;
    if (is_comment(body)) {
        add(p, SEVERITY_ERROR, msg_policy_comment(), column);
        return;
    }
    if (column > 1)
        add(p, SEVERITY_ERROR, msg_policy_blank_before_key(body), 1);
    p->fields++;
    if (!str_cut(body, ':', &key, &value)) {
        refuse_line(p, body, column);
        return;
    }
    value = txt_skip_wsp(value);
    struct str trimmed = txt_rtrim_wsp(key);
    if (!check_key(p, trimmed, column)) {
        note_attempt(p, body);
        return;
    }
    if (trimmed.n < key.n)
        add(p, SEVERITY_ERROR, msg_policy_blank_before_colon(trimmed, value), column + trimmed.n);
    if (line.n < whole.n)
        add(p, SEVERITY_WARNING, msg_policy_trailing_blank(), line.n + 1);
    take_field(p, trimmed, value, line.n - value.n + 1);
}

/* Cuts the next line off *rest and says how it ended. */
static enum line_end next_line(struct parser *p, struct str *rest, struct str *line)
{
    size_t n = 0, returns = 0;
    while (n < rest->n && rest->p[n] != '\n' && rest->p[n] != '\r')
        n++;
    *line = str_head(*rest, n);
    *rest = str_skip(*rest, n);
    while (returns < rest->n && rest->p[returns] == '\r')
        returns++;
    bool feed = returns < rest->n && rest->p[returns] == '\n';
    if ((returns > 1 || (returns == 1 && !feed)) && !p->bare_cr) {
        add(p, SEVERITY_ERROR, msg_policy_bare_cr(), n + 1);
        p->bare_cr = true;
    }
    if (feed) {
        *rest = str_skip(*rest, returns + 1);
        return returns ? END_CRLF : END_LF;
    }
    *rest = str_skip(*rest, returns ? 1 : 0);
    return returns ? END_CR : END_NONE;
}

static void parse_lines(struct parser *p, struct str rest)
{
    struct str line;
    while (rest.n) {
        p->line++;
        enum line_end end = next_line(p, &rest, &line);
        if (end != END_CR || txt_skip_wsp(line).n)
            parse_line(p, line);
        if (end == END_LF && !p->first_lf)
            p->first_lf = p->line;
        else if (end == END_CRLF && !p->first_crlf)
            p->first_crlf = p->line;
        else if (end == END_NONE)
            add(p, SEVERITY_WARNING, msg_policy_no_final_line_end(), line.n + 1);
        p->column_before = 0;
    }
    if (p->bare_cr || !p->first_lf)
        return;
    p->line = p->first_lf;
    add(p, SEVERITY_WARNING, p->first_crlf ? msg_policy_mixed_line_ends() : msg_policy_lf(), 0);
}

/* UTF-16 by its mark, or by two ASCII letters in it. */
static bool is_utf16(struct str s)
{
    if (str_starts(s, STR("\xff\xfe")) || str_starts(s, STR("\xfe\xff")))
        return true;
    return s.n >= 4 && !s.p[0] == !s.p[2] && !s.p[1] == !s.p[3] && !s.p[0] != !s.p[1];
}

/* A byte order mark, a web page, UTF-16: named as what they are. False when there is nothing to be
 * read behind them. */
static bool parse_start(struct parser *p, struct str *text)
{
    struct str start = *text;
    p->line = 1;
    if (is_utf16(start)) {
        add(p, SEVERITY_ERROR, msg_policy_utf16(), 1);
        return false;
    }
    if (str_starts(start, STR("\xef\xbb\xbf"))) {
        add(p, SEVERITY_ERROR, msg_policy_bom(), 1);
        p->column_before = 3;
        *text = start = str_skip(start, 3);
    }
    while (start.n && (txt_is_wsp(start.p[0]) || start.p[0] == '\r' || start.p[0] == '\n')) {
        p->line += start.p[0] == '\n';
        start = str_skip(start, 1);
    }
    if (start.n == 0) {
        finding_add(p->findings, SEVERITY_ERROR, msg_policy_empty(), 0, 0);
        return false;
    }
    if (start.n >= 2 && start.p[0] == '<' &&
        (start.p[1] == '!' || start.p[1] == '?' || ascii_is_alpha(start.p[1]))) {
        add(p, SEVERITY_ERROR, msg_policy_html(), 1);
        return false;
    }
    p->line = 0;
    return true;
}

static struct msg missing(enum key key)
{
    switch (key) {
    case KEY_VERSION:
        return msg_policy_version_missing();
    case KEY_MODE:
        return msg_policy_mode_missing();
    case KEY_MAX_AGE:
        return msg_policy_max_age_missing();
    case KEY_MX:
    case KEY_COUNT:
        break;
    }
    return msg_policy_mx_missing();
}

static void check_required(struct parser *p)
{
    for (enum key key = 0; key < KEY_COUNT; key++) {
        const struct key_state *state = &p->keys[key];
        bool needed = !state->seen && !state->attempted && (key != KEY_MX || !p->mode_may_be_none);
        p->line = state->misspelt_line;
        if (state->misspelt.n && needed)
            add(p, SEVERITY_ERROR, msg_policy_key_misspelt(state->misspelt, key_name(key)), 1);
        else if (state->misspelt.n)
            add(p, SEVERITY_WARNING, msg_policy_key_ignored(state->misspelt, key_name(key)), 1);
        else if (needed)
            finding_add(p->findings, SEVERITY_ERROR, missing(key), 0, 0);
    }
}

static int compare_mx(const void *a, const void *b)
{
    const struct mx_line *x = a, *y = b;
    int order = str_cmp(x->pattern, y->pattern);
    return order ? order : (x->line > y->line) - (x->line < y->line);
}

/* Moves the patterns into the policy and warns of those that stand twice. */
static void collect_mx(struct parser *p)
{
    size_t count = p->policy.mx_count, i = 0;
    struct arena *arena = p->findings->arena;
    p->policy.mx = arena_array(arena, count, sizeof *p->policy.mx);
    struct mx_line *sorted = arena_array(arena, count, sizeof *sorted);
    if (!p->policy.mx || !sorted)
        return;
    for (const struct mx_line *mx = p->mx_first; mx; mx = mx->next, i++) {
        p->policy.mx[i] = mx->pattern;
        sorted[i] = *mx;
    }
    qsort(sorted, count, sizeof *sorted, compare_mx);
    for (i = 1; i < count; i++) {
        if (str_eq(sorted[i - 1].pattern, sorted[i].pattern))
            finding_add(p->findings, SEVERITY_WARNING,
                        msg_policy_duplicate_mx(sorted[i].pattern, sorted[i - 1].line),
                        sorted[i].line, sorted[i].column);
    }
}

int sts_policy_parse(struct sts_policy *policy, struct str text, struct findings *findings)
{
    unsigned errors_before = findings->errors;
    struct parser p = {.findings = findings};
    p.mx_end = &p.mx_first;
    if (text.n > STS_POLICY_TEXT_MAX) {
        finding_add(findings, SEVERITY_ERROR, msg_policy_too_large(text.n, STS_POLICY_TEXT_MAX), 0,
                    0);
    } else if (parse_start(&p, &text)) {
        parse_lines(&p, text);
        check_required(&p);
        collect_mx(&p);
    }
    if (findings->arena->failed)
        return -ERROR_TEMPORARY;
    if (findings->errors != errors_before)
        return -ERROR_PERMANENT;
    *policy = p.policy;
    return 0;
}
