/*
 * view.h - this node at one moment, as those see it who watch it.
 */
#ifndef SEALPOST_ADMIN_VIEW_H
#define SEALPOST_ADMIN_VIEW_H

#include "base/counters.h"
#include "config/config.h"

/* A process that said nothing for so long does not live. */
#define ADMIN_SILENCE_MS 15000
/* A role that fell COUNTERS_FALLS times in this time keeps falling. */
#define ADMIN_FALLS_MS 600000
/* Less room than this on the store's disk is none: a change of many domains would not fit. */
#define ADMIN_DISK_LEAST ((uint64_t)1024 * 1024)

struct admin_role {
    struct str name;
    bool counted; /* page was read */
    struct counters_page page;
};

struct admin_view {
    struct str store; /* its path */
    int64_t now;      /* seconds since 1970 */
    int64_t now_ms;   /* clock_monotonic_ms */
    bool disk_known;
    uint64_t disk_free; /* bytes of the store's disk that its user may take */
    size_t count;
    struct admin_role roles[]; /* those that this node should run */
};

/* A view for as many roles as the configuration switches on, to be filled by admin_view_take, which
 * may be called again and again. From malloc; NULL: no memory. */
struct admin_view *admin_view_new(const struct config *config);
void admin_view_take(struct admin_view *view);

/* The role's youngest process that has not ended, silent or not; NULL: there is none. */
const struct counters_run *admin_run(const struct admin_role *role);

/* Whether a process gave a sign of life lately. */
bool admin_run_lives(const struct admin_view *view, const struct counters_run *run);

#endif
