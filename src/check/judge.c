#include "check/judge.h"

bool check_judge(const struct check_facts *facts, struct arena *arena,
                 struct check_results *results, struct check_verdict *verdict)
{
    struct judgement j = {.facts = facts, .results = results, .arena = arena};
    *verdict = (struct check_verdict){0};
    judge_domain(&j);
    judge_sts_txt(&j);
    judge_policy_host(&j);
    judge_policy(&j);
    judge_mx(&j);
    judge_dane(&j);
    judge_rpt_txt(&j);
    judge_verdict(&j, verdict);
    return !arena->failed;
}
