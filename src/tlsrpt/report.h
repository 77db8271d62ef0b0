/*
 * report.h - a TLS report of RFC 8460 section 4, as a value.
 *
 * Reading is tolerant and honest: every deviation from the RFC becomes a finding with its JSON
 * path, and only what is no report at all is refused. All strings of a report point into the text
 * that it was read from or into its arena; both must outlive it. Pure functions.
 */
#ifndef SEALPOST_TLSRPT_REPORT_H
#define SEALPOST_TLSRPT_REPORT_H

#include "base/error.h"
#include "base/finding.h"

#define RPT_POLICIES_MAX 10000  /* of one report */
#define RPT_DETAILS_MAX  100000 /* of one report, over all its policies */
#define RPT_STRINGS_MAX  10000  /* of one policy-string or mx-host array */

enum rpt_policy_type {
    RPT_POLICY_UNKNOWN, /* a word that RFC 8460 does not know, or none; see type_text */
    RPT_POLICY_TLSA,
    RPT_POLICY_STS,
    RPT_POLICY_NONE_FOUND, /* "no-policy-found" */
};

/* RFC 8460 4.3, in its order. */
enum rpt_result {
    RPT_RESULT_UNKNOWN, /* missing, or no word of the RFC; see result_text */
    RPT_STARTTLS_NOT_SUPPORTED,
    RPT_CERTIFICATE_HOST_MISMATCH,
    RPT_CERTIFICATE_EXPIRED,
    RPT_CERTIFICATE_NOT_TRUSTED,
    RPT_VALIDATION_FAILURE,
    RPT_TLSA_INVALID,
    RPT_DNSSEC_INVALID,
    RPT_DANE_REQUIRED,
    RPT_STS_POLICY_FETCH_ERROR,
    RPT_STS_POLICY_INVALID,
    RPT_STS_WEBPKI_INVALID,
    RPT_RESULT_COUNT,
};

struct rpt_strings {
    struct str *at;
    size_t count;
};

struct rpt_detail {
    enum rpt_result result;
    struct str result_text; /* as in the report; empty when missing */
    struct str sending_mta_ip;
    struct str receiving_mx_hostname;
    struct str receiving_mx_helo;
    struct str receiving_ip;
    struct str additional_information;
    struct str failure_reason_code;
    uint64_t failed_sessions;
};

struct rpt_policy {
    enum rpt_policy_type type;
    struct str type_text; /* as in the report; empty when missing */
    struct rpt_strings
        policy_strings;          /* STS: the policy's lines without line ends; TLSA: one record
                                    each, unpacked where a reporter packed several in one */
    struct str domain;           /* policy-domain; empty when absent */
    struct rpt_strings mx_hosts; /* MX patterns, without "mx:" */
    uint64_t successful, failed; /* sessions, as in the summary */
    struct rpt_detail *details;
    size_t detail_count;
};

struct rpt_report {
    struct str organization;
    struct str contact; /* empty when null or absent */
    struct str report_id;
    struct str domain;  /* the domain that was reported on: see rpt_report_read */
    int64_t begin, end; /* as in date-range; 0 when unreadable */
    bool has_range;
    struct rpt_policy *policies;
    size_t policy_count;
    struct findings warnings; /* deviations from the RFC, each with its path */
};

/* What surrounds a report and can say whose it is, when the report itself does not. All may be
 * empty. */
struct rpt_hints {
    struct str tls_report_domain; /* the header field TLS-Report-Domain */
    struct str subject;           /* "Report Domain: D Submitter: S Report-ID: <I>" */
    struct str file_name;         /* "sender!domain!begin!end[!unique].json[.gz]" */
};

/* Reads the JSON text of a report: UTF-8 with or without BOM, or UTF-16. `domain` is the
 * policy-domain that the report is about: the one its policies name (of TLSA policies, which
 * can name an MX host, only when there is no other, and not when they name several or one below
 * that of the hints), else that of the hints, else that of the report id. Of members that stand
 * twice the first wins; null is treated as absent; of an array of reports the first is read.
 * Returns 0, or a negative code when the text is no report: not JSON at all (with the place), or
 * JSON without any of the members that make a report. *offset, when not NULL, gets the byte where
 * reading failed. Repeated reading costs no malloc when the arena is reset between. */
int rpt_report_read(struct rpt_report *report, struct str text, const struct rpt_hints *hints,
                    struct arena *arena, uint64_t *offset, struct error *err) NODISCARD;

/* Appends the report as JSON exactly as RFC 8460 has it: whatever was tolerated in reading is
 * written in the RFC's own form. Reading the result gives the same report, without warnings, but
 * for what the report lacks (members are left out, not made up) or gets wrong in what it says
 * (sums, a range, a word that no RFC knows). */
void rpt_report_write(const struct rpt_report *report, struct buf *out);

/* Sessions of a report and one domain, under which policies without a name count when it is the
 * report's own; with an empty domain those of the whole report, added up over its domains. */
struct rpt_totals {
    uint64_t sessions, failed;
    bool estimated; /* the reporter counts a session under each policy (STS and TLSA) */
};

/* Sums as they must be: sessions under no-policy-found + the larger of (sum under sts, sum under
 * tlsa) when both name the domain, else the plain sum. Failures likewise, on their own. Sums
 * saturate instead of wrapping. */
struct rpt_totals rpt_report_totals(const struct rpt_report *report, struct str domain);

/* "sts-policy-fetch-error" and so on; for RPT_RESULT_UNKNOWN "unknown". */
struct str rpt_result_name(enum rpt_result result);
enum rpt_result rpt_result_parse(struct str name);
struct str rpt_policy_type_name(enum rpt_policy_type type);

#endif
