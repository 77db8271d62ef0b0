#include "cli/check_run.h"

#include <event2/event.h>
#include <stdlib.h>
#include <unistd.h>

/* A domain as typed, and what was seen of it earlier. */
#define SLOT_ARENA_MAX ((size_t)64 * 1024)
/* Domains begun before the loop looks after those that run. */
#define AT_ONCE_MAX 64

struct check_slot {
    struct check_slot *next_free;
    struct check_run *run;
    struct check_item item;
    struct arena arena;
    uint64_t done, open; /* as last told */
};

static void ended(struct check_run *run, const struct check_item *item,
                  const struct check_report *report, const struct error *err)
{
    if (report) {
        int status = check_exit_status(report);
        run->status = cli_worse(run->status, status);
        if (status == CLI_OUTSIDE)
            run->totals.unknown++;
        else if (report->results->count[CHECK_ERROR])
            run->totals.bad++;
        else
            run->totals.good++;
        if (status != CLI_OUTSIDE)
            check_history_put(run, report);
    } else {
        bool ours = err->class == ERROR_TEMPORARY || err->class == ERROR_BUG;
        run->status = cli_worse(run->status, ours ? CLI_OUTSIDE : CLI_UNUSABLE);
        run->totals.unknown++;
    }
    run->feed->ended(run->feed->user, item, report, err);
}

static void free_slot(struct check_slot *slot)
{
    struct check_run *run = slot->run;
    if (run->progress.of_domains) {
        run->progress.done++;
        run->progress.open--;
    } else {
        run->progress.open -= slot->open;
    }
    arena_reset(&slot->arena);
    slot->next_free = run->free;
    run->free = slot;
    run->running--;
}

static void on_checked(void *user, const struct check_report *report, const struct error *err)
{
    struct check_slot *slot = user;
    ended(slot->run, &slot->item, report, err);
    free_slot(slot);
    check_run_more(slot->run);
}

static void on_progress(void *user, unsigned done, unsigned open)
{
    struct check_slot *slot = user;
    struct check_progress_line *p = &slot->run->progress;
    if (!p->of_domains) {
        p->done += done - slot->done;
        p->open += open - slot->open;
    }
    slot->done = done;
    slot->open = open;
}

static void start(struct check_run *run, const struct check_item *item)
{
    struct check_slot *slot = run->free;
    struct error err;
    run->free = slot->next_free;
    run->running++;
    if (run->progress.of_domains)
        run->progress.open++;
    slot->done = slot->open = 0;
    slot->item = (struct check_item){item->number, arena_str(&slot->arena, item->domain)};
    const struct fact_earlier *earlier = check_history_get(run, slot->item.domain, &slot->arena);
    int failed = 0;
    if (slot->arena.failed)
        failed = error_set_memory(&err);
    else if (!check_start(run->checker, slot->item.domain, earlier, on_checked, on_progress, slot,
                          &err))
        failed = -(int)err.class;
    if (failed) {
        ended(run, item, NULL, &err);
        free_slot(slot);
    }
}

/* Starts checks until as many run as may, or there is nothing to start. */
static void on_fill(evutil_socket_t fd, short events, void *user)
{
    struct check_run *run = user;
    (void)fd;
    (void)events;
    for (unsigned n = 0; run->free && !run->feed_ended && !check_output_is_full(&run->output);
         n++) {
        struct check_item item;
        if (n == AT_ONCE_MAX) {
            check_run_more(run);
            break;
        }
        enum check_feed_result result = run->feed->next(run->feed->user, &item);
        if (result == CHECK_FEED_LATER)
            break;
        if (result == CHECK_FEED_END)
            run->feed_ended = true;
        else
            start(run, &item);
    }
    if (run->feed_ended && run->running == 0)
        event_base_loopbreak(run->base);
}

void check_run_more(struct check_run *run)
{
    event_active(run->fill, EV_TIMEOUT, 0);
}

void check_run_flush(struct check_run *run)
{
    check_progress_hide(&run->progress);
    if (!run->c->out.failed && check_output_write(&run->output))
        return;
    /* What nobody can read need not be found out. */
    cli_say(run->c, run->c->out.failed ? msg_cli_no_memory() : msg_cli_cannot_write());
    buf_reset(&run->c->out);
    run->status = cli_worse(run->status, CLI_OUTSIDE);
    run->feed_ended = true;
}

static void on_taken(void *user)
{
    struct check_run *run = user;
    check_run_flush(run);
    check_run_more(run);
}

static int make_slots(struct check_run *run, struct error *err)
{
    run->slots = calloc(run->jobs, sizeof *run->slots);
    if (!run->slots)
        return error_set_memory(err);
    for (unsigned i = run->jobs; i-- > 0;) {
        struct check_slot *slot = &run->slots[i];
        slot->run = run;
        slot->next_free = run->free;
        arena_init(&slot->arena, SLOT_ARENA_MAX);
        run->free = slot;
    }
    return 0;
}

static int prepare(struct check_run *run, struct error *err)
{
    run->base = event_base_new();
    if (!run->base)
        return error_set_memory(err);
    run->fill = event_new(run->base, -1, 0, on_fill, run);
    if (!run->fill)
        return error_set_memory(err);
    int rc = make_slots(run, err);
    if (rc == 0)
        rc = check_progress_begin(&run->progress, run->base, run->c->lang,
                                  isatty(STDERR_FILENO) ? STDERR_FILENO : -1, err);
    if (rc == 0 &&
        !check_output_begin(&run->output, run->base, STDOUT_FILENO, &run->c->out, on_taken, run))
        rc = error_set_memory(err);
    if (rc < 0)
        return rc;
    run->checker = checker_new(run->base, &run->settings, err);
    return run->checker ? 0 : -(int)err->class;
}

int check_run_prepare(struct check_run *run)
{
    struct error err;
    return prepare(run, &err) < 0 ? cli_fail(run->c, &err) : CLI_FINE;
}

int check_run_feed(struct check_run *run, const struct check_feed *feed)
{
    run->feed = feed;
    check_run_more(run);
    event_base_dispatch(run->base);
    check_progress_end(&run->progress);
    return run->status;
}

int check_run_open(struct cli *c, struct check_run *run)
{
    *run = (struct check_run){.c = c, .jobs = CHECK_JOBS, .progress = {.fd = -1}};
    int status = node_load_optional(c, &run->node);
    if (status == CLI_FINE)
        status = check_read_options(run);
    if (status == CLI_FINE)
        status = check_history_open(run);
    return status;
}

void check_run_close(struct check_run *run)
{
    check_progress_end(&run->progress);
    check_output_end(&run->output);
    checker_free(run->checker);
    for (unsigned i = 0; run->slots && i < run->jobs; i++)
        arena_done(&run->slots[i].arena);
    free(run->slots);
    if (run->fill)
        event_free(run->fill);
    if (run->base)
        event_base_free(run->base);
    tls_trust_free(run->trust);
    node_close(&run->node);
}
