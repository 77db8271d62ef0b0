/*
 * judge.h - what the facts of a domain mean: pure functions from facts to results.
 *
 * One function a step. Each adds at least one result, so that every step says something: what is in
 * order is an ok result that says what was seen. A fault is named once, where it is; a step that
 * cannot be judged because an earlier one failed says so as a note, and blames nothing.
 */
#ifndef SEALPOST_CHECK_JUDGE_H
#define SEALPOST_CHECK_JUDGE_H

#include "check/check.h"
#include "check/facts.h"
#include "check/result.h"

/* What is found out while judging and used by later steps. */
struct judgement {
    const struct check_facts *facts;
    struct check_results *results;
    struct arena *arena;

    bool sts_txt_usable;
    struct str sts_id;

    bool policy_served; /* at least one address gave a body that a sender takes */
    bool policy_valid;  /* and it parses */
    struct str policy_text;
    struct sts_policy policy;

    bool port_25_blocked; /* nothing on port 25 could be reached, from this network */

    struct check_mx_verdict *mx; /* facts->mx_count of them; filled by judge_mx and judge_dane */
};

void judge_domain(struct judgement *j);
void judge_sts_txt(struct judgement *j);
void judge_policy_host(struct judgement *j);
void judge_policy(struct judgement *j);
void judge_mx(struct judgement *j);
void judge_dane(struct judgement *j);
void judge_rpt_txt(struct judgement *j);

/* One result for each MX (a sentence), one on enforce, and the next steps. */
void judge_verdict(struct judgement *j, struct check_verdict *verdict);

/* All of them in order. False when the arena is full. */
bool check_judge(const struct check_facts *facts, struct arena *arena,
                 struct check_results *results, struct check_verdict *verdict) NODISCARD;

#endif
