/*
 * dkim_tags.h - the lists of tags of DKIM-Signature fields and key records (RFC 6376 3.2).
 */
#ifndef SEALPOST_MAIL_DKIM_TAGS_H
#define SEALPOST_MAIL_DKIM_TAGS_H

#include "base/arena.h"

#define DKIM_TAGS_MAX 64 /* of one list */

/* Reads a list into values[i], the value of the tag names[i]: all between "=" and ";", blanks
 * included; p is NULL where the tag is absent. Names matter by case. False: it is no list, a tag is
 * there twice (unknown ones included), or there are too many. */
bool dkim_tags_read(struct str list, const char *const *names, size_t count, struct str *values);

/* The value without spaces, tabs, CR and LF, in the arena. Empty on failure too (arena->failed). */
struct str dkim_without_space(struct str value, struct arena *arena);

/* Decodes base64 with blanks anywhere. False: it is none, or there is no memory. */
bool dkim_base64(struct str value, struct arena *arena, struct str *out);

/* Goes through a list of words between colons. False after the last. Blanks around a word go. */
bool dkim_next_word(struct str *rest, struct str *word);

/* Whether the list has the word, case ignored. */
bool dkim_has_word(struct str list, struct str wanted);

#endif
