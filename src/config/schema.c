#include "config/schema.h"

#include <stddef.h>

#include "config/messages.h"

#define TEXT_MAX 64 /* longer names are near to nothing */

/* The offset of a member, refused by the compiler when the member is not of the key's type. */
#define MEMBER(member, type)                                                                       \
    (offsetof(struct config, member) + 0 * sizeof(_Generic(((struct config *)0)->member, type : 1)))

static const char *const role_names[] = {"host", "keeper", "admin", NULL};

/* In the order of enum config_publisher_type. */
static const char *const publisher_names[] = {"rfc2136", "command", NULL};

#define PUBLISHER_MEMBER(member, type)                                                             \
    (offsetof(struct config_publisher, member) +                                                   \
     0 * sizeof(_Generic(((struct config_publisher *)0)->member, type : 1)))

/* In the order of enum log_level. */
static const char *const level_names[] = {"error", "warn", "info", "debug", NULL};

/* In the order of enum access_detail. */
static const char *const access_names[] = {"off", "anonymous", "full", NULL};

#define MINUTE 60
#define HOUR   3600
#define KIB    1024

const struct config_key config_keys[] = {
    {.section = "store",
     .name = "path",
     .type = CONFIG_PATH,
     .offset = MEMBER(store.path, struct str),
     .fallback = "/var/lib/sealpost",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_STORE_PATH},

    {.section = "serve",
     .name = "roles",
     .type = CONFIG_CHOICES,
     .offset = MEMBER(serve.roles, struct config_names),
     .min = 1,
     .max = CONFIG_LIST_MAX,
     .choices = role_names,
     .fallback = "host,keeper,admin",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_SERVE_ROLES},
    {.section = "serve",
     .name = "user",
     .type = CONFIG_USER,
     .offset = MEMBER(serve.user, struct str),
     .fallback = "sealpost",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_SERVE_USER},
    {.section = "serve",
     .name = "stop_timeout",
     .type = CONFIG_DURATION,
     .offset = MEMBER(serve.stop_timeout, uint64_t),
     .min = 1,
     .max = HOUR,
     .fallback = "30s",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_SERVE_STOP_TIMEOUT},

    {.section = "log",
     .name = "level",
     .type = CONFIG_CHOICE,
     .offset = MEMBER(log.level, unsigned),
     .choices = level_names,
     .fallback = "info",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_LOG_LEVEL},

    {.section = "host",
     .name = "listen",
     .type = CONFIG_LISTENERS,
     .offset = MEMBER(host.listen, struct config_listeners),
     .min = 1,
     .max = CONFIG_LIST_MAX,
     .fallback = "0.0.0.0:443, [::]:443",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_HOST_LISTEN},
    {.section = "host",
     .name = "challenge_listen",
     .type = CONFIG_ADDRESSES,
     .offset = MEMBER(host.challenge_listen, struct config_addresses),
     .min = 0,
     .max = CONFIG_LIST_MAX,
     .port = 80,
     .fallback = "",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_HOST_CHALLENGE_LISTEN},
    {.section = "host",
     .name = "proxy_protocol_from",
     .type = CONFIG_NETWORKS,
     .offset = MEMBER(host.proxy_protocol_from, struct config_networks),
     .min = 0,
     .max = CONFIG_LIST_MAX,
     .fallback = "",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_HOST_PROXY_PROTOCOL_FROM},
    {.section = "host",
     .name = "workers",
     .type = CONFIG_NUMBER,
     .offset = MEMBER(host.workers, uint64_t),
     .min = 0,
     .max = 64,
     .fallback = "0",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_HOST_WORKERS},
    {.section = "host",
     .name = "user",
     .type = CONFIG_USER,
     .offset = MEMBER(host.user, struct str),
     .fallback = "sealpost-host",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_HOST_USER},
    {.section = "host",
     .name = "max_connections",
     .type = CONFIG_NUMBER,
     .offset = MEMBER(host.max_connections, uint64_t),
     .min = 16,
     .max = 1000000,
     .fallback = "4096",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_HOST_MAX_CONNECTIONS},
    {.section = "host",
     .name = "max_connections_per_address",
     .type = CONFIG_NUMBER,
     .offset = MEMBER(host.max_connections_per_address, uint64_t),
     .min = 0,
     .max = 1000000,
     .fallback = "256",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_HOST_MAX_CONNECTIONS_PER_ADDRESS},
    {.section = "host",
     .name = "max_requests",
     .type = CONFIG_NUMBER,
     .offset = MEMBER(host.max_requests, uint64_t),
     .min = 1,
     .max = 1000000,
     .fallback = "100",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_HOST_MAX_REQUESTS},
    {.section = "host",
     .name = "cache_certificates",
     .type = CONFIG_NUMBER,
     .offset = MEMBER(host.cache_certificates, uint64_t),
     .min = 16,
     .max = 1000000,
     .fallback = "10000",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_HOST_CACHE_CERTIFICATES},
    {.section = "host",
     .name = "header_size",
     .type = CONFIG_SIZE,
     .offset = MEMBER(host.header_size, uint64_t),
     .min = KIB,
     .max = 64 * KIB,
     .fallback = "8KiB",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_HOST_HEADER_SIZE},
    {.section = "host",
     .name = "handshake_timeout",
     .type = CONFIG_DURATION,
     .offset = MEMBER(host.handshake_timeout, uint64_t),
     .min = 1,
     .max = 10 * MINUTE,
     .fallback = "10s",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_HOST_HANDSHAKE_TIMEOUT},
    {.section = "host",
     .name = "header_timeout",
     .type = CONFIG_DURATION,
     .offset = MEMBER(host.header_timeout, uint64_t),
     .min = 1,
     .max = 10 * MINUTE,
     .fallback = "10s",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_HOST_HEADER_TIMEOUT},
    {.section = "host",
     .name = "write_timeout",
     .type = CONFIG_DURATION,
     .offset = MEMBER(host.write_timeout, uint64_t),
     .min = 1,
     .max = 10 * MINUTE,
     .fallback = "30s",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_HOST_WRITE_TIMEOUT},
    {.section = "host",
     .name = "idle_timeout",
     .type = CONFIG_DURATION,
     .offset = MEMBER(host.idle_timeout, uint64_t),
     .min = 1,
     .max = HOUR,
     .fallback = "15s",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_HOST_IDLE_TIMEOUT},

    {.section = "host",
     .name = "access_log",
     .type = CONFIG_CHOICE,
     .offset = MEMBER(host.access_log, unsigned),
     .choices = access_names,
     .fallback = "off",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_HOST_ACCESS_LOG},

    {.section = "keeper",
     .name = "user",
     .type = CONFIG_USER,
     .offset = MEMBER(keeper.user, struct str),
     .fallback = "sealpost-keeper",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_KEEPER_USER},
    {.section = "keeper",
     .name = "certificates_from",
     .type = CONFIG_PATH,
     .offset = MEMBER(keeper.certificates_from, struct str),
     .fallback = "",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_KEEPER_CERTIFICATES_FROM},

    {.section = "admin",
     .name = "listen",
     .type = CONFIG_ADDRESSES,
     .offset = MEMBER(admin.listen, struct config_addresses),
     .min = 1,
     .max = CONFIG_LIST_MAX,
     .port = 8461,
     .fallback = "127.0.0.1:8461",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_ADMIN_LISTEN},
    {.section = "admin",
     .name = "user",
     .type = CONFIG_USER,
     .offset = MEMBER(admin.user, struct str),
     .fallback = "sealpost-admin",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_ADMIN_USER},

    {.section = "acme",
     .name = "jobs",
     .type = CONFIG_NUMBER,
     .offset = MEMBER(acme.jobs, uint64_t),
     .min = 1,
     .max = 32,
     .fallback = "4",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_ACME_JOBS},
    {.section = "acme",
     .name = "webroot",
     .type = CONFIG_PATH,
     .offset = MEMBER(acme.webroot, struct str),
     .fallback = "",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_ACME_WEBROOT},
    {.section = "acme",
     .name = "ca_file",
     .type = CONFIG_PATH,
     .offset = MEMBER(acme.ca_file, struct str),
     .fallback = "",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_ACME_CA_FILE},

    {.section = "dns",
     .name = "forward",
     .type = CONFIG_RESOLVERS,
     .offset = MEMBER(dns.forward, struct config_resolvers),
     .min = 0,
     .max = 16,
     .fallback = "",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_DNS_FORWARD},
    {.section = "dns",
     .name = "trust_anchor",
     .type = CONFIG_PATH,
     .offset = MEMBER(dns.trust_anchor, struct str),
     .fallback = "/usr/share/dns/root.key",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_DNS_TRUST_ANCHOR},

    {.section = "publisher",
     .name = "type",
     .type = CONFIG_CHOICE,
     .repeated = true,
     .offset = PUBLISHER_MEMBER(type, unsigned),
     .choices = publisher_names,
     .fallback = "rfc2136",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_PUBLISHER_TYPE},
    {.section = "publisher",
     .name = "zones",
     .type = CONFIG_DOMAINS,
     .repeated = true,
     .offset = PUBLISHER_MEMBER(zones, struct config_names),
     .min = 0,
     .max = CONFIG_LIST_MAX,
     .fallback = "",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_PUBLISHER_ZONES},
    {.section = "publisher",
     .name = "servers",
     .type = CONFIG_ADDRESSES,
     .repeated = true,
     .offset = PUBLISHER_MEMBER(servers, struct config_addresses),
     .min = 0,
     .max = 16,
     .port = 53,
     .fallback = "",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_PUBLISHER_SERVERS},
    {.section = "publisher",
     .name = "key_file",
     .type = CONFIG_PATH,
     .repeated = true,
     .offset = PUBLISHER_MEMBER(key_file, struct str),
     .fallback = "",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_PUBLISHER_KEY_FILE},
    {.section = "publisher",
     .name = "command",
     .type = CONFIG_PATH,
     .repeated = true,
     .offset = PUBLISHER_MEMBER(command, struct str),
     .fallback = "",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_PUBLISHER_COMMAND},
    {.section = "publisher",
     .name = "timeout",
     .type = CONFIG_DURATION,
     .repeated = true,
     .offset = PUBLISHER_MEMBER(timeout, uint64_t),
     .min = 1,
     .max = HOUR,
     .fallback = "30s",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_PUBLISHER_TIMEOUT},
    {.section = "publisher",
     .name = "wait",
     .type = CONFIG_DURATION,
     .repeated = true,
     .offset = PUBLISHER_MEMBER(wait, uint64_t),
     .min = 1,
     .max = HOUR,
     .fallback = "2m",
     .since = "0.1",
     .help = &MSG_CONFIG_HELP_PUBLISHER_WAIT},
};

