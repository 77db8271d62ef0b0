/*
 * txt.h - the `_smtp._tls` TXT record of RFC 8460 section 3.
 *
 * Pure functions.
 */
#ifndef SEALPOST_TLSRPT_TXT_H
#define SEALPOST_TLSRPT_TXT_H

#include "base/finding.h"

enum rpt_rua_scheme { RPT_RUA_MAILTO, RPT_RUA_HTTPS };

struct rpt_rua {
    enum rpt_rua_scheme scheme;
    struct str uri;    /* as in the record */
    struct str target; /* mailto: the address, percent-decoded; https: the URI */
};

struct rpt_txt {
    size_t rua_count; /* at least 1 */
    struct rpt_rua *rua;
};

/* Chooses among the TXT records of `_smtp._tls.DOMAIN` (each with its strings already joined) and
 * parses the one that is left, as sts_txt_parse does for its kind. */
int rpt_txt_parse(struct rpt_txt *txt, const struct str *records, size_t count,
                  struct findings *findings) NODISCARD;

/* Appends "v=TLSRPTv1; rua=URI,URI": one rua field, right behind v, no blanks around commas. The
 * URIs are written as they stand in `uri`; RPT_URI_UNSAFE bytes must have been encoded. */
void rpt_txt_print(const struct rpt_txt *txt, struct buf *out);

/* Makes a rua of what a person typed: an address, a mailto: or an https: URI. "!", "," and ";" are
 * percent-encoded. Strings go to the findings' arena; what is wrong becomes a finding. */
int rpt_rua_from_user(struct rpt_rua *rua, struct str typed, struct findings *findings) NODISCARD;

#endif
