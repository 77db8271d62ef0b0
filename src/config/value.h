/*
 * value.h - one configuration value, from text and back.
 *
 * Pure functions over a row of the schema table. A value is read into the member that the row
 * names; a list is added to what stands there already, since a list may be written in several
 * lines. What is wrong is a message that names the key, what was written, and what may be written.
 */
#ifndef SEALPOST_CONFIG_VALUE_H
#define SEALPOST_CONFIG_VALUE_H

#include "config/schema.h"

/* Where a key's member is: in a struct config, or for a key of [publisher NAME] in a struct
 * config_publisher; and what values are allocated in. */
struct config_place {
    void *members;
    struct arena *arena;
};

/* Reads text into the member of that key. False with *fault set, and the member untouched, when the
 * text is no value of the key's type or lies outside its range. The fault borrows text and lives as
 * long as the arena. */
bool config_value_read(const struct config_key *key, struct str text, const struct config_place *to,
                       struct msg *fault) NODISCARD;

/* Appends the value as config_value_read takes it, in its plainest form. */
void config_value_print(const struct config_key *key, const void *members, struct buf *out);

/* Appends what the key takes, for `config explain --json` and manual pages:
 * "1s to 10m", "0 to 64", "error, warn, info, debug"; nothing when the type says it all. */
void config_value_range(const struct config_key *key, struct buf *out);

#endif
