/*
 * near.h - how an MX host and a pattern that does not match it are related.
 *
 * Pure functions.
 */
#ifndef SEALPOST_TLSRPT_NEAR_H
#define SEALPOST_TLSRPT_NEAR_H

#include "base/str.h"

enum rpt_near {
    RPT_NEAR_NOT,
    RPT_NEAR_SPELLING,  /* one or two slips apart, digits not counted */
    RPT_NEAR_PARENT,    /* "example.org" for mx.example.org: a wildcard was meant, or the host */
    RPT_NEAR_BASE,      /* "*.mx.example.org" for mx.example.org itself */
    RPT_NEAR_ONE_LABEL, /* "*.example.org" for a.b.example.org: "*" is one label only */
};

/* The relation of a pattern to a host that it does not match; the larger value tells more. Names
 * are A-labels; longer ones than a name can be are RPT_NEAR_NOT. */
enum rpt_near rpt_near(struct str pattern, struct str host);

#endif
