/*
 * schema.h - the table of all configuration keys.
 *
 * One row a key: from it come the reader, its errors, `sealpost config check`, `config dump`,
 * `config explain`, and the check of the manual page. Rows of one section stand together, in the
 * order in which people are shown them.
 */
#ifndef SEALPOST_CONFIG_SCHEMA_H
#define SEALPOST_CONFIG_SCHEMA_H

#include "base/msg.h"
#include "config/config.h"

enum config_type {
    CONFIG_PATH,      /* struct str: an absolute path; empty only where that is the default */
    CONFIG_USER,      /* struct str: the name of a system user */
    CONFIG_NUMBER,    /* uint64_t, min to max */
    CONFIG_DURATION,  /* uint64_t, min to max seconds: 10s, 5m, 2h, 1d */
    CONFIG_SIZE,      /* uint64_t, min to max bytes: 512, 64KiB, 1MiB */
    CONFIG_SWITCH,    /* bool: yes, no */
    CONFIG_CHOICE,    /* unsigned: the place of one of `choices` */
    CONFIG_CHOICES,   /* struct config_names: min to max of `choices` */
    CONFIG_DOMAINS,   /* struct config_names: min to max domains, as A-labels in lower case */
    CONFIG_ADDRESSES, /* struct config_addresses: min to max */
    CONFIG_LISTENERS, /* struct config_listeners: min to max, each address once */
    CONFIG_NETWORKS,  /* struct config_networks: min to max */
    CONFIG_RESOLVERS, /* struct config_resolvers: min to max, over TLS all or none */
};

struct config_key {
    const char *section, *name;
    enum config_type type;
    bool repeated; /* a key of [SECTION NAME], of which there can be several */
    size_t offset; /* of its member in struct config; repeated: in struct config_publisher */
    uint64_t min, max;
    const char *const *choices; /* ended by NULL */
    uint16_t port;              /* of addresses without one; 0 when it must be written */
    const char *fallback;       /* the default, as a file would write it */
    const char *since;          /* the version that brought it */
    const struct msg_def *help; /* one line, no arguments */
};

extern const struct config_key config_keys[];
extern const size_t config_key_count;

/* The rows from here on are repeated. */
extern const size_t config_first_repeated;

/* The row of a key, or NULL. */
const struct config_key *config_key_find(struct str section, struct str name);

/* Whether a key of that section exists. */
bool config_section_exists(struct str section);

/* Whether a section of that kind needs a name: [publisher NAME]. */
bool config_section_is_repeated(struct str section);

/* The name that is nearest to what was written, for "did you mean": a section, or a key of
 * section. Empty when none is near. */
struct str config_nearest_section(struct str written);
struct str config_nearest_key(struct str section, struct str written);

/* The section that has a key of that name, if only one has; else empty. */
struct str config_section_of(struct str name);

/* "path", "duration" and so on: what `config explain --json` carries. */
const char *config_type_name(enum config_type type);

/* Whether a key takes several values and may therefore be written several times. */
bool config_type_is_list(enum config_type type);

#endif
