/*
 * read.h - what the parts of the report reader share.
 *
 * Private to src/tlsrpt: report_read.c holds the report as a whole, read_policy.c and
 * read_detail.c what is in it, read_value.c the values that every part reads. The reader takes the
 * exact form first and looks further only when it does not fit, so that a report without deviations
 * costs nothing for those that it does not have.
 *
 * Of members that stand twice in an object the first wins; a member that is null counts as absent.
 */
#ifndef SEALPOST_TLSRPT_READ_H
#define SEALPOST_TLSRPT_READ_H

#include "base/json_read.h"
#include "tlsrpt/report.h"

/* Bytes of a finding's path; what is longer is cut. */
#define RPT_PATH_MAX 512

/* Bytes of the report's own text that a finding repeats. */
#define RPT_SHOWN_MAX 200

struct rpt_reading {
    struct arena *arena;
    struct rpt_report *report;
    const struct rpt_hints *hints;
    size_t details;          /* over all policies, for RPT_DETAILS_MAX */
    const char *over_limit;  /* the member that holds more than its limit, or NULL */
    struct json_reader json; /* last: it is large, and only entered levels of it are touched */
};

/* A member that an object can have. Further rows with the same id are other names for it. */
struct rpt_member {
    struct str name;
    uint8_t id;     /* from 0, below 32 */
    uint8_t places; /* objects where it belongs, for tables that serve several; else 1 */
    bool other_name;
};

/* Walks the members of one object (or of several that share a table). */
struct rpt_members {
    const struct rpt_member *table;
    unsigned count;
    unsigned cursor; /* where the next one is looked for first: members mostly come in order */
    uint32_t seen;   /* bits of the ids that were there, null or not */
};

/* Adds a finding about the value being read, or about its member `member`, if that is not NULL. */
void rpt_deviation(struct rpt_reading *rd, enum severity severity, struct msg m);
void rpt_deviation_in(struct rpt_reading *rd, enum severity severity, struct msg m,
                      const char *member);

/* Goes to the next member that the table knows and that is not null, its value next to be read;
 * gives its row, or NULL behind the last one. `place` is the object that is being read. Unknown,
 * repeated and null members are reported and passed over. */
const struct rpt_member *rpt_member_next(struct rpt_reading *rd, struct rpt_members *m,
                                         uint8_t place);

/* Adds "missing" findings for the ids of `wanted` that were not seen, first rows' names. */
void rpt_members_missing(struct rpt_reading *rd, const struct rpt_members *m, uint32_t wanted);

/* Goes into the array that comes next. A single value in its place is reported, and *single set:
 * the caller reads that value as the only element. False when there is nothing to read. */
bool rpt_array_enter(struct rpt_reading *rd, struct str name, bool *single);

/* Goes into the object that comes next; anything else is reported and passed over. */
bool rpt_object_enter(struct rpt_reading *rd, struct str name);

/* Reads a string; *out stays as it is when there is nothing sensible to take. */
void rpt_string_read(struct rpt_reading *rd, struct str name, struct str *out);

/* Reads a count. False when there is nothing sensible to take. */
bool rpt_count_read(struct rpt_reading *rd, struct str name, uint64_t *out);

/* Reads an array of strings, each handed to `add`. */
typedef void rpt_add_string(struct rpt_reading *rd, struct rpt_strings *list, struct str s);
void rpt_strings_read(struct rpt_reading *rd, struct str name, struct rpt_strings *list,
                      rpt_add_string *add);

/* Appends to a list of strings, at most RPT_STRINGS_MAX. */
rpt_add_string rpt_strings_append;

/* Makes room for one more element in an array that doubles: capacities are the powers of two from
 * `first`, so that they follow from the count. Gives the array or NULL when memory is short. */
void *rpt_array_grow(struct rpt_reading *rd, void *at, size_t count, size_t first, size_t size);

/* Saturating sum. */
uint64_t rpt_add(uint64_t a, uint64_t b);

/* Reads the value of "policies" / of "failure-details". */
void rpt_policies_read(struct rpt_reading *rd, struct str name);
void rpt_details_read(struct rpt_reading *rd, struct str name, struct rpt_policy *policy);

/* Sets report->domain by the rule of report.h and reports where it had to come from. */
void rpt_domain_choose(struct rpt_reading *rd);

#endif
