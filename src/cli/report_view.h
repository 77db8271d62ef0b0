/*
 * report_view.h - a report that was read and explained, and its forms for people and machines.
 *
 * Shared by the commands that show reports; it knows no protocol, only src/tlsrpt's values.
 */
#ifndef SEALPOST_CLI_REPORT_VIEW_H
#define SEALPOST_CLI_REPORT_VIEW_H

#include "cli/cli.h"
#include "tlsrpt/explain.h"

struct report_view {
    const struct rpt_report *report;
    const struct rpt_failures *failures;
    struct rpt_totals totals;
    struct str source;
    bool lint; /* list the deviations */
};

/* The sentence that says who tried to deliver to whom, when, how many sessions there were, how many
 * failed and whether that mail was delivered. room takes what the message points at. */
struct msg report_headline(const struct report_view *v, enum lang lang, struct buf *room);

/* Failed, or at least described as failed. */
bool report_has_failures(const struct report_view *v);

/* How many deviations from RFC 8460 there are; notes about what is merely left out do not count. */
uint64_t report_deviations(const struct report_view *v);

/* Appends everything about one report / what fits into a series: one line for a report without
 * failures, the headline and the problems for another. */
void report_put_text(struct cli *c, const struct report_view *v);
void report_put_brief(struct cli *c, const struct report_view *v);

/* Writes the report as one object of the documented form. */
void report_put_json(const struct cli *c, struct json_writer *w, const struct report_view *v);

/* The numbered problems with their remedies; report_put_text and report_put_brief use it. */
void report_put_problems(struct cli *c, const struct report_view *v);

/* The original text of a report (UTF-8, or UTF-16 as found), indented. False when it is not JSON to
 * its end. */
bool report_put_raw(struct cli *c, struct str json, struct arena *arena) NODISCARD;

#endif
