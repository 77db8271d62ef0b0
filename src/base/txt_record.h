/*
 * txt_record.h - the form that the TXT records of RFC 8461 3.1 and RFC 8460 3 share.
 *
 *     v=NAME *WSP ";" *WSP field *WSP ";" *WSP field [*WSP ";" *WSP]
 *
 * A field is name=value; what names and values may hold is the business of each record. Pure
 * functions over borrowed bytes.
 */
#ifndef SEALPOST_BASE_TXT_RECORD_H
#define SEALPOST_BASE_TXT_RECORD_H

#include "base/str.h"

/* Both RFCs: a field name has 1 to 32 characters. */
#define TXT_FIELD_NAME_MAX 32

/* ABNF WSP: space or tab. */
bool txt_is_wsp(char c);

/* s without its leading / trailing WSP. */
struct str txt_skip_wsp(struct str s);
struct str txt_rtrim_wsp(struct str s);

/* Where s stops being a field name (a letter or digit, then letters, digits, "_", "-", "."), from
 * 0; s.n when all of it is one. Its length is not looked at. */
size_t txt_field_name_span(struct str s);

/* Whether a record begins with `version` ("v=STSv1") and a delimiter, blanks before the semicolon
 * allowed (erratum 6285 of RFC 8461); other records are to be discarded. */
bool txt_record_is(struct str record, struct str version);

/* The fields of a record for which txt_record_is holds. */
struct txt_fields {
    struct str field;           /* without blanks around it; empty: nothing stands there */
    const char *trailing_blank; /* in the last field: a blank behind it, where no delimiter follows,
                                   which the grammar does not have; else NULL */
    struct str rest;
    bool more;
};

void txt_fields_begin(struct txt_fields *f, struct str record, struct str version);

/* Goes to the next field; false after the last one. A delimiter at the end begins no field; two
 * delimiters with nothing between them give an empty one, whose place is field.p. */
bool txt_fields_next(struct txt_fields *f);

#endif
