/*
 * config.h - the configuration of one node, read and checked.
 *
 * The file holds only what differs between nodes: which roles run, where they listen, where the
 * store is. Domains, policies and certificates live in the store. The keys are the rows of the
 * table in schema.c; each row writes into one member of struct config, and its type is checked when
 * the program is built. Whoever needs a new key adds a member here and a row there.
 *
 *     struct config *config CLEANUP(config_freep) = NULL;
 *     if (config_load(&config, cli_value(c, "config"), &findings, &err) < 0) ...
 *     open_store(config->store.path);
 *
 * A struct config is complete (what the file does not set has its default), never changes after it
 * was read, and owns everything in it. Reading finds every fault of the file, not only the first;
 * a file with one gives no struct config.
 */
#ifndef SEALPOST_CONFIG_CONFIG_H
#define SEALPOST_CONFIG_CONFIG_H

#include "base/arena.h"
#include "base/error.h"
#include "base/finding.h"
#include "config/listener.h"
#include "config/network.h"
#include "config/resolver.h"

#define CONFIG_DEFAULT_FILE "/etc/sealpost/sealpost.conf"
#define CONFIG_ENVIRONMENT  "SEALPOST_CONFIG"

#define CONFIG_FILE_MAX ((size_t)256 * 1024) /* bytes */
#define CONFIG_LIST_MAX 64                   /* items of a list */

struct config_addresses {
    const struct config_address *items;
    size_t count;
};

struct config_listeners {
    const struct config_listener *items;
    size_t count;
};

struct config_networks {
    const struct config_network *items;
    size_t count;
};

struct config_resolvers {
    const struct config_resolver *items;
    size_t count;
};

struct config_names {
    const struct str *items; /* each is followed by a NUL */
    size_t count;
};

enum config_publisher_type { CONFIG_PUBLISHER_RFC2136, CONFIG_PUBLISHER_COMMAND };

/* One section [publisher NAME]: somebody who can write into DNS. */
struct config_publisher {
    struct str name;                 /* letters, digits, hyphens, underscores */
    unsigned type;                   /* enum config_publisher_type */
    struct config_names zones;       /* that it writes; none: all */
    struct config_addresses servers; /* rfc2136; none: the primary that the zone's SOA names */
    struct str key_file;             /* rfc2136 */
    struct str command;              /* command */
    uint64_t timeout;                /* of one server, or of the command */
    uint64_t wait;                   /* for the zone's name servers, at most */
    uint64_t line;                   /* where the section begins */
    const uint64_t *lines;           /* as those of struct config */
};

/* Durations are in seconds, sizes in bytes. The texts are each followed by a NUL. */
struct config {
    struct {
        struct str path; /* the folder of the databases, absolute */
    } store;
    struct {
        struct config_names roles;
        struct str user; /* of roles that have none of their own on this machine */
        uint64_t stop_timeout;
    } serve;
    struct {
        unsigned level; /* enum log_level */
    } log;
    struct {
        struct config_listeners listen;
        struct config_addresses challenge_listen;   /* for http-01 */
        struct config_networks proxy_protocol_from; /* of TCP balancers */
        uint64_t workers;                           /* 0: one a processor; see config_workers */
        struct str user;
        uint64_t max_connections;             /* of the whole role */
        uint64_t max_connections_per_address; /* 0: no limit */
        uint64_t max_requests;                /* on one connection */
        uint64_t cache_certificates; /* kept ready for handshakes, by all workers together */
        uint64_t header_size;        /* of one request */
        unsigned access_log;         /* enum access_detail */
        uint64_t handshake_timeout, header_timeout, write_timeout, idle_timeout;
    } host;
    struct {
        struct str user;
        struct str certificates_from; /* folder in the layout of certbot's live/; empty: none */
    } keeper;
    struct {
        struct config_addresses listen;
        struct str user;
    } admin;
    struct {
        uint64_t jobs;      /* certificates that are being ordered at the same time */
        struct str webroot; /* of another web server, for http-01; empty: the host role's port 80 */
        struct str ca_file; /* roots of a CA of one's own; empty: the system's */
    } acme;
    struct {
        struct config_resolvers forward; /* none: ask the root servers; over TLS all or none */
        struct str trust_anchor;         /* file with the keys of the DNS root */
    } dns;

    struct config_publisher *publishers; /* in their order */
    size_t publisher_count;

    struct str file;       /* what was read; empty when all are defaults */
    const uint64_t *lines; /* per row of config_keys: the line that set it, or 0 for its default */
    struct arena arena;
};

/* Reads the file at path; NULL means the one that SEALPOST_CONFIG names, else
 * CONFIG_DEFAULT_FILE, and only the last may be missing: then all is default. What is wrong with
 * the file is added to findings (may be NULL), each with its line, and *err says how many there
 * were. *out is the caller's, to release with config_free. */
int config_load(struct config **out, const char *path, struct findings *findings,
                struct error *err) NODISCARD;

/* The same for text that is in memory; name is what errors call it. */
int config_parse(struct config **out, struct str text, struct str name, struct findings *findings,
                 struct error *err) NODISCARD;

/* The path that config_load would read for that argument; never NULL. */
const char *config_path(const char *path);

/* How many workers the host role has: host.workers, or the processors that this process may use,
 * at most the key's maximum. */
unsigned config_workers(const struct config *config);

void config_free(struct config *config);
void config_freep(struct config **config);

#endif
