/*
 * policy.h - the MTA-STS policy of RFC 8461 section 3.2, as a value.
 *
 * Parsing follows the RFC's grammar to the letter; what is legal but unwise in the values is the
 * lint's business (sts_policy_lint). Pure functions: no I/O, no clock, no globals.
 *
 * Where the RFC leaves a choice: a field of a known name with a value that is not its own is an
 * error, never an extension; but a second version, mode or max_age is ignored whatever its value,
 * as long as it has the form of a field ("all entries except for the first SHALL be ignored").
 * The order of fields is free. A key in the wrong case is an unknown key.
 */
#ifndef SEALPOST_MTASTS_POLICY_H
#define SEALPOST_MTASTS_POLICY_H

#include "base/domain.h"
#include "base/finding.h"

/* RFC 8461 3.3 suggests 64 KB as the most that a sender reads. */
#define STS_POLICY_TEXT_MAX ((size_t)64 * 1024)
/* RFC 8461 3.2: at most 31557600, "a value of about one year". */
#define STS_MAX_AGE_MAX 31557600U

enum sts_mode { STS_MODE_NONE, STS_MODE_TESTING, STS_MODE_ENFORCE };

struct sts_policy {
    enum sts_mode mode;
    uint32_t max_age; /* seconds */
    size_t mx_count;
    struct str *mx; /* MX patterns in the order of the policy, in lower case, A-labels,
                       without trailing dot: "mx1.example.org", "*.example.org" */
};

/* Parses text into *policy, whose parts are allocated in findings->arena. Every deviation from the
 * grammar is a finding of SEVERITY_ERROR with its line and column, one a fault; what is legal but
 * unwise in the text itself (line ends, trailing blanks, duplicate fields and patterns, unknown
 * and misspelt keys, order) gets warnings and notes. Returns 0 and fills *policy when the text is a
 * valid policy (no SEVERITY_ERROR), else -ERROR_PERMANENT (-ERROR_TEMPORARY when the arena is
 * full) and *policy is untouched. */
int sts_policy_parse(struct sts_policy *policy, struct str text,
                     struct findings *findings) NODISCARD;

/* What sts_policy_lint needs to know of the world. */
struct sts_lint_context {
    const struct str *mx_hosts; /* the domain's MX hosts, or NULL when they are not known */
    size_t mx_host_count;
};

/* Adds what is legal but unwise about the values of a valid policy: warnings and notes, each with
 * a fix where something can be done. text is what the policy was parsed from and gives the
 * findings their lines; it may be empty. context may be NULL. Never adds SEVERITY_ERROR. */
void sts_policy_lint(const struct sts_policy *policy, struct str text,
                     const struct sts_lint_context *context, struct findings *findings);

/* Appends the policy in the form that every known reader takes: version, mode, mx, max_age, CRLF
 * line ends, lower-case A-labels, mx lines for mode none too. */
void sts_policy_print(const struct sts_policy *policy, struct buf *out);

/* Whether two policies mean the same: mode, max_age, and the same patterns in any order. */
bool sts_policy_equal(const struct sts_policy *a, const struct sts_policy *b);

/* "none", "testing", "enforce"; and back: false when the name is none of them. */
const char *sts_mode_name(enum sts_mode mode);
bool sts_mode_parse(struct str name, enum sts_mode *out);

/* Checks one MX pattern as it stands in a policy: DOMAIN_OK, or what is wrong with it. A leading
 * "*." is taken off first; a "*" anywhere else is DOMAIN_CHARACTER. */
enum domain_fault sts_mx_pattern_check(struct str pattern);

/* Appends the policy form of a pattern that a person typed: U-labels converted, lower case, no
 * trailing dot. False, with nothing appended, when it cannot be one. */
bool sts_mx_pattern_from_user(struct str typed, struct buf *out) NODISCARD;

/* RFC 8461 4.1: whether an MX host matches a pattern. "*." stands for exactly one label; case and
 * a trailing dot do not matter; U-labels on either side are compared as A-labels. */
bool sts_mx_matches(struct str pattern, struct str mx_host);

/* The first pattern of the policy that the host matches, or NULL. */
const struct str *sts_policy_find_mx(const struct sts_policy *policy, struct str mx_host);

/* RFC 8461 3.2: whether a Content-Type value is text/plain, with any parameters. */
bool sts_media_type_ok(struct str content_type);

#endif
