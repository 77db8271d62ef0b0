#include "admin/health.h"

#include "admin/messages.h"

struct judging {
    const struct admin_view *view;
    struct health *out;
};

static void complain(struct judging *j, struct msg fault)
{
    if (j->out->count < HEALTH_FAULTS_MAX)
        j->out->faults[j->out->count++] = fault;
}

/* How many of the last falls were lately. */
static bool keeps_falling(const struct admin_view *view, const struct counters_page *page)
{
    if (page->falls < COUNTERS_FALLS)
        return false;
    for (size_t i = 0; i < COUNTERS_FALLS; i++) {
        if (view->now_ms - page->fell_at[i] > ADMIN_FALLS_MS)
            return false;
    }
    return true;
}

static void judge_store(struct judging *j, struct str role, const struct counters_run *run)
{
    int64_t read = run->gauges[GAUGE_READ_FAILING_SINCE];
    int64_t write = run->gauges[GAUGE_WRITE_FAILING_SINCE];
    if (read)
        complain(j, msg_admin_store_unread(role, j->view->store, read));
    if (write)
        complain(j, msg_admin_store_unwritten(role, j->view->store, write));
}

static void judge_role(struct judging *j, const struct admin_role *role)
{
    const struct counters_run *run = admin_run(role);
    if (role->counted && keeps_falling(j->view, &role->page))
        complain(j, msg_admin_role_falls(role->name, role->page.falls));
    if (!run) {
        complain(j, msg_admin_role_absent(role->name));
        return;
    }
    if (!admin_run_lives(j->view, run)) {
        uint64_t seconds = (uint64_t)(j->view->now_ms - run->beat) / 1000;
        complain(j, msg_admin_role_silent(role->name, seconds));
        return;
    }
    judge_store(j, role->name, run);
    if (run->gauges[GAUGE_AT_RISK])
        complain(j, msg_admin_at_risk((uint64_t)run->gauges[GAUGE_AT_RISK]));
}

void health_judge(const struct admin_view *view, struct health *out)
{
    struct judging j = {view, out};
    out->count = 0;
    /* First what may be the cause of the rest. */
    if (!view->disk_known)
        complain(&j, msg_admin_disk_unknown(view->store));
    else if (view->disk_free < ADMIN_DISK_LEAST)
        complain(&j, msg_admin_disk_full(view->store, view->disk_free));
    for (size_t i = 0; i < view->count; i++)
        judge_role(&j, &view->roles[i]);
}

/* Whom it is about stands first, if it is about one of several. */
static struct str subject(const struct msg *fault)
{
    bool named = fault->def->nargs && fault->def->args[0].type == MSG_ARG_STR;
    return named ? fault->args[0].str : STR("");
}

bool health_has(const struct health *health, const struct msg *fault)
{
    for (size_t i = 0; i < health->count; i++) {
        const struct msg *one = &health->faults[i];
        if (one->def == fault->def && str_eq(subject(one), subject(fault)))
            return true;
    }
    return false;
}

void health_write(const struct health *health, struct buf *out)
{
    for (size_t i = 0; i < health->count; i++) {
        const struct msg *fault = &health->faults[i];
        msg_render(LANG_EN, MSG_TEXT, fault, out);
        if (msg_has(fault, MSG_FIX)) {
            buf_cstr(out, "; ");
            msg_render(LANG_EN, MSG_FIX, fault, out);
        }
        buf_byte(out, '\n');
    }
    if (!health->count)
        buf_cstr(out, "ok\n");
}
