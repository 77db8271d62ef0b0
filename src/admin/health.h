/*
 * health.h - whether this node does all that it should, and if not, what is wrong. Pure.
 */
#ifndef SEALPOST_ADMIN_HEALTH_H
#define SEALPOST_ADMIN_HEALTH_H

#include "admin/view.h"
#include "base/buf.h"

/* The most that a text of health_judge takes. */
#define HEALTH_TEXT_MAX ((size_t)16 * 1024)

/* Appends a line for each fault, and behind it what to do, or "ok". True: there is no fault. */
bool health_judge(const struct admin_view *view, struct buf *out);

#endif
