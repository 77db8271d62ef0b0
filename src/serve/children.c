#include "serve/children.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "serve/messages.h"
#include "serve/user.h"

#define SIGNAL_NAME_MAX 32

static struct child *free_row(struct children *c)
{
    for (size_t i = 0; i < CHILDREN_MAX; i++) {
        if (c->rows[i].state == CHILD_NONE)
            return &c->rows[i];
    }
    return NULL;
}

/* The kernel names a sender from a foreign pid namespace 0, as we do a row without a process. */
static struct child *find_pid(struct children *c, pid_t pid)
{
    for (size_t i = 0; i < CHILDREN_MAX && pid > 0; i++) {
        if (c->rows[i].state != CHILD_NONE && c->rows[i].pid == pid)
            return &c->rows[i];
    }
    return NULL;
}

struct child *children_find(struct children *c, const struct role *role)
{
    for (size_t i = 0; i < CHILDREN_MAX; i++) {
        struct child *child = &c->rows[i];
        if (child->state != CHILD_NONE && child->role == role && !child->retired)
            return child;
    }
    return NULL;
}

/* 100, 200, 400 ... milliseconds. */
static int64_t backoff(unsigned failures)
{
    int64_t wait = RESTART_FIRST_MS;
    for (unsigned i = 1; i < failures && wait < RESTART_MOST_MS; i++)
        wait *= 2;
    return wait < RESTART_MOST_MS ? wait : RESTART_MOST_MS;
}

static void wait_to_restart(struct child *child, int64_t now)
{
    child->failures++;
    child->state = CHILD_WAITING;
    child->pid = 0;
    child->due = now + backoff(child->failures);
}

static int spawn_child(const struct children *c, const struct role *role, pid_t *pid,
                       struct error *err)
{
    struct listener sockets[LISTENERS_MAX];
    struct serve_user user;
    struct spawn s = {.role = role,
                      .config = c->config,
                      .program = c->program,
                      .sockets = sockets,
                      .counters = c->counters,
                      .notify_socket = c->notify_socket,
                      .watchdog_seconds = WATCHDOG_SECONDS};
    s.socket_count = sockets_of(c->sockets, role, sockets);
    if (geteuid() == 0) {
        int result = serve_user_find(role->user(c->config), c->config->serve.user, &user, err);
        if (result < 0)
            return result;
        s.user = &user;
    }
    return spawn_role(&s, pid, err);
}

static void start_child(struct children *c, struct child *child, int64_t now)
{
    struct error err;
    child->started = now;
    child->alive = 0;
    child->killed = false;
    if (spawn_child(c, child->role, &child->pid, &err) < 0) {
        wait_to_restart(child, now);
        LOG(LOG_ERROR, "serve.role_not_started", LOG_CSTR("role", child->role->name),
            LOG_I64("restart_ms", child->due - now), LOG_ERR(&err));
        return;
    }
    child->state = CHILD_STARTING;
    LOG(LOG_INFO, "serve.role_started", LOG_CSTR("role", child->role->name),
        LOG_I64("pid", child->pid));
}

void children_start(struct children *c, const struct role *role, int64_t now)
{
    struct child *child = free_row(c);
    if (!child)
        return; /* a row a role and as many that are about to end: see children_replace */
    *child = (struct child){.role = role};
    start_child(c, child, now);
}

void children_stop(struct children *c, struct child *child, int64_t now)
{
    child->again = false;
    if (child->state == CHILD_WAITING) {
        child->state = CHILD_NONE;
        return;
    }
    if (child->state == CHILD_STOPPING)
        return;
    child->state = CHILD_STOPPING;
    child->due = now + (int64_t)c->config->serve.stop_timeout * 1000;
    kill(child->pid, SIGTERM);
}

void children_replace(struct children *c, struct child *child, int64_t now)
{
    const struct role *role = child->role;
    /* Without a free row the role ends first and starts then; its sockets stay open all the same.
     */
    bool both = child->state != CHILD_WAITING && free_row(c);
    if (both || child->state == CHILD_WAITING) {
        child->retired = true;
        children_stop(c, child, now);
        children_start(c, role, now);
        return;
    }
    children_stop(c, child, now);
    child->again = true;
}

/* How a process ended: the signal's name or "none", and the status or -1. */
static const char *end_signal(int status)
{
    if (!WIFSIGNALED(status))
        return "none";
    const char *name = sigabbrev_np(WTERMSIG(status));
    return name ? name : "unknown";
}

