/*
 * reason.h - what a failure-reason-code of RFC 8460 section 4.4 is about.
 *
 * The field is free text: enumerators of Microsoft, errors of Go and OpenSSL, sentences. This is
 * the list of words that are known to tell something. Pure functions.
 */
#ifndef SEALPOST_TLSRPT_REASON_H
#define SEALPOST_TLSRPT_REASON_H

#include "base/str.h"

enum rpt_reason {
    RPT_REASON_OTHER,       /* empty, or it tells nothing that is known here */
    RPT_REASON_MX_MISMATCH, /* the policy does not list the MX host */
    RPT_REASON_HOST_MISMATCH,
    RPT_REASON_EXPIRED,
    RPT_REASON_NOT_TRUSTED,
    RPT_REASON_TLSA,
    RPT_REASON_REDIRECT,
    RPT_REASON_STATUS, /* an HTTP status: rpt_reason_status */
    RPT_REASON_TIMEOUT,
    RPT_REASON_DNS,
    RPT_REASON_CONNECTION,
    RPT_REASON_HANDSHAKE,
};

enum rpt_reason rpt_reason_parse(struct str reason);

/* The HTTP status other than 200 that the text names ("bad https response code: 404"), or 0. */
unsigned rpt_reason_status(struct str reason);

#endif
