#include "net/caa.h"

#include "base/domain.h"

struct str caa_parent(struct str name)
{
    struct str parent;
    return str_cut(name, '.', &(struct str){0}, &parent) ? parent : STR("");
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct str trim(struct str s)
{
    while (s.n && is_blank(s.p[0]))
        s = str_skip(s, 1);
    while (s.n && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

/* Letters, digits and hyphens, the last not at either end. */
static bool is_label(struct str s)
{
    if (!s.n || s.p[0] == '-' || s.p[s.n - 1] == '-')
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (!ascii_is_alnum(s.p[i]) && s.p[i] != '-')
            return false;
    }
    return true;
}

static bool is_issuer(struct str s)
{
    struct str label;
    bool more = true;
    while (more) {
        more = str_cut(s, '.', &label, &s);
        if (!is_label(label))
            return false;
    }
    return true;
}

static bool is_visible(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < 0x21 || s.p[i] > 0x7E)
            return false;
    }
    return true;
}

/* Takes the next parameter; false when there is none, or none of the grammar (*ok). */
static bool next_parameter(struct str *rest, struct str *tag, struct str *value, bool *ok)
{
    struct str one;
    if (!rest->n)
        return false;
    bool more = str_cut(*rest, ';', &one, rest);
    *ok = str_cut(trim(one), '=', tag, value) && is_label(*tag) && is_visible(*value) &&
          (!more || trim(*rest).n);
    return *ok;
}

bool caa_value_read(struct str value, struct caa_value *out)
{
    struct str issuer, parameters, tag, text;
    bool ok = true;
    str_cut(value, ';', &issuer, &parameters);
    issuer = trim(issuer);
    parameters = trim(parameters);
    if (issuer.n && !is_issuer(issuer))
        return false;
    struct str rest = parameters;
    while (next_parameter(&rest, &tag, &text, &ok)) {
    }
    if (ok)
        *out = (struct caa_value){issuer, parameters};
    return ok;
}

bool caa_has_tag(const struct dns_records *records, struct str tag)
{
    for (size_t i = 0; i < records->count; i++) {
        if (str_ieq(records->at[i].tag, tag))
            return true;
    }
    return false;
}

static bool is_known_tag(struct str tag)
{
    static const struct str known[] = {STR_INIT("issue"),        STR_INIT("issuewild"),
                                       STR_INIT("iodef"),        STR_INIT("issuemail"),
                                       STR_INIT("contactemail"), STR_INIT("contactphone"),
                                       STR_INIT("issuevmc")};
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (str_ieq(tag, known[i]))
            return true;
    }
    return false;
}

const struct dns_record *caa_unknown_critical(const struct dns_records *records)
{
    for (size_t i = 0; i < records->count; i++) {
        if (records->at[i].critical && !is_known_tag(records->at[i].tag))
            return &records->at[i];
    }
    return NULL;
}

struct str caa_governing_tag(const struct dns_records *records, bool wildcard)
{
    return wildcard && caa_has_tag(records, STR("issuewild")) ? STR("issuewild") : STR("issue");
}

static bool is_one_of(struct str word, struct str words, char between)
{
    struct str one;
    bool more = true;
    while (more) {
        more = str_cut(words, between, &one, &words);
        if (one.n && str_eq(one, word))
            return true;
    }
    return false;
}

static bool is_identity(struct str issuer, struct str identities)
{
    struct str one;
    bool more = issuer.n > 0;
    while (more) {
        more = str_cut(identities, ' ', &one, &identities);
        if (one.n && domain_eq(one, issuer))
            return true;
    }
    return false;
}

/* RFC 8657: a parameter that stands there twice is never met. */
static enum caa_verdict judge_parameters(struct str rest, const struct caa_question *q)
{
    struct str tag, value;
    unsigned accounts = 0, methods = 0;
    bool ok, account = true, method = true;
    while (next_parameter(&rest, &tag, &value, &ok)) {
        if (str_ieq(tag, STR("accounturi")))
            account = ++accounts == 1 && (!q->account.n || str_eq(value, q->account));
        else if (str_ieq(tag, STR("validationmethods")))
            method = ++methods == 1 && (!q->method.n || is_one_of(q->method, value, ','));
    }
    return !account ? CAA_FORBIDS_ACCOUNT : !method ? CAA_FORBIDS_METHOD : CAA_PERMITS;
}

static enum caa_verdict judge_one(const struct dns_record *record, const struct caa_question *q)
{
    struct caa_value value;
    if (!caa_value_read(record->text, &value) || !is_identity(value.issuer, q->identities))
        return CAA_FORBIDS;
    return judge_parameters(value.parameters, q);
}

/* Which of two verdicts by different records says more. */
static bool is_better(enum caa_verdict a, enum caa_verdict b)
{
    return b != CAA_PERMITS && (a == CAA_PERMITS || b == CAA_FORBIDS) && a != b;
}

enum caa_verdict caa_judge(const struct dns_records *records, const struct caa_question *question,
                           const struct dns_record **because)
{
    const struct dns_record *by = caa_unknown_critical(records);
    struct str tag = caa_governing_tag(records, question->wildcard);
    enum caa_verdict verdict = by ? CAA_CRITICAL : CAA_PERMITS;
    for (size_t i = 0; verdict != CAA_CRITICAL && i < records->count; i++) {
        if (!str_ieq(records->at[i].tag, tag))
            continue;
        enum caa_verdict one = judge_one(&records->at[i], question);
        if (by && !is_better(one, verdict))
            continue;
        by = &records->at[i];
        verdict = one;
    }
    if (because)
        *because = by;
    return verdict;
}

void caa_print(const struct dns_record *record, struct buf *out)
{
    buf_printf(out, "%d ", record->critical ? 128 : 0);
    buf_str(out, record->tag);
    buf_cstr(out, " \"");
    for (size_t i = 0; i < record->text.n; i++) {
        unsigned char c = (unsigned char)record->text.p[i];
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c < 0x20 || c >= 0x7F)
            buf_printf(out, "\\%03u", c);
        else
            buf_byte(out, (char)c);
    }
    buf_byte(out, '"');
}