static int end_status(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* One that served well begins at the first pause again. */
static void judge_run(struct child *child, int64_t now)
{
    if (child->state == CHILD_READY && now - child->started >= RAN_WELL_MS)
        child->failures = 0;
}

static void child_fell(struct child *child, int status, int64_t now)
{
    int64_t ran = now - child->started;
    bool served = child->state == CHILD_READY;
    judge_run(child, now);
    pid_t pid = child->pid;
    wait_to_restart(child, now);
    LOG(LOG_WARN, "serve.role_fell", LOG_CSTR("role", child->role->name), LOG_I64("pid", pid),
        LOG_CSTR("signal", end_signal(status)), LOG_I64("status", end_status(status)),
        LOG_I64("ran_ms", ran), LOG_U64("failures", child->failures),
        LOG_I64("restart_ms", child->due - now));
    if (!served && child->failures >= FAILING_AFTER) {
        struct msg see = msg_serve_role_failing();
        LOG(LOG_ERROR, "serve.role_failing", LOG_CSTR("role", child->role->name),
            LOG_U64("failures", child->failures), LOG_I64("restart_ms", child->due - now),
            LOG_MSG("see", &see));
    }
}

void children_ended(struct children *c, pid_t pid, int status, int64_t now)
{
    struct child *child = find_pid(c, pid);
    if (!child)
        return;
    if (child->state != CHILD_STOPPING) {
        child_fell(child, status, now);
        return;
    }
    c->unclean = c->unclean || child->killed;
    LOG(LOG_INFO, "serve.role_stopped", LOG_CSTR("role", child->role->name), LOG_I64("pid", pid),
        LOG_CSTR("signal", end_signal(status)), LOG_I64("status", end_status(status)),
        LOG_I64("ran_ms", now - child->started));
    child->state = CHILD_NONE;
    if (child->again) {
        *child = (struct child){.role = child->role};
        start_child(c, child, now);
    }
}

static bool has_line(struct str state, struct str line)
{
    struct str head;
    while (state.n) {
        str_cut(state, '\n', &head, &state);
        if (str_eq(head, line))
            return true;
    }
    return false;
}

/* Somebody else told it to end, and it finishes what it serves: the next one is not kept waiting
 * for that. Without a free row the role starts when this one has ended, as after a fall. */
static void child_leaves(struct children *c, struct child *child, int64_t now)
{
    struct child *next = free_row(c);
    if (!next)
        return;
    judge_run(child, now);
    *next = (struct child){.role = child->role, .failures = child->failures};
    wait_to_restart(next, now);
    child->retired = true;
    child->state = CHILD_STOPPING;
    child->due = now + (int64_t)c->config->serve.stop_timeout * 1000;
    LOG(LOG_WARN, "serve.role_leaves", LOG_CSTR("role", child->role->name),
        LOG_I64("pid", child->pid), LOG_U64("failures", next->failures),
        LOG_I64("restart_ms", next->due - now));
}

bool children_notified(struct children *c, pid_t pid, struct str state, int64_t now)
{
    struct child *child = find_pid(c, pid);
    if (!child)
        return false;
    if (has_line(state, STR("WATCHDOG=1")))
        child->alive = now;
    if (has_line(state, STR("STOPPING=1")) && child->state != CHILD_STOPPING && !c->ending)
        child_leaves(c, child, now);
    if (!has_line(state, STR("READY=1")) || child->state != CHILD_STARTING)
        return false;
    child->state = CHILD_READY;
    LOG(LOG_INFO, "serve.role_ready", LOG_CSTR("role", child->role->name),
        LOG_I64("pid", child->pid), LOG_I64("after_ms", now - child->started));
    return true;
}

static void kill_child(struct child *child)
{
    if (child->state == CHILD_STOPPING)
        LOG(LOG_ERROR, "serve.role_killed", LOG_CSTR("role", child->role->name),
            LOG_I64("pid", child->pid));
    else
        LOG(LOG_ERROR, "serve.role_hung", LOG_CSTR("role", child->role->name),
            LOG_I64("pid", child->pid));
    kill(child->pid, SIGKILL);
    child->killed = true;
}

void children_kill(struct children *c)
{
    for (size_t i = 0; i < CHILDREN_MAX; i++) {
        struct child *child = &c->rows[i];
        if (child->state == CHILD_NONE)
            continue;
        children_stop(c, child, 0);
        if (child->state == CHILD_STOPPING && !child->killed)
            kill_child(child);
    }
}

/* When a child that runs must next be looked at. */
static int64_t child_due(const struct child *child)
{
    if (child->state == CHILD_WAITING || (child->state == CHILD_STOPPING && !child->killed))
        return child->due;
    if (child->state == CHILD_READY && child->alive && !child->killed)
        return child->alive + (int64_t)WATCHDOG_SECONDS * 1000;
    return INT64_MAX;
}

void children_tick(struct children *c, int64_t now)
{
    for (size_t i = 0; i < CHILDREN_MAX; i++) {
        struct child *child = &c->rows[i];
        if (child->state == CHILD_NONE || child_due(child) > now)
            continue;
        if (child->state == CHILD_WAITING)
            start_child(c, child, now);
        else
            kill_child(child);
    }
}

int64_t children_due(const struct children *c)
{
    int64_t due = INT64_MAX;
    for (size_t i = 0; i < CHILDREN_MAX; i++) {
        int64_t own = c->rows[i].state == CHILD_NONE ? INT64_MAX : child_due(&c->rows[i]);
        due = own < due ? own : due;
    }
    return due;
}

bool children_running(const struct children *c)
{
    for (size_t i = 0; i < CHILDREN_MAX; i++) {
        if (c->rows[i].state != CHILD_NONE)
            return true;
    }
    return false;
}

bool children_all_ready(const struct children *c)
{
    for (size_t i = 0; i < CHILDREN_MAX; i++) {
        const struct child *child = &c->rows[i];
        if (child->state != CHILD_NONE && child->state != CHILD_READY && !child->retired)
            return false;
    }
    return true;
}
