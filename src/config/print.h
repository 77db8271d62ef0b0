/*
 * print.h - a configuration as a file that config_parse reads to the same effect.
 */
#ifndef SEALPOST_CONFIG_PRINT_H
#define SEALPOST_CONFIG_PRINT_H

#include "config/config.h"

#define CONFIG_PRINT_MAX ((size_t)256 * 1024)

/* A key with its value. Those of sections without a name come first, then each publisher's. */
struct config_entry {
    const struct config_key *key;
    struct str label;    /* NAME of [publisher NAME]; else empty */
    const void *members; /* for config_value_print */
    uint64_t line;       /* that set it; 0: its default */
    size_t row, publisher;
};

/* Moves on to the next entry, from {NULL} to the first; false behind the last. */
bool config_next(const struct config *config, struct config_entry *entry) NODISCARD;

/* Appends "section" or "section label". */
void config_print_section(const struct config_entry *entry, struct buf *out);

/* Appends every key with its effective value, section by section. With mark_defaults, a key that no
 * file set has "# default" behind it. */
void config_print(const struct config *config, bool mark_defaults, struct buf *out);

/* Appends one key's value as a file would have it, in quotes where it needs them. */
void config_print_value(const struct config_entry *entry, struct buf *out);

#endif
