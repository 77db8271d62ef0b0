/*
 * check_run.h - the loop of `sealpost check`: domains come from a feed, some of them are checked at
 * a time, and what was found goes back to the feed.
 *
 * Memory is bounded by the number of checks that run at a time: a report is shown when its check
 * ends, and goes.
 */
#ifndef SEALPOST_CLI_CHECK_RUN_H
#define SEALPOST_CLI_CHECK_RUN_H

#include "cli/check_output.h"
#include "cli/check_progress.h"
#include "cli/check_view.h"
#include "cli/node.h"

#define CHECK_JOBS        200 /* checks at a time, where --jobs is not given */
#define CHECK_JOBS_MAX    10000
#define CHECK_SECONDS_MAX 3600
#define CHECK_ADDRESS_MAX 1000 /* connections to one address */

/* What one check has open at a time, mostly, and what the process has besides. */
#define CHECK_FILES_EACH   24
#define CHECK_FILES_BESIDE 64

/* One domain of a feed. */
struct check_item {
    uint64_t number;   /* whatever the feed tells them apart by; rising */
    struct str domain; /* as given; good until the next call of next */
};

enum check_feed_result { CHECK_FEED_END, CHECK_FEED_ITEM, CHECK_FEED_LATER };

struct check_feed {
    /* CHECK_FEED_LATER: there is none at the moment; check_run_more will be called. */
    enum check_feed_result (*next)(void *user, struct check_item *out);
    /* Each item ends here, in the order in which the checks end. report is NULL and err set when it
     * could not be checked. Both are good during the call only. */
    void (*ended)(void *user, const struct check_item *item, const struct check_report *report,
                  const struct error *err);
    void *user;
};

struct check_run {
    struct cli *c;
    struct node node;
    struct tls_trust *trust;
    struct check_settings settings;
    unsigned jobs;
    bool history_asked; /* --store was given: a store that cannot be used is an error */
    bool history_lost;  /* it was said already that nothing can be kept */
    int status;         /* the exit status so far */
    struct check_totals totals;

    struct event_base *base;
    struct checker *checker;
    struct check_progress_line progress;
    struct check_output output;
    const struct check_feed *feed;
    struct check_slot *slots, *free;
    struct event *fill;
    unsigned running;
    bool feed_ended;
};

/* Reads the options, the configuration and the store into *run. An exit status; what is wrong is
 * told to the user. *run is safe to give to check_run_close in any case. */
int check_run_open(struct cli *c, struct check_run *run);
void check_run_close(struct check_run *run);

/* Makes the loop and the checker. */
int check_run_prepare(struct check_run *run);

/* Checks all that the feed gives; returns when its last domain has ended. */
int check_run_feed(struct check_run *run, const struct check_feed *feed);

/* The feed has more, or has ended. */
void check_run_more(struct check_run *run);

/* Writes what is in c->out as far as it is taken now, with the progress line out of the way. */
void check_run_flush(struct check_run *run);

/* ---- check_options.c ---- */

/* --jobs and the settings of the checks. An exit status. */
int check_read_options(struct check_run *run);

/* How many of `wanted` checks can run at a time with so many open files; at least 1. */
unsigned check_jobs_for_files(unsigned wanted, uint64_t files);

/* Raises this process's limit of open files as far as it may go, and gives how many checks can run
 * at a time within it, at most `wanted`. *limit gets the limit. */
unsigned check_jobs_within_limit(unsigned wanted, uint64_t *limit);

/* ---- check_history.c ---- */

/* Opens the store for what was seen earlier. An exit status. */
int check_history_open(struct check_run *run);

/* What was seen of the domain, in arena; NULL when that is not known. */
const struct fact_earlier *check_history_get(struct check_run *run, struct str given,
                                             struct arena *arena);

void check_history_put(struct check_run *run, const struct check_report *report);

/* ---- the feeds ---- */

/* The domains of the command line, shown in their order (check_given.c). An exit status. */
int check_given(struct check_run *run);

/* Those of a file, shown as they end (check_many.c). */
int check_many(struct check_run *run, const char *path);

#endif
