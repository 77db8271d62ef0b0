/*
 * sample_report.h - a report with something of everything that the views show, made by hand: they
 * are tested without a network, and without the rules of judging.
 */
#ifndef SEALPOST_TESTS_CLI_SAMPLE_REPORT_H
#define SEALPOST_TESTS_CLI_SAMPLE_REPORT_H

#include "check.h"
#include "cli/check_view.h"

/* 2026-11-24T11:00:00Z */
#define SAMPLE_NOW INT64_C(1795518000)

#define SAMPLE_POLICY "version: STSv1\r\nmode: enforce\r\nmx: *.example.org\r\nmax_age: 604800\r\n"

/* Texts of a result, an error and a warning: hostile bytes come by their argument. */
extern const struct msg_def sample_ok, sample_note, sample_warning, sample_error;

struct sample {
    struct arena arena;
    struct check_facts facts;
    struct check_results results;
    struct check_verdict verdict;
    struct check_report report; /* over the three above */
    struct dns_record record;
    struct fact_web web;
    struct check_mx_verdict mx[2];
};

/* Whether the text has that part. */
bool has(const struct buf *text, const char *part);

/* A domain without a result. */
void sample_init(struct sample *s, const char *domain);
void sample_done(struct sample *s);

/* Adds a result; texts must outlive the sample. */
struct check_result *sample_add(struct sample *s, enum check_step step, enum check_grade grade,
                                const struct msg_def *def, const char *argument);

/* An ok, a note, a warning and an error, two MX hosts, two next steps. */
void sample_fill(struct sample *s);

/* What a command has, without a command. */
void sample_cli(struct cli *c, enum lang lang);
void sample_cli_done(struct cli *c);

#endif
