/*
 * error.h - how a function says that it failed, and why.
 *
 * A function that can fail returns 0 or a negative code, and takes a `struct error *` of the
 * caller's as its last parameter. It writes its results only when it succeeds and the error only
 * when it fails. The error is a message (msg.h) with a class for those who decide what to do next;
 * its string arguments are copied into it, so that it outlives what it speaks about.
 *
 *     struct error err;
 *     if (sts_policy_parse(&policy, text, &err) < 0) ...
 *
 * NULL is allowed for a caller that wants no detail.
 */
#ifndef SEALPOST_BASE_ERROR_H
#define SEALPOST_BASE_ERROR_H

#include "base/msg.h"

enum error_class {
    ERROR_TEMPORARY = 1, /* trying again later may help: network, a busy store, no memory */
    ERROR_PERMANENT,     /* the input or the request is wrong and stays wrong */
    ERROR_POLICY,        /* understood, and refused by a rule */
    ERROR_BUG,           /* must not happen; the message says where */
};

/* Bytes kept of all string arguments together; longer ones are clipped. */
#define ERROR_TEXT_MAX 512

struct error {
    enum error_class class;
    struct msg msg;
    char text[ERROR_TEXT_MAX]; /* what the string arguments of msg point at */
};

/* Fills *err (which may be NULL) and returns -class, so that a function can end with
 * `return error_set(err, ERROR_PERMANENT, msg_...());`. */
int error_set(struct error *err, enum error_class class, struct msg m);

/* The error that errno describes, for an operation on `path`: no such file, no permission, no
 * space, and so on, each with its remedy. Returns -class. */
int error_set_errno(struct error *err, int errnum, struct str path);

/* No memory, or an arena's or buffer's maximum reached. Returns -ERROR_TEMPORARY. */
int error_set_memory(struct error *err);

/* Copies *from to *to (either may be NULL) and returns what the failing function returned. */
int error_copy(struct error *to, const struct error *from);

/* Whether the error is this code: error_is(&err, &MSG_POLICY_TOO_LARGE). */
bool error_is(const struct error *err, const struct msg_def *def);

#endif
