/*
 * result.h - what a check has to say, line by line.
 *
 * A result is a message with a grade, the step that it belongs to and the thing that it is about.
 * The message's parts: MSG_TEXT what was seen, MSG_MEANING what that means for mail, MSG_FIX one
 * line that can be pasted. Its code is stable. Grades and RFC sections of our own codes stand in
 * one table, check_rules; the lints of src/mtasts and src/tlsrpt bring codes of their own.
 */
#ifndef SEALPOST_CHECK_RESULT_H
#define SEALPOST_CHECK_RESULT_H

#include "base/finding.h"

enum check_step {
    CHECK_DOMAIN,
    CHECK_STS_TXT,
    CHECK_POLICY_HOST,
    CHECK_POLICY,
    CHECK_MX,
    CHECK_DANE,
    CHECK_RPT_TXT,
    CHECK_VERDICT,
    CHECK_STEP_COUNT
};

enum check_grade { CHECK_OK, CHECK_NOTE, CHECK_WARNING, CHECK_ERROR, CHECK_GRADE_COUNT };

struct check_rule {
    const struct msg_def *def;
    enum check_step step;
    enum check_grade grade; /* where nothing makes it graver or milder */
    const char *rfc;        /* "RFC 8461 3.3"; "" where no RFC speaks of it */
};

/* Every code of this module that can be a result, by step; ended by def NULL. */
extern const struct check_rule check_rules[];

/* The row of a code, or NULL: it is another module's. */
const struct check_rule *check_rule_find(const struct msg_def *def);

/* The grade of its row; CHECK_ERROR without one. */
enum check_grade check_rule_grade(const struct msg_def *def);

struct check_result {
    struct check_result *next;
    enum check_step step;
    enum check_grade grade;
    struct msg msg;
    struct msg
        meaning; /* for a message without MSG_MEANING: its MSG_TEXT says it; def may be NULL */
    const char *rfc;
    struct str about;      /* the host, the record's name; empty: the domain */
    struct str address;    /* the host's address that it is about, or empty */
    uint64_t line, column; /* in the policy or the record; 0: the whole */
};

struct check_results {
    struct arena *arena;
    struct {
        struct check_result *first, *last;
        enum check_grade worst; /* CHECK_OK when there is none */
    } step[CHECK_STEP_COUNT];
    unsigned count[CHECK_GRADE_COUNT];
    unsigned total;
};

/* Of one check; further ones are counted, not kept. */
#define CHECK_RESULTS_MAX 2000

void check_results_init(struct check_results *r, struct arena *arena);

/* Adds what the message says, with grade, step and section from check_rules; its strings are
 * copied. Returns it, or NULL when the maximum is reached or the arena is full (arena->failed). */
struct check_result *check_add(struct check_results *r, struct msg m, struct str about,
                               struct str address);
struct check_result *check_add_as(struct check_results *r, enum check_grade grade, struct msg m,
                                  struct str about, struct str address);

/* Adds the findings of a lint to a step. meaning_of_errors: what it means when one is an error. */
void check_add_findings(struct check_results *r, enum check_step step,
                        const struct findings *findings, struct str about, const char *rfc,
                        const struct msg *meaning_of_errors);

/* Whether a result with that code is there. */
bool check_results_have(const struct check_results *r, const struct msg_def *def);

/* "domain", "mta-sts-record", "policy-host", "policy", "mx", "dane", "tlsrpt-record", "verdict";
 * "ok", "note", "warning", "error": what JSON carries; not translated. */
const char *check_step_name(enum check_step step);
const char *check_grade_name(enum check_grade grade);

#endif
