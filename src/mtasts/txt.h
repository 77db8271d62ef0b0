/*
 * txt.h - the `_mta-sts` TXT record of RFC 8461 section 3.1 (with erratum 6285).
 *
 * Pure functions: what the resolver found goes in, an id or the reason why there is none comes out.
 */
#ifndef SEALPOST_MTASTS_TXT_H
#define SEALPOST_MTASTS_TXT_H

#include "base/finding.h"

#define STS_ID_MAX 32

struct sts_txt {
    struct str id; /* 1 to 32 letters and digits */
};

/* Chooses among the TXT records of `_mta-sts.DOMAIN` (each with its strings already joined) and
 * parses the one that is left. Records that do not begin with "v=STSv1" and a delimiter are
 * discarded; unless exactly one remains, there is no MTA-STS (RFC 8461 3.1). Discarded records that
 * look like attempts ("v=stsv1", " v=STSv1") are notes that say so. A finding's `line` is
 * the number of the record, from 1, and `column` the byte within it. Returns 0 and fills *txt,
 * which points into findings->arena, or -ERROR_PERMANENT with at least one SEVERITY_ERROR finding,
 * or -ERROR_TEMPORARY when the arena is full. Of several ids the first holds; the later ones need
 * only the form of a field. */
int sts_txt_parse(struct sts_txt *txt, const struct str *records, size_t count,
                  struct findings *findings) NODISCARD;

/* Appends "v=STSv1; id=ID;". */
void sts_txt_print(const struct sts_txt *txt, struct buf *out);

/* Whether id is 1 to 32 ASCII letters and digits. */
bool sts_id_ok(struct str id);

#endif
