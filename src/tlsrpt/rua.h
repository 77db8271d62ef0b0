/*
 * rua.h - one URI of a rua field: its form, and whether reports can be sent to it.
 *
 * Private to src/tlsrpt: txt.c reads records with it, rua.c what a person typed.
 */
#ifndef SEALPOST_TLSRPT_RUA_H
#define SEALPOST_TLSRPT_RUA_H

#include "tlsrpt/txt.h"

enum rpt_rua_fault {
    RPT_RUA_OK,
    RPT_RUA_UNUSABLE, /* a URI, but nothing that a report can be sent to */
    RPT_RUA_INVALID,  /* no URI by RFC 3986, or bytes that RFC 8460 wants encoded */
};

/* Parses a URI, which must have no blanks around it. What is wrong becomes a finding at that line
 * and column: an error when the URI is invalid, else of severity `unusable`. rua->target points
 * into uri or the findings' arena. */
enum rpt_rua_fault rpt_rua_parse(struct rpt_rua *rua, struct str uri, struct findings *findings,
                                 enum severity unusable, uint64_t line, uint64_t column);

#endif
