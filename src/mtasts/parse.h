/*
 * parse.h - what the parsers of this module share; not for use outside it.
 */
#ifndef SEALPOST_MTASTS_PARSE_H
#define SEALPOST_MTASTS_PARSE_H

#include "base/finding.h"

/* RFC 8461 3.1 and 3.2: a field name has 1 to 32 characters. */
#define STS_FIELD_NAME_MAX 32

/* ABNF WSP: space or tab. */
bool sts_is_wsp(char c);

/* s without its leading / trailing WSP. */
struct str sts_skip_wsp(struct str s);
struct str sts_rtrim_wsp(struct str s);

/* Where s stops being a field name (a letter or digit, then letters, digits, "_", "-", "."), from
 * 0; s.n when all of it is one. Its length is not looked at. */
size_t sts_field_name_span(struct str s);

/* Finds what is wrong with the value of an mx field, as one finding at line and column (of the
 * value's first byte). Returns whether the value is an MX pattern. */
bool sts_mx_value_check(struct str value, struct findings *findings, uint64_t line,
                        uint64_t column);

#endif
