/* What was seen of a domain earlier, from the store of this machine where there is one. */
#include <stdio.h>
#include <unistd.h>

#include "base/domain.h"
#include "cli/check_run.h"

#define PATH_MAX_HERE 4096

/* A store that nobody made is not made for this. */
static bool is_store(const char *path)
{
    char file[PATH_MAX_HERE];
    int n = snprintf(file, sizeof file, "%s/%s", path, store_file_name(STORE_CONTROL));
    return n > 0 && (size_t)n < sizeof file && access(file, F_OK) == 0;
}

int check_history_open(struct check_run *run)
{
    const struct store_options options = {.access = {[STORE_OUTBOUND] = STORE_WRITE}};
    const char *asked = cli_value(run->c, "store");
    const char *path = asked ? asked : run->node.config->store.path.p;
    struct error err;
    run->history_asked = asked != NULL;
    if (!asked && !is_store(path))
        return CLI_FINE;
    if (store_open(&run->node.store, path, &options, &err) < 0 && asked)
        return cli_fail(run->c, &err);
    return CLI_FINE;
}

/* Whoever did not ask for it is not troubled by a store that fails. */
static void lost(struct check_run *run, const struct error *err)
{
    if (!run->history_asked || run->history_lost)
        return;
    run->history_lost = true;
    check_progress_hide(&run->progress);
    run->status = cli_worse(run->status, cli_fail(run->c, err));
    cli_say(run->c, msg_check_history_lost());
}

const struct fact_earlier *check_history_get(struct check_run *run, struct str given,
                                             struct arena *arena)
{
    struct buf name CLEANUP(buf_done);
    struct store_seen seen;
    struct error err;
    buf_init(&name, DOMAIN_NAME_MAX + 1);
    if (!run->node.store || !domain_to_ascii(given, &name))
        return NULL;
    int found = store_seen_get(run->node.store, buf_view(&name), arena, &seen, &err);
    if (found < 0)
        lost(run, &err);
    struct fact_earlier *earlier = found == 1 ? arena_alloc(arena, sizeof *earlier) : NULL;
    if (earlier)
        *earlier = (struct fact_earlier){.known = true,
                                         .at = seen.at,
                                         .id = seen.id,
                                         .body_hash = seen.body_hash,
                                         .mode = seen.mode,
                                         .max_age = seen.max_age,
                                         .enforce_until = seen.enforce_until,
                                         .testing_since = seen.testing_since};
    return earlier;
}

void check_history_put(struct check_run *run, const struct check_report *report)
{
    struct arena arena CLEANUP(arena_done) = {0};
    struct fact_earlier now = {.known = false};
    struct error err;
    if (!run->node.store)
        return;
    arena_init(&arena, CHECK_ARENA_MAX);
    check_remember(report->facts, &arena, &now);
    if (!now.known || arena.failed)
        return;
    const struct store_seen seen = {.at = now.at,
                                    .id = now.id,
                                    .body_hash = now.body_hash,
                                    .mode = now.mode,
                                    .max_age = now.max_age,
                                    .enforce_until = now.enforce_until,
                                    .testing_since = now.testing_since};
    if (store_seen_put(run->node.store, report->facts->domain, &seen, &err) < 0)
        lost(run, &err);
}
