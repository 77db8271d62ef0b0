/* What can be wrong with the value of an mx field, each fault by its own name. */
#include "mtasts/messages.h"
#include "mtasts/parse.h"
#include "mtasts/policy.h"

/* The remedy of a list is cut here: nobody pastes more. */
#define LIST_FIX_MAX ((size_t)1024)

struct place {
    struct findings *findings;
    uint64_t line, column;
};

static void refuse(const struct place *at, struct msg m, size_t offset)
{
    finding_add(at->findings, SEVERITY_ERROR, m, at->line, at->column + offset);
}

static bool is_list_separator(char c)
{
    return c == ',' || c == ';' || txt_is_wsp(c);
}

/* Several names in one line, or "10 mail.example.org" as in a zone file. */
static void refuse_list(const struct place *at, struct str value, size_t separator)
{
    struct buf lines CLEANUP(buf_done);
    buf_init(&lines, LIST_FIX_MAX);
    unsigned names = 0;
    while (value.n) {
        size_t n = 0;
        while (n < value.n && !is_list_separator(value.p[n]))
            n++;
        uint64_t preference;
        if (n && !str_to_u64(str_head(value, n), &preference)) {
            buf_cstr(&lines, names ? ", `mx: " : "`mx: ");
            buf_str(&lines, str_head(value, n));
            buf_byte(&lines, '`');
            names++;
        }
        value = str_skip(value, n ? n : 1);
    }
    if (names == 1)
        refuse(at, msg_policy_mx_extra(buf_view(&lines)), separator);
    else
        refuse(at, msg_policy_mx_list(buf_view(&lines)), separator);
}

static void refuse_wildcard(const struct place *at, struct str value, size_t star)
{
    size_t stars = 0;
    for (size_t i = 0; i < value.n; i++)
        stars += value.p[i] == '*';
    bool label_ends = star + 1 == value.n || value.p[star + 1] == '.';
    bool label_begins = star == 0 || value.p[star - 1] == '.';
    if (value.n == 1)
        refuse(at, msg_policy_mx_star_alone(), star);
    else if (stars > 1)
        refuse(at, msg_policy_mx_two_wildcards(value), star);
    else if (!label_begins || !label_ends)
        refuse(at, msg_policy_mx_partial_wildcard(value), star);
    else
        refuse(at, msg_policy_mx_deep_wildcard(value), star);
}

static void refuse_non_ascii(const struct place *at, struct str value)
{
    struct buf ascii CLEANUP(buf_done);
    buf_init(&ascii, DOMAIN_NAME_MAX + 2);
    size_t offset = 0;
    while (offset < value.n && (unsigned char)value.p[offset] < 0x80)
        offset++;
    if (sts_mx_pattern_from_user(value, &ascii) && !ascii.failed)
        refuse(at, msg_policy_mx_u_label(value, buf_view(&ascii)), offset);
    else
        refuse(at, msg_policy_mx_non_ascii(value), offset);
}

static void refuse_label_empty(const struct place *at, struct str value)
{
    ssize_t dots = str_find(value, STR(".."));
    if (dots >= 0)
        refuse(at, msg_policy_mx_empty_label(value), (size_t)dots + 1);
    else if (value.p[0] == '.')
        refuse(at, msg_policy_mx_leading_dot(value), 0);
    else
        refuse(at, msg_policy_mx_trailing_dot(value, str_head(value, value.n - 1)), value.n - 1);
}

static void refuse_character(const struct place *at, struct str value, size_t skipped)
{
    size_t i = skipped;
    while (i < value.n && (ascii_is_alnum(value.p[i]) || value.p[i] == '-' || value.p[i] == '.'))
        i++;
    struct str before = str_head(value, i), after = str_skip(value, i + 1), rest = after;
    while (rest.n && ascii_is_digit(rest.p[0]))
        rest = str_skip(rest, 1);
    if (str_find(value, STR("://")) >= 0)
        refuse(at, msg_policy_mx_url(value), i);
    else if (value.p[i] == ':' && after.n && rest.n == 0)
        refuse(at, msg_policy_mx_port(value, before), i);
    else
        refuse(at, msg_policy_mx_character(value, (struct str){value.p + i, 1}), i);
}

/* Faults that have a shape of their own, before the name is looked at label by label. */
static bool refuse_shape(const struct place *at, struct str value, struct str name)
{
    size_t separator = 0;
    ssize_t star = str_chr(name, '*'), sign = str_chr(value, '@');
    while (separator < value.n && !is_list_separator(value.p[separator]))
        separator++;
    if (value.n == 0)
        refuse(at, msg_policy_mx_empty(), 0);
    else if (domain_is_address(name))
        refuse(at, msg_policy_mx_address(value), 0);
    else if (separator < value.n)
        refuse_list(at, value, separator);
    else if (sign >= 0)
        refuse(at, msg_policy_mx_email(value, str_skip(value, (size_t)sign + 1)), (size_t)sign);
    else if (star >= 0)
        refuse_wildcard(at, value, (size_t)star + (value.n - name.n));
    else
        return false;
    return true;
}

bool sts_mx_value_check(struct str value, struct findings *findings, uint64_t line, uint64_t column)
{
    struct place at = {findings, line, column};
    struct str name = str_starts(value, STR("*.")) ? str_skip(value, 2) : value;
    if (refuse_shape(&at, value, name))
        return false;
    enum domain_fault fault = domain_check(name);
    switch (fault) {
    case DOMAIN_OK:
        return true;
    case DOMAIN_EMPTY:
        refuse(&at, msg_policy_mx_star_alone(), 0);
        break;
    case DOMAIN_TOO_LONG:
        refuse(&at, msg_policy_mx_too_long(name.n, DOMAIN_NAME_MAX), 0);
        break;
    case DOMAIN_LABEL_EMPTY:
        refuse_label_empty(&at, value);
        break;
    case DOMAIN_LABEL_LONG:
        refuse(&at, msg_policy_mx_label_long(value, DOMAIN_LABEL_MAX), 0);
        break;
    case DOMAIN_HYPHEN:
        refuse(&at, msg_policy_mx_hyphen(value), 0);
        break;
    case DOMAIN_CHARACTER:
        refuse_character(&at, value, value.n - name.n);
        break;
    case DOMAIN_NON_ASCII:
        refuse_non_ascii(&at, value);
        break;
    case DOMAIN_ADDRESS:
        refuse(&at, msg_policy_mx_numeric(value), 0);
        break;
    }
    return false;
}
