#include "admin/view.h"

#include <stdlib.h>
#include <sys/statvfs.h>

#include "base/clock.h"

struct admin_view *admin_view_new(const struct config *config)
{
    size_t count = config->serve.roles.count;
    /* A page has blocks that stand at cache lines of their own. */
    size_t size = sizeof(struct admin_view) + count * sizeof(struct admin_role);
    struct admin_view *view = aligned_alloc(_Alignof(struct admin_view), size);
    if (!view)
        return NULL;
    *view = (struct admin_view){.store = config->store.path, .count = count};
    for (size_t i = 0; i < count; i++) {
        view->roles[i].name = config->serve.roles.items[i];
        view->roles[i].counted = false;
    }
    return view;
}

void admin_view_take(struct admin_view *view)
{
    struct statvfs disk;
    view->now = clock_now();
    view->now_ms = clock_monotonic_ms();
    view->disk_known = statvfs(view->store.p, &disk) == 0;
    view->disk_free = view->disk_known ? (uint64_t)disk.f_bavail * disk.f_frsize : 0;
    for (size_t i = 0; i < view->count; i++)
        view->roles[i].counted = counters_read(view->roles[i].name.p, &view->roles[i].page);
}

const struct counters_run *admin_run(const struct admin_role *role)
{
    const struct counters_run *youngest = NULL;
    for (size_t i = 0; role->counted && i < COUNTERS_RUNS; i++) {
        const struct counters_run *run = &role->page.runs[i];
        if (run->pid && (!youngest || run->started >= youngest->started))
            youngest = run;
    }
    return youngest;
}

bool admin_run_lives(const struct admin_view *view, const struct counters_run *run)
{
    return run && run->pid && view->now_ms - run->beat <= ADMIN_SILENCE_MS;
}
