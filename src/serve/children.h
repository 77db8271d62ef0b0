/*
 * children.h - the role processes of a supervisor: started, watched, started again, stopped.
 *
 * No clock and no loop in here: the time comes in as `now`, milliseconds of a clock that never goes
 * back, and children_due says when there will be something to do.
 */
#ifndef SEALPOST_SERVE_CHILDREN_H
#define SEALPOST_SERVE_CHILDREN_H

#include "serve/sockets.h"
#include "serve/spawn.h"

#define CHILDREN_MAX 64

/* A role that fell is started again after RESTART_FIRST_MS, then twice that, up to RESTART_MOST_MS;
 * one that served for RAN_WELL_MS begins at the first again. */
#define RESTART_FIRST_MS 100
#define RESTART_MOST_MS  30000
#define RAN_WELL_MS      10000

/* Falls in a row, without once having served, after which each is logged as an error. */
#define FAILING_AFTER 3

/* A role that has said once that it is alive must say so in this time. */
#define WATCHDOG_SECONDS 60

enum child_state {
    CHILD_NONE,     /* the row is free */
    CHILD_WAITING,  /* fell; starts again at `due` */
    CHILD_STARTING, /* runs, has not said that it serves */
    CHILD_READY,    /* serves */
    CHILD_STOPPING, /* asked to end; is killed at `due` */
};

struct child {
    const struct role *role;
    enum child_state state;
    pid_t pid;         /* 0 while waiting */
    bool retired;      /* another one has taken its place, or its role was switched off */
    bool again;        /* starts once more when it has ended */
    bool killed;       /* SIGKILL was sent */
    int64_t started;   /* when it was last started */
    int64_t due;       /* see state */
    int64_t alive;     /* when it last said so, or 0 */
    unsigned failures; /* falls in a row */
};

struct children {
    struct child rows[CHILDREN_MAX];
    const struct config *config; /* of the roles that start from now on */
    const struct socket_set *sockets;
    const struct counter_pages *counters;
    const char *notify_socket;
    int program;
    bool ending;  /* the supervisor ends: nothing takes the place of one that leaves */
    bool unclean; /* a child had to be killed */
};

/* Starts a role that has no process. A failure to start is logged and tried again like a fall. */
void children_start(struct children *c, const struct role *role, int64_t now);

/* The process that serves the role or is to serve it, or NULL. */
struct child *children_find(struct children *c, const struct role *role);

/* Asks a child to end, and remembers when it must have. */
void children_stop(struct children *c, struct child *child, int64_t now);

/* Starts a second process for the role with what is now configured, and asks the first to end:
 * both have the sockets, so that nobody is refused meanwhile. */
void children_replace(struct children *c, struct child *child, int64_t now);

/* A process ended; status as waitpid(2) gives it. */
void children_ended(struct children *c, pid_t pid, int status, int64_t now);

/* A process told how it is. True when the role serves from now on. One that says that it ends,
 * unasked, is followed by another after the pause of a fall; it has serve.stop_timeout to finish.
 */
bool children_notified(struct children *c, pid_t pid, struct str state, int64_t now);

/* Does what is due: starts again, kills what did not end in time or no longer says that it lives.
 */
void children_tick(struct children *c, int64_t now);

/* When children_tick has something to do next; INT64_MAX for never. */
int64_t children_due(const struct children *c);

/* Ends all at once and without mercy. */
void children_kill(struct children *c);

/* Whether any process runs / whether each role that was started serves. */
bool children_running(const struct children *c);
bool children_all_ready(const struct children *c);

#endif
