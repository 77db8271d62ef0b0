/*
 * health.h - whether this node does all that it should, and if not, what is wrong. Pure.
 */
#ifndef SEALPOST_ADMIN_HEALTH_H
#define SEALPOST_ADMIN_HEALTH_H

#include "admin/view.h"
#include "base/buf.h"
#include "base/msg.h"

/* The most faults that are kept; more say nothing that these do not. */
#define HEALTH_FAULTS_MAX 32

/* The most that a text of health_write takes. */
#define HEALTH_TEXT_MAX ((size_t)16 * 1024)

/* What is wrong, the likely causes of the rest first. Texts are those of the view's configuration.
 */
struct health {
    struct msg faults[HEALTH_FAULTS_MAX];
    size_t count; /* 0: all is well */
};

void health_judge(const struct admin_view *view, struct health *out);

/* Whether the fault is among them: the same thing of the same role, though its figures may have
 * changed. */
bool health_has(const struct health *health, const struct msg *fault);

/* Appends a line for each fault, and behind it what to do, or "ok". */
void health_write(const struct health *health, struct buf *out);

#endif
