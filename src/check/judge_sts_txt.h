/*
 * judge_sts_txt.h - the part of step 2 that looks at each name server; called by judge_sts_txt.
 */
#ifndef SEALPOST_CHECK_JUDGE_STS_TXT_H
#define SEALPOST_CHECK_JUDGE_STS_TXT_H

#include "check/judge.h"

/* Whether all name servers of the zone answer, with authority, and with the same records. */
void judge_sts_servers(struct judgement *j);

#endif
