/*
 * check_view.h - a finished check as text, as JSON and as a page.
 *
 * All of them show the same report, step by step; none of them adds an opinion. Foreign bytes reach
 * them through messages, which make them harmless for a terminal, and through the writers of JSON
 * and HTML, which do it once more for their place.
 */
#ifndef SEALPOST_CLI_CHECK_VIEW_H
#define SEALPOST_CLI_CHECK_VIEW_H

#include "check/check.h"
#include "cli/cli.h"

/* ---- what they share (check_view.c) ---- */

/* Of the results of one step. */
#define CHECK_VIEW_TEXT_MAX ((size_t)256 * 1024)

/* The record's id and the policy, where a sender would take them. */
struct check_offer {
    struct str id; /* empty: there is no usable record */
    bool has_policy;
    struct sts_policy policy;
};

/* Parses them; everything in *out lives in arena. */
void check_offer_find(const struct check_facts *facts, struct arena *arena,
                      struct check_offer *out);

/* Whether every question was asked in vain: it is this machine that has no DNS, or the resolver. */
bool check_without_dns(const struct check_facts *facts);

/* What the process says of it: CLI_OUTSIDE without DNS; CLI_BAD_NEWS when a result is an error, or
 * the policy is in enforce and not every MX host takes mail under it; else CLI_FINE. */
int check_exit_status(const struct check_report *report);

/* The gravest grade of all results. */
enum check_grade check_worst(const struct check_results *results);

/* Append, in that language: the heading of a step; a grade as a word; what a result means (false
 * when it says nothing of that); where it is, as far as `text` does not say it: "mx1.example.org
 * [192.0.2.1], line 3". */
void check_render_step(enum lang lang, enum check_step step, struct buf *out);
void check_render_grade(enum lang lang, enum check_grade grade, struct buf *out);
bool check_render_meaning(enum lang lang, const struct check_result *result, struct buf *out);
void check_render_place(enum lang lang, const struct check_result *result, struct str text,
                        struct buf *out);

/* "delivers", "refuses"; "safe", "already": what JSON carries. */
const char *check_delivery_name(enum check_delivery delivery);
const char *check_enforce_name(enum check_enforce enforce);

/* ---- text (check_text.c), to c->out ---- */

/* width: columns that a line may have. */
void check_put_text(struct cli *c, const struct check_report *report, unsigned width);

struct check_totals {
    uint64_t good, bad, unknown; /* without an error / with errors / not checked */
};

void check_put_totals(struct cli *c, const struct check_totals *totals);

/* ---- JSON (check_json.c), to c->out, with a line end ---- */

/* line: of the file that named the domain; 0: none. */
void check_put_json(struct cli *c, const struct check_report *report, uint64_t line, bool pretty);

/* The same for one that could not be checked. */
void check_put_json_error(struct cli *c, struct str given, const struct msg *error, uint64_t line,
                          bool pretty);

/* ---- the rules (check_rules.c), to c->out: codes, grades, sections, texts with placeholders ----
 */

void check_put_rules(struct cli *c);

/* ---- a page (check_html.c) ---- */

/* A page begins, has a part for each domain, and ends. */
void check_html_begin(struct buf *out, enum lang lang, struct str domains);
void check_html_put(struct buf *out, enum lang lang, const struct check_report *report);
void check_html_put_error(struct buf *out, enum lang lang, struct str given,
                          const struct msg *error);
void check_html_end(struct buf *out, enum lang lang);

#endif
