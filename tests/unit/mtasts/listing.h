/*
 * listing.h - findings as one line of text, for tables: "error policy-bom 1:1; note ... 0:0".
 */
#ifndef SEALPOST_TESTS_MTASTS_LISTING_H
#define SEALPOST_TESTS_MTASTS_LISTING_H

#include "base/finding.h"

#define LISTING_MAX ((size_t)64 * 1024)

static inline void list_findings(const struct findings *findings, struct buf *out)
{
    for (const struct finding *f = findings->first; f; f = f->next)
        buf_printf(out, "%s%s %s %llu:%llu", out->n ? "; " : "", severity_name(f->severity),
                   f->msg.def->id, (unsigned long long)f->line, (unsigned long long)f->column);
}

#endif
