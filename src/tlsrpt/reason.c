#include "tlsrpt/reason.h"

/* Reasons are read this far; the words that matter stand early. */
#define REASON_READ_MAX 512

struct word {
    const char *text; /* lower case; blanks and "-" of the report are "_" here */
    enum rpt_reason reason;
};

/* The first that is found decides, so what is more certain stands first. */
static const struct word words[] = {
    {"mx_hosts_mismatch", RPT_REASON_MX_MISMATCH},
    {"mx_host_mismatch", RPT_REASON_MX_MISMATCH},
    {"mx_mismatch", RPT_REASON_MX_MISMATCH},
    {"not_authorized_by_policy", RPT_REASON_MX_MISMATCH},
    {"not_listed_in_policy", RPT_REASON_MX_MISMATCH},
    {"not_allowed_by_policy", RPT_REASON_MX_MISMATCH},
    {"does_not_match_policy", RPT_REASON_MX_MISMATCH},
    {"no_matching_certificate", RPT_REASON_TLSA},
    {"tlsa", RPT_REASON_TLSA},
    {"expired", RPT_REASON_EXPIRED},
    {"not_yet_valid", RPT_REASON_EXPIRED},
    {"local_issuer", RPT_REASON_NOT_TRUSTED},
    {"self_signed", RPT_REASON_NOT_TRUSTED},
    {"unknown_authority", RPT_REASON_NOT_TRUSTED},
    {"unknown_issuer", RPT_REASON_NOT_TRUSTED},
    {"unknownissuer", RPT_REASON_NOT_TRUSTED},
    {"issuer_certificate", RPT_REASON_NOT_TRUSTED},
    {"unknown_ca", RPT_REASON_NOT_TRUSTED},
    {"untrusted", RPT_REASON_NOT_TRUSTED},
    {"not_trusted", RPT_REASON_NOT_TRUSTED},
    {"unable_to_verify_the_first", RPT_REASON_NOT_TRUSTED},
    {"revoked", RPT_REASON_NOT_TRUSTED},
    {"does_not_match_host", RPT_REASON_HOST_MISMATCH},
    {"host_mismatch", RPT_REASON_HOST_MISMATCH},
    {"hostname_mismatch", RPT_REASON_HOST_MISMATCH},
    {"name_mismatch", RPT_REASON_HOST_MISMATCH},
    {"certificate_is_valid_for", RPT_REASON_HOST_MISMATCH},
    {"not_valid_for_name", RPT_REASON_HOST_MISMATCH},
    {"notvalidforname", RPT_REASON_HOST_MISMATCH},
    {"redirect", RPT_REASON_REDIRECT},
    {"timeout", RPT_REASON_TIMEOUT},
    {"timed_out", RPT_REASON_TIMEOUT},
    {"deadline_exceeded", RPT_REASON_TIMEOUT},
    {"no_such_host", RPT_REASON_DNS},
    {"nxdomain", RPT_REASON_DNS},
    {"servfail", RPT_REASON_DNS},
    {"resolve_host", RPT_REASON_DNS},
    {"name_resolution", RPT_REASON_DNS},
    {"connection_refused", RPT_REASON_CONNECTION},
    {"connection_reset", RPT_REASON_CONNECTION},
    {"connection_closed", RPT_REASON_CONNECTION},
    {"unreachable", RPT_REASON_CONNECTION},
    {"no_route_to_host", RPT_REASON_CONNECTION},
    {"handshake", RPT_REASON_HANDSHAKE},
    {"protocol_version", RPT_REASON_HANDSHAKE},
    {"unsupported_protocol", RPT_REASON_HANDSHAKE},
    {"no_shared_cipher", RPT_REASON_HANDSHAKE},
    {"wrong_version_number", RPT_REASON_HANDSHAKE},
};

/* Words behind which a number of three digits is an HTTP status. */
static const char *const status_words[] = {"response_code", "status", "http_error", "http/"};

/* A copy of the start of s in lower case, with "_" for blanks and "-". */
static struct str plain(struct str s, char to[REASON_READ_MAX])
{
    s = str_head(s, REASON_READ_MAX);
    for (size_t i = 0; i < s.n; i++)
        to[i] = s.p[i] == ' ' || s.p[i] == '-' ? '_' : ascii_lower(s.p[i]);
    return (struct str){to, s.n};
}

static unsigned status_in(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        size_t n = 0;
        while (i + n < s.n && ascii_is_digit(s.p[i + n]))
            n++;
        uint64_t value = 0;
        if (n == 3 && str_to_u64((struct str){s.p + i, n}, &value) && value >= 100 && value < 600)
            return value == 200 ? 0 : (unsigned)value;
        i += n;
    }
    return 0;
}

unsigned rpt_reason_status(struct str reason)
{
    char text[REASON_READ_MAX];
    struct str s = plain(reason, text);
    for (size_t i = 0; i < ARRAY_LEN(status_words); i++) {
        ssize_t at = str_find(s, str_from(status_words[i]));
        if (at >= 0)
            return status_in(str_skip(s, (size_t)at));
    }
    return 0;
}

enum rpt_reason rpt_reason_parse(struct str reason)
{
    char text[REASON_READ_MAX];
    struct str s = plain(reason, text);
    for (size_t i = 0; s.n && i < ARRAY_LEN(words); i++) {
        if (str_find(s, str_from(words[i].text)) >= 0)
            return words[i].reason;
    }
    return rpt_reason_status(reason) ? RPT_REASON_STATUS : RPT_REASON_OTHER;
}
