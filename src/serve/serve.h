/*
 * serve.h - the supervisor, and the start of one role.
 *
 * The supervisor opens the listening sockets, keeps them, starts each role as a process of its own
 * (this program again, `serve --role R`), starts one again that falls, and stops all of them. It
 * reads its configuration and the notifications of its own children, nothing that comes from
 * strangers. doc/design/serve.md says why it is built as it is.
 */
#ifndef SEALPOST_SERVE_SERVE_H
#define SEALPOST_SERVE_SERVE_H

#include "base/finding.h"
#include "serve/role.h"

struct serve_options {
    const struct role *roles; /* the table */
    size_t role_count;
};

/* Supervises until SIGTERM or SIGINT; takes config over, and reads its file again at SIGHUP. Gives
 * the exit status: 0 after a clean stop, 1 when a role had to be killed. A negative result with
 * *err means that it did not start: sockets that cannot be opened, users that do not exist, another
 * supervisor on the same store. Must be called while the process has one thread. */
int serve_supervise(const struct serve_options *options, struct config *config, struct error *err);

/* Runs one role in this process: with the sockets that the environment hands over, or else with its
 * own, opened before root's rights are dropped. config stays the caller's. Gives the role's exit
 * status, or a negative code with *err when it could not begin. */
int serve_role(const struct role *role, const struct config *config, struct error *err);

/* Logs each fault of a configuration file. */
void serve_log_findings(struct str file, const struct findings *findings);

#endif
