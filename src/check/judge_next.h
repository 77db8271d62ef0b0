/*
 * judge_next.h - the most useful next steps, of all that was found.
 *
 * Private to src/check.
 */
#ifndef SEALPOST_CHECK_JUDGE_NEXT_H
#define SEALPOST_CHECK_JUDGE_NEXT_H

#include "check/judge.h"

/* Fills verdict->next by effect: errors that stop mail, errors that leave it unprotected, warnings
 * of what would be refused were the policy enforced, other errors, other warnings; of the same
 * effect earlier steps first; each code once, and only what has a fix. Where there is no error and
 * the policy could be enforced, a result says so, and is the next step when there is room. */
void judge_next(struct judgement *j, struct check_verdict *verdict);

#endif
