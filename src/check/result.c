#include "check/result.h"

#include "check/check.h"

static const char *const step_names[] = {
    [CHECK_DOMAIN] = "domain",
    [CHECK_STS_TXT] = "mta-sts-record",
    [CHECK_POLICY_HOST] = "policy-host",
    [CHECK_POLICY] = "policy",
    [CHECK_MX] = "mx",
    [CHECK_DANE] = "dane",
    [CHECK_RPT_TXT] = "tlsrpt-record",
    [CHECK_VERDICT] = "verdict",
};

static const char *const grade_names[] = {
    [CHECK_OK] = "ok",
    [CHECK_NOTE] = "note",
    [CHECK_WARNING] = "warning",
    [CHECK_ERROR] = "error",
};

const char *check_step_name(enum check_step step)
{
    return (unsigned)step < ARRAY_LEN(step_names) ? step_names[step] : "";
}

const char *check_grade_name(enum check_grade grade)
{
    return (unsigned)grade < ARRAY_LEN(grade_names) ? grade_names[grade] : "";
}

const struct check_rule *check_rule_find(const struct msg_def *def)
{
    for (const struct check_rule *rule = check_rules; rule->def; rule++) {
        if (rule->def == def)
            return rule;
    }
    return NULL;
}

enum check_grade check_rule_grade(const struct msg_def *def)
{
    const struct check_rule *rule = check_rule_find(def);
    return rule ? rule->grade : CHECK_ERROR;
}

void check_results_init(struct check_results *r, struct arena *arena)
{
    *r = (struct check_results){.arena = arena};
}

static void keep_strings(struct msg *m, struct arena *arena)
{
    for (unsigned i = 0; m->def && i < m->def->nargs; i++) {
        if (m->def->args[i].type == MSG_ARG_STR)
            m->args[i].str = arena_str(arena, m->args[i].str);
    }
}

static struct check_result *append(struct check_results *r, enum check_step step,
                                   enum check_grade grade, struct msg m)
{
    r->total++;
    r->count[grade]++;
    if (grade > r->step[step].worst)
        r->step[step].worst = grade;
    if (r->total > CHECK_RESULTS_MAX)
        return NULL;
    struct check_result *result = arena_alloc(r->arena, sizeof *result);
    if (!result)
        return NULL;
    *result = (struct check_result){.step = step, .grade = grade, .msg = m, .rfc = ""};
    keep_strings(&result->msg, r->arena);
    if (r->step[step].last)
        r->step[step].last->next = result;
    else
        r->step[step].first = result;
    r->step[step].last = result;
    return result;
}

struct check_result *check_add_as(struct check_results *r, enum check_grade grade, struct msg m,
                                  struct str about, struct str address)
{
    const struct check_rule *rule = check_rule_find(m.def);
    struct check_result *result = append(r, rule ? rule->step : CHECK_VERDICT, grade, m);
    if (!result)
        return NULL;
    result->rfc = rule ? rule->rfc : "";
    result->about = arena_str(r->arena, about);
    result->address = arena_str(r->arena, address);
    return result;
}

struct check_result *check_add(struct check_results *r, struct msg m, struct str about,
                               struct str address)
{
    return check_add_as(r, check_rule_grade(m.def), m, about, address);
}

static const enum check_grade grade_of[] = {
    [SEVERITY_NOTE] = CHECK_NOTE,
    [SEVERITY_WARNING] = CHECK_WARNING,
    [SEVERITY_ERROR] = CHECK_ERROR,
};

void check_add_findings(struct check_results *r, enum check_step step,
                        const struct findings *findings, struct str about, const char *rfc,
                        const struct msg *meaning_of_errors)
{
    for (const struct finding *f = findings->first; f; f = f->next) {
        struct check_result *result = append(r, step, grade_of[f->severity], f->msg);
        if (!result)
            continue;
        result->rfc = rfc;
        result->about = arena_str(r->arena, about);
        result->line = f->line;
        result->column = f->column;
        if (meaning_of_errors && f->severity == SEVERITY_ERROR) {
            result->meaning = *meaning_of_errors;
            keep_strings(&result->meaning, r->arena);
        }
    }
}

bool check_results_have(const struct check_results *r, const struct msg_def *def)
{
    for (unsigned step = 0; step < CHECK_STEP_COUNT; step++) {
        for (const struct check_result *i = r->step[step].first; i; i = i->next) {
            if (i->msg.def == def)
                return true;
        }
    }
    return false;
}
