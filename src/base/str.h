/*
 * str.h - borrowed bytes with their length.
 *
 * A struct str points at bytes that somebody else owns: a literal, an arena, a buffer. It is passed
 * by value, need not end in NUL, and may hold any byte, NUL included. Nothing here allocates, and
 * nothing here depends on the locale: "letter", "digit" and "case" are those of ASCII.
 */
#ifndef SEALPOST_BASE_STR_H
#define SEALPOST_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"

struct str {
    const char *p; /* may be NULL only when n is 0 */
    size_t n;
};

/* A literal as a struct str; STR_INIT is the form for static initialisers. */
#define STR(literal) ((struct str){("" literal), sizeof(literal) - 1})
#define STR_INIT(literal)                                                                          \
    {                                                                                              \
        ("" literal), sizeof(literal) - 1                                                          \
    }

/* For printf: printf("%.*s", STR_ARG(s)). Never for foreign bytes on a terminal: see escape.h. */
#define STR_ARG(s) ((int)((s).n > 0x7fffffff ? 0x7fffffff : (s).n)), ((s).p ? (s).p : "")

/* The bytes of a C string that this program owns (an argument, a literal), without the NUL;
 * NULL gives the empty string. Foreign bytes never pass here. */
struct str str_from(const char *cstr);

/* Equality of bytes; str_ieq folds ASCII case. */
bool str_eq(struct str a, struct str b);
bool str_ieq(struct str a, struct str b);

/* Order of bytes, as memcmp with the shorter first; for qsort and bsearch. */
int str_cmp(struct str a, struct str b);

bool str_starts(struct str s, struct str prefix);
bool str_istarts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
bool str_iends(struct str s, struct str suffix);

/* s without its first n bytes / only its first n bytes; n is capped at the length. */
struct str str_skip(struct str s, size_t n);
struct str str_head(struct str s, size_t n);

/* Index of the first / last byte c, or -1. */
ssize_t str_chr(struct str s, char c);
ssize_t str_rchr(struct str s, char c);

/* Index of the first place where needle stands in s, or -1. str_ifind folds ASCII case. */
ssize_t str_find(struct str s, struct str needle);
ssize_t str_ifind(struct str s, struct str needle);

/* Cuts s at the first c: *head gets what stands before it, *rest what stands after. Without c,
 * *head is all of s, *rest is empty, and the result is false. head and rest may point at s. */
bool str_cut(struct str s, char c, struct str *head, struct str *rest);

/* s without the bytes space, tab, CR and LF at both ends / at its end. */
struct str str_trim(struct str s);
struct str str_rtrim(struct str s);

/* A whole decimal number: digits only, no sign, no blanks, no overflow; at least one digit.
 * *out is written only on success. */
bool str_to_u64(struct str s, uint64_t *out);

bool ascii_is_digit(char c);
bool ascii_is_alpha(char c);
bool ascii_is_alnum(char c);
char ascii_lower(char c);

#endif
