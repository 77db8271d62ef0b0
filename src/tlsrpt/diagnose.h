/*
 * diagnose.h - why one group of failures happened, as far as the report itself shows it.
 *
 * Chooses the message (explain-* of po/) from the result type, the reason, and the MX host held
 * against the patterns of the policy. The order is that of certainty: what the policy in the report
 * proves, then what the reporter says, then what the result type alone can mean. Pure functions.
 */
#ifndef SEALPOST_TLSRPT_DIAGNOSE_H
#define SEALPOST_TLSRPT_DIAGNOSE_H

#include "tlsrpt/policy_seen.h"

/* Comparisons of an MX host with a pattern in one report, over all its groups; beyond them the
 * policy is not looked at any more, so that a hostile report stays cheap. */
#define RPT_COMPARISONS_MAX 200000

struct rpt_case {
    enum rpt_result result;
    struct str result_text, mx, reason;
    enum rpt_policy_type policy_type;
    struct str domain;             /* the policy domain */
    const struct rpt_seen *seen;   /* the policy in the report */
    const struct rpt_seen *served; /* the one that is served now, or NULL */
    size_t *comparisons;           /* how many are left */
};

/* The message; its strings are those of the case or in arena. */
struct msg rpt_diagnose(const struct rpt_case *c, struct arena *arena);

#endif
