/*
 * explain.h - what the failures of a report mean, and what to do about them.
 *
 * Failures are folded into groups by result type, MX host and reason, over the addresses of the
 * senders, and ranked by sessions lost. Each group is diagnosed from the report itself: the MX host
 * is held against the `mx` lines of the policy in the same report, the mode says whether mail was
 * lost. What comes out is messages (msg.h), never sentences. Pure functions.
 *
 * Folding sorts instead of hashing: n log n comparisons for any input, with no seed to be guessed.
 * A row with failures in its summary and no details gives one group of its own
 * (explain-no-details); where details and summary differ otherwise, both are left as they are.
 */
#ifndef SEALPOST_TLSRPT_EXPLAIN_H
#define SEALPOST_TLSRPT_EXPLAIN_H

#include "tlsrpt/policy_seen.h"
#include "tlsrpt/report.h"

/* Whether the mail of failed sessions was delivered all the same. */
enum rpt_lost {
    RPT_LOST_NO,      /* mode testing or none, or no policy: it still flowed */
    RPT_LOST_YES,     /* mode enforce or DANE: it was delayed or bounced */
    RPT_LOST_UNKNOWN, /* the report does not carry the policy */
};

struct rpt_failure {
    enum rpt_result result;
    struct str result_text;
    struct str mx;     /* receiving-mx-hostname; may be empty */
    struct str reason; /* failure-reason-code; may be empty */
    enum rpt_policy_type policy_type;
    struct str policy_domain;
    uint64_t sessions;
    enum rpt_lost lost;
    size_t senders;          /* different sending-mta-ip addresses */
    struct str first_sender; /* one of them, or empty */
    enum rpt_mode mode;      /* of the policy in the report, when its type is sts */
    uint64_t max_age;        /* seconds for which senders may go on to hold that policy; or 0 */
    bool outdated;           /* that policy is not the one that is served now */
    struct msg explanation;  /* MSG_TEXT: what happened; MSG_CAUSE: why, likely; MSG_FIX: the
                                remedy as a line to type where there is one */
};

struct rpt_failures {
    struct rpt_failure *at; /* most sessions lost first, then most sessions */
    size_t count;
};

/* Explains a report. Everything is allocated in arena. served, when not NULL, is the text of the
 * policy that the domain serves now, to be compared with what the reporter saw. Returns 0 or a
 * negative code when memory is short. */
int rpt_explain(struct rpt_failures *failures, const struct rpt_report *report,
                const struct str *served, struct arena *arena, struct error *err) NODISCARD;

#endif
