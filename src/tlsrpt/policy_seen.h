/*
 * policy_seen.h - what the policy in a report says, as far as an explanation needs it.
 *
 * Reads the lines of an MTA-STS policy as reporters copy them: blanks missing or too many, any
 * case, unknown lines. It judges nothing and never fails but for memory; the grammar of RFC 8461 is
 * src/mtasts. Pure functions.
 */
#ifndef SEALPOST_TLSRPT_POLICY_SEEN_H
#define SEALPOST_TLSRPT_POLICY_SEEN_H

#include "tlsrpt/report.h"

enum rpt_mode { RPT_MODE_UNKNOWN, RPT_MODE_NONE, RPT_MODE_TESTING, RPT_MODE_ENFORCE };

struct rpt_seen {
    enum rpt_mode mode;
    bool has_max_age;
    uint64_t max_age; /* seconds */
    struct str *patterns;
    size_t pattern_count;
};

/* Reads the policy strings of a row; where they hold no mx line, mx-host gives the patterns. A row
 * that is not of type sts gives an empty value. The array is in arena, its strings are the
 * report's. Returns 0 or a negative code when memory is short. */
int rpt_seen_read(struct rpt_seen *seen, const struct rpt_policy *policy, struct arena *arena,
                  struct error *err) NODISCARD;

/* The same for the text of a policy; its strings point into text. */
int rpt_seen_read_text(struct rpt_seen *seen, struct str text, struct arena *arena,
                       struct error *err) NODISCARD;

/* Whether two policies say the same: mode, max_age and the same patterns in any order. */
bool rpt_seen_same(const struct rpt_seen *a, const struct rpt_seen *b);

/* "none", "testing", "enforce"; empty when it is not known. */
struct str rpt_mode_name(enum rpt_mode mode);

#endif
