/*
 * print.h - a configuration as a file that config_parse reads to the same effect.
 */
#ifndef SEALPOST_CONFIG_PRINT_H
#define SEALPOST_CONFIG_PRINT_H

#include "config/config.h"

#define CONFIG_PRINT_MAX ((size_t)256 * 1024)

/* Appends every key with its effective value, section by section. With mark_defaults, a key that no
 * file set has "# default" behind it. */
void config_print(const struct config *config, bool mark_defaults, struct buf *out);

/* Appends one key's value as a file would have it, in quotes where it needs them. */
struct config_key;
void config_print_value(const struct config_key *key, const struct config *config, struct buf *out);

#endif
