/*
 * world.h - a node on paper: host and keeper, both well, on a disk with room.
 */
#ifndef SEALPOST_TESTS_ADMIN_WORLD_H
#define SEALPOST_TESTS_ADMIN_WORLD_H

#include <stdlib.h>

#include "admin/view.h"

#define NOW    1700000000 /* 2023-11-14T22:13:20Z */
#define NOW_MS 9000000

enum { HOST, KEEPER, ROLES };

static inline struct admin_view *world_new(void)
{
    static const char *const names[ROLES] = {"host", "keeper"};
    struct admin_view *view =
        aligned_alloc(64, sizeof(struct admin_view) + ROLES * sizeof(struct admin_role));
    if (!view)
        exit(1);
    *view = (struct admin_view){.store = STR("/var/lib/sealpost"),
                                .now = NOW,
                                .now_ms = NOW_MS,
                                .disk_known = true,
                                .disk_free = 5000000000,
                                .count = ROLES};
    for (size_t i = 0; i < ROLES; i++) {
        memset(&view->roles[i], 0, sizeof view->roles[i]);
        view->roles[i].name = str_from(names[i]);
        view->roles[i].counted = true;
        view->roles[i].page.starts = 1;
        view->roles[i].page.runs[0].pid = 100 + (int64_t)i;
        view->roles[i].page.runs[0].started = NOW - 60;
        view->roles[i].page.runs[0].beat = NOW_MS - 200;
    }
    return view;
}

#endif
