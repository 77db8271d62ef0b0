#include "tlsrpt/diagnose.h"

#include <string.h>

#include "base/domain.h"
#include "tlsrpt/messages.h"
#include "tlsrpt/near.h"
#include "tlsrpt/reason.h"

/* Names go into lines that people paste into a shell: one that is no plain name is replaced by a
 * word that says what belongs there. */
static struct str pasteable(struct str name, struct str otherwise)
{
    if (str_ends(name, STR(".")))
        name = str_head(name, name.n - 1);
    return domain_check_dns(name) == DOMAIN_OK ? name : otherwise;
}

static struct str mx_name(const struct rpt_case *c)
{
    return pasteable(c->mx, STR("MX"));
}

static struct str domain_name(const struct rpt_case *c)
{
    return pasteable(c->domain, STR("DOMAIN"));
}

/* --- the MX host and the policy --- */

static bool spend(const struct rpt_case *c)
{
    return *c->comparisons > 0 && (*c->comparisons)--;
}

static const struct str *find_match(const struct rpt_case *c, const struct rpt_seen *seen)
{
    for (size_t i = 0; i < seen->pattern_count && spend(c); i++) {
        if (domain_matches_pattern(seen->patterns[i], c->mx))
            return &seen->patterns[i];
    }
    return NULL;
}

static enum rpt_near find_nearest(const struct rpt_case *c, struct str *pattern)
{
    enum rpt_near nearest = RPT_NEAR_NOT;
    for (size_t i = 0; i < c->seen->pattern_count && spend(c); i++) {
        enum rpt_near near = rpt_near(c->seen->patterns[i], c->mx);
        if (near > nearest) {
            nearest = near;
            *pattern = c->seen->patterns[i];
        }
    }
    return nearest;
}

/* "*." and the host without its first label: the pattern that would cover it. */
static struct str wildcard_for(struct str host, struct arena *arena)
{
    struct str label, rest;
    str_cut(host, '.', &label, &rest);
    char *p = arena_alloc(arena, rest.n + 2);
    if (!p)
        return host;
    p[0] = '*';
    p[1] = '.';
    if (rest.n)
        memcpy(p + 2, rest.p, rest.n);
    return (struct str){p, rest.n + 2};
}

/* The MX host is in no pattern: how that may have come about. */
static struct msg diagnose_unlisted(const struct rpt_case *c, struct arena *arena)
{
    struct str mx = mx_name(c), domain = domain_name(c), pattern = {NULL, 0};
    if (c->served && find_match(c, c->served))
        return msg_explain_mx_outdated(mx, domain);
    switch (find_nearest(c, &pattern)) {
    case RPT_NEAR_ONE_LABEL:
        return msg_explain_mx_wildcard_one_label(mx, pattern, wildcard_for(mx, arena), domain);
    case RPT_NEAR_BASE:
        return msg_explain_mx_wildcard_not_base(mx, pattern, domain);
    case RPT_NEAR_PARENT:
        return msg_explain_mx_parent_listed(mx, pattern, domain);
    case RPT_NEAR_SPELLING:
        return msg_explain_mx_misspelt(
            mx, pattern, domain, str_starts(pattern, STR("*.")) ? wildcard_for(mx, arena) : mx);
    case RPT_NEAR_NOT:
        break;
    }
    return msg_explain_mx_not_listed(mx, domain);
}

/* Whether the report holds what is needed to compare: an MX host that is a name, and patterns. */
static bool can_compare(const struct rpt_case *c)
{
    return c->policy_type != RPT_POLICY_TLSA && c->seen->pattern_count > 0 &&
           str_eq(mx_name(c), STR("MX")) == false && *c->comparisons >= c->seen->pattern_count;
}

/* The reporter says that the policy does not list the host. */
static struct msg diagnose_mismatch(const struct rpt_case *c, struct arena *arena)
{
    if (!can_compare(c))
        return msg_explain_mx_mismatch(domain_name(c));
    const struct str *pattern = find_match(c, c->seen);
    return pattern ? msg_explain_mx_listed_yet(mx_name(c), *pattern) : diagnose_unlisted(c, arena);
}

/* --- the connection to the mail server --- */

static bool served_differs(const struct rpt_case *c)
{
    bool known = c->seen->mode != RPT_MODE_UNKNOWN || c->seen->pattern_count;
    return c->served && c->policy_type == RPT_POLICY_STS && known &&
           !rpt_seen_same(c->seen, c->served);
}

/* Nothing but "it failed": what the policy shows decides, then the words of last resort. */
static struct msg diagnose_vague(const struct rpt_case *c, struct arena *arena)
{
    if (can_compare(c)) {
        const struct str *pattern = find_match(c, c->seen);
        if (!pattern)
            return diagnose_unlisted(c, arena);
        if (c->result == RPT_VALIDATION_FAILURE && !served_differs(c))
            return msg_explain_validation_listed(mx_name(c), *pattern);
    }
    if (c->result == RPT_RESULT_UNKNOWN && c->result_text.n == 0)
        return msg_explain_no_result(mx_name(c));
    if (c->result == RPT_RESULT_UNKNOWN)
        return msg_explain_unknown_result(c->result_text, mx_name(c));
    if (served_differs(c))
        return msg_explain_policy_outdated(mx_name(c), domain_name(c));
    if (c->policy_type == RPT_POLICY_TLSA)
        return msg_explain_validation_dane(mx_name(c));
    return msg_explain_validation_failure(mx_name(c));
}

