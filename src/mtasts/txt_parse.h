/*
 * txt_parse.h - what the files of the TXT parser share; not for use outside this module.
 */
#ifndef SEALPOST_MTASTS_TXT_PARSE_H
#define SEALPOST_MTASTS_TXT_PARSE_H

#include "mtasts/txt.h"

/* Adds a note that says why the record with that number, from 1, was discarded. */
void sts_txt_explain_discarded(struct str record, uint64_t number, struct findings *findings);

#endif
