/*
 * metrics.h - what this node counts, in the text format of Prometheus, version 0.0.4. Pure.
 *
 * No series a domain: a node may serve a million. sealpost-metrics(7) lists what there is.
 */
#ifndef SEALPOST_ADMIN_METRICS_H
#define SEALPOST_ADMIN_METRICS_H

#include "admin/view.h"
#include "base/buf.h"

#define METRICS_TEXT_MAX ((size_t)256 * 1024)
#define METRICS_TYPE     "text/plain; version=0.0.4; charset=utf-8"

/* Appends all of it; `healthy` is what health_judge says. */
void metrics_write(const struct admin_view *view, bool healthy, struct buf *out);

#endif