static struct msg diagnose_by_reason(const struct rpt_case *c, struct arena *arena)
{
    struct str mx = mx_name(c);
    switch (rpt_reason_parse(c->reason)) {
    case RPT_REASON_MX_MISMATCH:
        return diagnose_mismatch(c, arena);
    case RPT_REASON_HOST_MISMATCH:
        return msg_explain_certificate_host_mismatch(mx);
    case RPT_REASON_EXPIRED:
        return msg_explain_certificate_expired(mx);
    case RPT_REASON_NOT_TRUSTED:
        return msg_explain_certificate_not_trusted(mx);
    case RPT_REASON_TLSA:
        return msg_explain_tlsa_invalid(mx);
    case RPT_REASON_TIMEOUT:
        return msg_explain_timeout(mx);
    case RPT_REASON_CONNECTION:
        return msg_explain_connection(mx);
    case RPT_REASON_HANDSHAKE:
        return msg_explain_handshake(mx);
    case RPT_REASON_OTHER:
    case RPT_REASON_REDIRECT:
    case RPT_REASON_STATUS:
    case RPT_REASON_DNS:
        break;
    }
    return diagnose_vague(c, arena);
}

/* A name that does not fit is the certificate's fault unless the policy proves otherwise. */
static struct msg diagnose_host_mismatch(const struct rpt_case *c, struct arena *arena)
{
    if (can_compare(c) && !find_match(c, c->seen))
        return diagnose_unlisted(c, arena);
    return msg_explain_certificate_host_mismatch(mx_name(c));
}

/* --- the policy's web server --- */

static struct msg diagnose_status(struct str domain, unsigned status)
{
    if (status == 404 || status == 410)
        return msg_explain_fetch_not_found(domain, status);
    if (status >= 300 && status < 400)
        return msg_explain_fetch_redirect(domain);
    if (status == 401 || status == 403 || status == 406 || status == 429 || status == 451)
        return msg_explain_fetch_forbidden(domain, status);
    if (status >= 500)
        return msg_explain_fetch_server_error(domain, status);
    return msg_explain_fetch_status(domain, status);
}

static struct msg diagnose_webpki(const struct rpt_case *c)
{
    struct str domain = domain_name(c);
    enum rpt_reason reason = rpt_reason_parse(c->reason);
    if (reason == RPT_REASON_EXPIRED)
        return msg_explain_webpki_expired(domain);
    if (reason == RPT_REASON_HOST_MISMATCH)
        return msg_explain_webpki_name(domain);
    return msg_explain_webpki_invalid(domain);
}

static struct msg diagnose_fetch(const struct rpt_case *c)
{
    struct str domain = domain_name(c);
    unsigned status = rpt_reason_status(c->reason);
    if (status)
        return diagnose_status(domain, status);
    switch (rpt_reason_parse(c->reason)) {
    case RPT_REASON_EXPIRED:
    case RPT_REASON_HOST_MISMATCH:
    case RPT_REASON_NOT_TRUSTED:
        return diagnose_webpki(c);
    case RPT_REASON_REDIRECT:
        return msg_explain_fetch_redirect(domain);
    case RPT_REASON_TIMEOUT:
        return msg_explain_fetch_timeout(domain);
    case RPT_REASON_DNS:
        return msg_explain_fetch_dns(domain);
    case RPT_REASON_CONNECTION:
        return msg_explain_fetch_connection(domain);
    case RPT_REASON_OTHER:
    case RPT_REASON_MX_MISMATCH:
    case RPT_REASON_TLSA:
    case RPT_REASON_STATUS:
    case RPT_REASON_HANDSHAKE:
        break;
    }
    return msg_explain_fetch_error(domain);
}

struct msg rpt_diagnose(const struct rpt_case *c, struct arena *arena)
{
    switch (c->result) {
    case RPT_STARTTLS_NOT_SUPPORTED:
        return msg_explain_starttls_not_supported(mx_name(c));
    case RPT_CERTIFICATE_HOST_MISMATCH:
        return diagnose_host_mismatch(c, arena);
    case RPT_CERTIFICATE_EXPIRED:
        return msg_explain_certificate_expired(mx_name(c));
    case RPT_CERTIFICATE_NOT_TRUSTED:
        return msg_explain_certificate_not_trusted(mx_name(c));
    case RPT_TLSA_INVALID:
        return msg_explain_tlsa_invalid(mx_name(c));
    case RPT_DNSSEC_INVALID:
        return msg_explain_dnssec_invalid(mx_name(c));
    case RPT_DANE_REQUIRED:
        return msg_explain_dane_required(mx_name(c));
    case RPT_STS_POLICY_FETCH_ERROR:
        return diagnose_fetch(c);
    case RPT_STS_POLICY_INVALID:
        return msg_explain_policy_invalid(domain_name(c));
    case RPT_STS_WEBPKI_INVALID:
        return diagnose_webpki(c);
    case RPT_VALIDATION_FAILURE:
    case RPT_RESULT_UNKNOWN:
    case RPT_RESULT_COUNT:
        break;
    }
    return diagnose_by_reason(c, arena);
}
