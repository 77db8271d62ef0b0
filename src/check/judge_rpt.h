/*
 * judge_rpt.h - the second half of step 7: where the record's URIs lead.
 *
 * Private to src/check. A destination outside the domain needs no permission record (RFC 8460 has
 * none, unlike DMARC), so none is missed.
 */
#ifndef SEALPOST_CHECK_JUDGE_RPT_H
#define SEALPOST_CHECK_JUDGE_RPT_H

#include "check/judge.h"

void judge_rpt_rua(struct judgement *j);

/* One https URI: its host, its certificate, and what it answered to an empty report. */
void judge_rpt_https(struct judgement *j, const struct fact_rua *rua);

#endif
