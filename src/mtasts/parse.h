/*
 * parse.h - what the parsers of this module share; not for use outside it.
 */
#ifndef SEALPOST_MTASTS_PARSE_H
#define SEALPOST_MTASTS_PARSE_H

#include "base/finding.h"
#include "base/txt_record.h"

/* Finds what is wrong with the value of an mx field, as one finding at line and column (of the
 * value's first byte). Returns whether the value is an MX pattern. */
bool sts_mx_value_check(struct str value, struct findings *findings, uint64_t line,
                        uint64_t column);

#endif