#define REPEATED 7

const size_t config_key_count = ARRAY_LEN(config_keys);
const size_t config_first_repeated = ARRAY_LEN(config_keys) - REPEATED;

const struct config_key *config_key_find(struct str section, struct str name)
{
    for (size_t i = 0; i < config_key_count; i++) {
        const struct config_key *key = &config_keys[i];
        if (str_eq(section, str_from(key->section)) && str_eq(name, str_from(key->name)))
            return key;
    }
    return NULL;
}

bool config_section_exists(struct str section)
{
    for (size_t i = 0; i < config_key_count; i++) {
        if (str_eq(section, str_from(config_keys[i].section)))
            return true;
    }
    return false;
}

bool config_section_is_repeated(struct str section)
{
    for (size_t i = config_first_repeated; i < config_key_count; i++) {
        if (str_eq(section, str_from(config_keys[i].section)))
            return true;
    }
    return false;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Insertions, deletions, replacements and swaps of neighbours that lead from a to b, without case
 * (optimal string alignment). */
static unsigned distance(struct str a, struct str b)
{
    unsigned rows[3][TEXT_MAX + 1];
    for (size_t j = 0; j <= b.n; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a.n; i++) {
        unsigned *now = rows[i % 3], *above = rows[(i + 2) % 3], *second = rows[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= b.n; j++) {
            char x = ascii_lower(a.p[i - 1]), y = ascii_lower(b.p[j - 1]);
            now[j] = min3(above[j] + 1, now[j - 1] + 1, above[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == ascii_lower(b.p[j - 2]) && y == ascii_lower(a.p[i - 2]) &&
                second[j - 2] + 1 < now[j])
                now[j] = second[j - 2] + 1;
        }
    }
    return rows[a.n % 3][b.n];
}

/* Takes candidate into *best when it is nearer than what *least says. */
static void consider(struct str written, struct str candidate, struct str *best, unsigned *least)
{
    if (written.n > TEXT_MAX || candidate.n > TEXT_MAX)
        return;
    unsigned d = distance(written, candidate);
    size_t longer = written.n > candidate.n ? written.n : candidate.n;
    if (d < *least && d <= 1 + longer / 3) {
        *least = d;
        *best = candidate;
    }
}

struct str config_nearest_section(struct str written)
{
    struct str best = STR("");
    unsigned least = UINT32_MAX;
    for (size_t i = 0; i < config_key_count; i++)
        consider(written, str_from(config_keys[i].section), &best, &least);
    return best;
}

struct str config_nearest_key(struct str section, struct str written)
{
    struct str best = STR("");
    unsigned least = UINT32_MAX;
    for (size_t i = 0; i < config_key_count; i++) {
        if (str_eq(section, str_from(config_keys[i].section)))
            consider(written, str_from(config_keys[i].name), &best, &least);
    }
    return best;
}

struct str config_section_of(struct str name)
{
    struct str found = STR("");
    for (size_t i = 0; i < config_key_count; i++) {
        if (!str_eq(name, str_from(config_keys[i].name)))
            continue;
        if (found.n)
            return STR("");
        found = str_from(config_keys[i].section);
    }
    return found;
}

const char *config_type_name(enum config_type type)
{
    static const char *const names[] = {
        "path",    "user",    "number",    "duration",  "size",     "switch",   "choice",
        "choices", "domains", "addresses", "listeners", "networks", "resolvers"};
    return names[type];
}

bool config_type_is_list(enum config_type type)
{
    return type == CONFIG_CHOICES || type == CONFIG_DOMAINS || type == CONFIG_ADDRESSES ||
           type == CONFIG_LISTENERS || type == CONFIG_NETWORKS || type == CONFIG_RESOLVERS;
}
