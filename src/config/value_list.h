/*
 * value_list.h - the values of keys that take several, and what value.c shares with it.
 *
 * Private to the module. The items of a list are parted by blanks, commas or both. Whatever kind of
 * list it is, its member is a pointer to the items and their count.
 */
#ifndef SEALPOST_CONFIG_VALUE_LIST_H
#define SEALPOST_CONFIG_VALUE_LIST_H

#include "config/value.h"

/* As config_value_read, for a key of which config_type_is_list is true. */
bool config_list_read(const struct config_key *key, struct str text, const struct config_place *to,
                      struct msg *fault) NODISCARD;

/* Empties the list, so that a file's first line for it replaces the default. */
void config_list_clear(const struct config_key *key, const struct config_place *to);

/* Appends the list as config_list_read takes it. */
void config_list_print(const struct config_key *key, const void *members, struct buf *out);

/* "host.listen", and "1s to 10m": texts in the arena, for a fault that quotes them. */
struct str config_value_name(const struct config_key *key, const struct config_place *to);
struct str config_value_range_text(const struct config_key *key, const struct config_place *to);

/* The place of text among the key's choices. */
bool config_value_find_choice(const struct config_key *key, struct str text, unsigned *out);

#endif
