/* Reads a report in one call and gives what was found as text, for the tests of src/tlsrpt. */
#ifndef SEALPOST_TESTS_TLSRPT_READING_H
#define SEALPOST_TESTS_TLSRPT_READING_H

#include "check.h"

#include "tlsrpt/report.h"

struct reading {
    struct arena arena;
    struct rpt_report report;
    struct error err;
    uint64_t offset;
    int result;
    struct buf found; /* "code path\n" for each finding; notes in parentheses */
    struct buf written;
};

static inline void reading_done(struct reading *r)
{
    arena_done(&r->arena);
    buf_done(&r->found);
    buf_done(&r->written);
}

static inline void reading_start_with(struct reading *r, struct str text,
                                      const struct rpt_hints *hints)
{
    arena_init(&r->arena, (size_t)64 * 1024 * 1024);
    buf_init(&r->found, 1024 * 1024);
    buf_init(&r->written, 1024 * 1024);
    r->offset = 4711;
    r->report = (struct rpt_report){.policies = NULL};
    r->result = rpt_report_read(&r->report, text, hints, &r->arena, &r->offset, &r->err);
    for (const struct finding *f = r->report.warnings.first; f; f = f->next)
        buf_printf(&r->found, f->severity == SEVERITY_NOTE ? "(%s %.*s)\n" : "%s %.*s\n",
                   f->msg.def->id, STR_ARG(f->path));
    if (r->result == 0)
        rpt_report_write(&r->report, &r->written);
}

static inline void reading_start(struct reading *r, const char *text)
{
    reading_start_with(r, str_from(text), NULL);
}

/* A report around a value of "policies" / one policy row / the policy of a row. */
#define REPORT(policies)                                                                           \
    "{\"organization-name\":\"O\",\"date-range\":{\"start-datetime\":\"2026-01-31T00:00:00Z\","    \
    "\"end-datetime\":\"2026-01-31T23:59:59Z\"},\"contact-info\":\"c@o.example\","                 \
    "\"report-id\":\"i\",\"policies\":" policies "}"
#define SUMMARY(good, bad)                                                                         \
    "\"summary\":{\"total-successful-session-count\":" good                                        \
    ",\"total-failure-session-count\":" bad "}"
#define NONE_FOUND                                                                                 \
    "\"policy\":{\"policy-type\":\"no-policy-found\",\"policy-domain\":\"a.example\"}"

#endif
