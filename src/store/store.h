/*
 * store.h - everything that outlives a process: domains, policies, settings, certificates.
 *
 * The store is a folder that holds several databases, so that no writer waits for another's and
 * the process that reads strangers' mail has no key to lose:
 *
 *     control.db            domains, policies with their history, settings, nodes; its change log
 *     secrets/secrets.db    certificates with their keys, and what acme.h says; its change log
 *     reports.db            what the collector takes in
 *     outbound.db           what the reporter counts and sends
 *
 * A process opens those that it needs, each for reading or for writing. Every function below says
 * which database it uses; using one that was not opened (or, for a write, not opened for writing)
 * is ERROR_BUG. All SQL of the program is in this folder; nothing is known here of files in other
 * forms, of networks, of clocks: the time comes in as `now`, in seconds since 1970.
 *
 * What a call acknowledges is on the disk (control and secrets: synchronous=FULL). Every call is
 * one transaction of its own: after an error, or after a crash, there is all of it or nothing.
 *
 * Threads and processes. A struct store belongs to one thread at a time and must not be carried
 * through fork(): the child opens its own. Any number of processes may read and write the same
 * store; a writer waits up to STORE_BUSY_MS for another's transaction. Readers never wait.
 *
 * Domain names are A-labels in lower case without a trailing dot (what domain_to_ascii gives);
 * another form is refused when written and finds nothing when read. All lists are in byte order.
 *
 * Results. Functions that look something up, or may find nothing to do, give 1 (there it is; it
 * was done), 0 (there is none; nothing changed) or a negative code with *err. Texts that are
 * returned live in the caller's arena; rows that a callback gets live until it returns. A callback
 * gives 0 to go on; another value ends the walk and is what the walk returns, so it should be
 * positive. A callback may read from the store but must not write to it.
 *
 * Errors. store-busy, store-full, store-io: temporary, nothing was changed. store-corrupt,
 * store-newer, store-foreign, store-missing, store-no-permission: permanent, with the remedy.
 */
#ifndef SEALPOST_STORE_STORE_H
#define SEALPOST_STORE_STORE_H

#include "base/arena.h"
#include "base/error.h"
#include "mtasts/policy.h"

struct store;

/* How long a write waits for the transaction of another process. Milliseconds. */
#define STORE_BUSY_MS 5000

/* The most rows that one page of a list gives. */
#define STORE_PAGE_MAX 1000

/* The most bytes of a setting's key and of its value. */
#define STORE_SETTING_KEY_MAX   64
#define STORE_SETTING_VALUE_MAX ((size_t)64 * 1024)

/* ---- opening ---- */

enum store_database {
    STORE_CONTROL,
    STORE_SECRETS,
    STORE_REPORTS,
    STORE_OUTBOUND,
    STORE_DATABASE_COUNT
};

enum store_access {
    STORE_CLOSED = 0, /* not opened at all: its file is not even looked at */
    STORE_READ,       /* must exist and be of this version */
    STORE_WRITE,      /* made when missing, brought up to this version when older */
};

struct store_options {
    enum store_access access[STORE_DATABASE_COUNT];
};

/* Opens (and for STORE_WRITE makes) the databases in the folder `path`.
 *
 * Rights. What is made belongs to nobody but this user (folder 0700, files 0600), except where the
 * groups below exist and this process may give files to them (root, or a member); then the
 * folder is 2770 of group sealpost and its files are 0660; the folder `secrets` and its files are
 * the same of group sealpost-secrets, which only the users of host and keeper belong to (besides
 * sealpost), so that nobody else can read a key, nor the write-ahead log that it passed through. In
 * a folder that exists, files take its group, and 0660 when it has the set-group-id bit. Rights of
 * what exists are never changed.
 *
 * Errors: store-missing (STORE_READ of what is not there), store-not-ready (STORE_READ of what is
 * older than this program or is just being made: temporary), store-newer (made by a later
 * version), store-foreign (no database of this program), store-no-permission, store-url, and those
 * above. On success *out is to be given to store_close. */
int store_open(struct store **out, const char *path, const struct store_options *options,
               struct error *err) NODISCARD;

/* Closes everything. NULL is allowed. */
void store_close(struct store *s);

/* For CLEANUP(store_closep). */
void store_closep(struct store **s);

/* The path of a database's file below the folder: "control.db". For messages and for tests. */
const char *store_file_name(enum store_database database);

/* ---- domains (control) ---- */

struct store_domain {
    struct str name;
    int64_t created;
    bool has_policy;
    enum sts_mode mode;   /* of the current policy; only when has_policy */
    struct str policy_id; /* of the current policy; empty without one */
};

/* Adds a domain without a policy. 1: added; 0: it was there. Errors: store-domain-invalid. */
int store_domain_add(struct store *s, struct str name, int64_t now, struct error *err) NODISCARD;

/* Takes a domain out with its policies and settings. 1: removed; 0: there was none. That it had
 * policies is remembered, so that an id is not given again when the domain comes back. */
int store_domain_remove(struct store *s, struct str name, int64_t now, struct error *err) NODISCARD;

/* 1: *out filled; 0: there is none. */
int store_domain_get(struct store *s, struct str name, struct arena *arena,
                     struct store_domain *out, struct error *err) NODISCARD;

/* One page of the domains whose names come after `after` (empty: from the first), at most limit
 * (0 or too many: STORE_PAGE_MAX). Gives 0 when each was called for all of the page; the next page
 * begins after the last name seen, and a page with fewer rows than the limit was the last. Between
 * pages no transaction is open. */
int store_domain_list(struct store *s, struct str after, unsigned limit,
                      int (*each)(void *context, const struct store_domain *row), void *context,
                      struct error *err) NODISCARD;

/* How many there are. */
int store_domain_count(struct store *s, uint64_t *out, struct error *err) NODISCARD;

/* ---- policies (control) ---- */

struct store_policy {
    struct str domain;
    uint64_t seq;  /* 1 for the domain's first policy, then rising by one */
    struct str id; /* of the `_mta-sts` TXT record, RFC 8461 3.1 */
    struct sts_policy policy;
    struct str text; /* the body as served, RFC 8461 3.2 */
    int64_t created;
};

struct store_policy_id {
    char text[33]; /* at most STS_ID_MAX letters and digits, ended by NUL */
};

/* Makes `policy` the current one of the domain. 1: it differs from what was current (or was the
 * first) and has a new id; 0: it means the same (sts_policy_equal), and nothing was written.
 * Either way *id (may be NULL) is the id of the current policy.
 *
 * The id is the UTC time as 20261124T110000Z. Within one domain, also across its removal, ids rise:
 * when the second is used already, or the clock went back, the id is that of the second after
 * the last. Errors: store-domain-unknown, store-policy-large, store-time. */
int store_policy_set(struct store *s, struct str domain, const struct sts_policy *policy,
                     int64_t now, struct store_policy_id *id, struct error *err) NODISCARD;

/* The current policy. 1: *out filled; 0: no such domain, or it has no policy. */
int store_policy_current(struct store *s, struct str domain, struct arena *arena,
                         struct store_policy *out, struct error *err) NODISCARD;

/* The policy with that seq. */
int store_policy_get(struct store *s, struct str domain, uint64_t seq, struct arena *arena,
                     struct store_policy *out, struct error *err) NODISCARD;

/* The policies of a domain, the newest first, at most limit (0 or too many: STORE_PAGE_MAX), with a
 * seq below `before` (0: from the newest). */
int store_policy_history(struct store *s, struct str domain, uint64_t before, unsigned limit,
                         int (*each)(void *context, const struct store_policy *row), void *context,
                         struct error *err) NODISCARD;

/* What is served of a current policy. */
struct store_body {
    struct str domain;
    struct str text; /* as store_policy.text */
};

/* The current policies of all domains, in one view of the store and in no particular order; for a
 * server that loads them. The callback should not take long: while it runs, the write-ahead log
 * cannot be shortened. */
int store_body_each(struct store *s, int (*each)(void *context, const struct store_body *row),
                    void *context, struct error *err) NODISCARD;

/* 1: *text filled; 0: no such domain, or it has no policy. */
int store_body_get(struct store *s, struct str domain, struct arena *arena, struct str *text,
                   struct error *err) NODISCARD;

/* ---- settings (control) ---- */

/* Keys of a domain that `setup` writes; lists are separated by single blanks. */
#define STORE_SETTING_RUA       STR("rua")       /* where reports go: mailto: and https: URIs */
#define STORE_SETTING_ADDRESSES STR("addresses") /* of the policy host mta-sts.DOMAIN */
#define STORE_SETTING_MX        STR("mx")        /* MX hosts as DNS last gave them */

struct store_setting {
    struct str key, value;
};

/* `domain` is empty for the settings of the whole store. 1: *value filled; 0: it is not set. */
int store_setting_get(struct store *s, struct str domain, struct str key, struct arena *arena,
                      struct str *value, struct error *err) NODISCARD;

/* 1: written; 0: it had that value. Errors: store-domain-unknown, store-setting-large. */
int store_setting_set(struct store *s, struct str domain, struct str key, struct str value,
                      struct error *err) NODISCARD;

/* 1: removed; 0: it was not set. */
int store_setting_remove(struct store *s, struct str domain, struct str key,
                         struct error *err) NODISCARD;

int store_setting_list(struct store *s, struct str domain,
                       int (*each)(void *context, const struct store_setting *row), void *context,
                       struct error *err) NODISCARD;

/* ---- certificates (secrets) ---- */

struct store_certificate {
    int64_t id;              /* given by the store, rising; never used twice */
    const struct str *names; /* DNS names of the leaf, lower-case A-labels, sorted, each once */
    size_t name_count;
    struct str chain;              /* DER, the leaf first, one right behind the other */
    struct str key;                /* DER of PKCS #8, RFC 5958 */
    int64_t not_before, not_after; /* of the leaf */
    struct str source;             /* "import", "acme", "local" */
    int64_t created;
};

#define STORE_CERTIFICATE_NAMES_MAX 100
#define STORE_CERTIFICATE_CHAIN_MAX ((size_t)64 * 1024)
#define STORE_CERTIFICATE_KEY_MAX   ((size_t)16 * 1024)

/* Puts a certificate in place of the one with the same names, if there is one; in->id is not
 * looked at. Whether key and chain belong together is the caller's to check (net/pem.h). Names
 * may come in any order. *id (may be NULL) gets its id. Errors: store-certificate-invalid. */
int store_certificate_put(struct store *s, const struct store_certificate *in, int64_t *id,
                          struct error *err) NODISCARD;

/* The certificate for a host name: one that names it, else one whose wildcard covers it (RFC 6125
 * 6.4.3: exactly one label); of several the one put last. 1: *out filled; 0: there is none. */
int store_certificate_get(struct store *s, struct str host, struct arena *arena,
                          struct store_certificate *out, struct error *err) NODISCARD;

/* The id of that certificate alone. 1: *id filled; 0: there is none. */
int store_certificate_find(struct store *s, struct str host, int64_t *id,
                           struct error *err) NODISCARD;

/* The id that store_certificate_find would give if the certificate `without` were not there. */
int store_certificate_find_without(struct store *s, struct str host, int64_t without, int64_t *id,
                                   struct error *err) NODISCARD;

/* The ids of all certificates that have this very name, perhaps with a wildcard, the last put
 * first. */
int store_certificates_named(struct store *s, struct str name,
                             int (*each)(void *context, int64_t id), void *context,
                             struct error *err) NODISCARD;

/* The certificate with that id. 1: *out filled; 0: there is none. */
int store_certificate_by_id(struct store *s, int64_t id, struct arena *arena,
                            struct store_certificate *out, struct error *err) NODISCARD;

/* All certificates in the order of their ids, for those who only look: keys are not read, row->key
 * is empty. */
int store_certificate_list(struct store *s,
                           int (*each)(void *context, const struct store_certificate *row),
                           void *context, struct error *err) NODISCARD;

struct store_certificate_name {
    struct str name;     /* perhaps with a wildcard as its first label */
    int64_t certificate; /* the id of one that has it */
};

/* All names that any certificate has, in byte order, a name of several once for each, the last put
 * last. Chains and keys are not touched: for a server with very many that asks for each when its
 * name is wanted. */
int store_certificate_names_each(struct store *s,
                                 int (*each)(void *context,
                                             const struct store_certificate_name *row),
                                 void *context, struct error *err) NODISCARD;

/* 1: removed; 0: there was none. */
int store_certificate_remove(struct store *s, int64_t id, struct error *err) NODISCARD;

/* ---- what checks saw (outbound) ---- */

/* What the last check saw of a domain, so that the next one can tell what has changed. Any domain,
 * not only those of the store. No part of what is served: not in the change log. */
struct store_seen {
    int64_t at;           /* when it was looked at */
    struct str id;        /* of the `_mta-sts` record; empty: there was none */
    struct str body_hash; /* of the policy, SHA-256 in hex; empty: there was none */
    enum sts_mode mode;   /* of that policy */
    uint32_t max_age;
    int64_t enforce_until; /* until when senders may hold a policy in enforce; 0: none was seen */
    int64_t testing_since; /* since when it was seen in testing only; 0: it was not */
};

#define STORE_SEEN_ID_MAX   64
#define STORE_SEEN_HASH_MAX 128

/* 1: *out filled; 0: the domain was not looked at yet. */
int store_seen_get(struct store *s, struct str domain, struct arena *arena, struct store_seen *out,
                   struct error *err) NODISCARD;

/* Puts it in place of what was seen before. 1. Errors: store-domain-invalid, store-seen-invalid. */
int store_seen_put(struct store *s, struct str domain, const struct store_seen *in,
                   struct error *err) NODISCARD;

/* ---- what changed (control, secrets; each has its own log) ---- */

enum store_change_kind {
    STORE_CHANGE_DOMAIN, /* added or removed, or all of it may differ (store/apply.h); key: its name
                          */
    STORE_CHANGE_POLICY, /* a new current policy; key: the domain */
    STORE_CHANGE_SETTING,        /* of the whole store; key: the setting's key */
    STORE_CHANGE_DOMAIN_SETTING, /* key: the domain */
    STORE_CHANGE_CERTIFICATE,    /* put or removed; key: its names, sorted, single blanks between */
    STORE_CHANGE_CHALLENGE,      /* put or removed (store/acme.h); key: the name of the host */
    STORE_CHANGE_OTHER,          /* a kind that a later version writes: pass over it */
};

struct store_change {
    uint64_t seq; /* rising, with gaps */
    enum store_change_kind kind;
    struct str key;
};

/* Whether anything was committed by another connection since the last call (the first call
 * after store_open says yes). Costs a look at shared memory, no query: made for polling. Writes of
 * this struct store do not count. 1: yes; 0: no. */
int store_changed(struct store *s, enum store_database database, struct error *err) NODISCARD;

/* The changes after seq, oldest first, at most STORE_PAGE_MAX: call again, from the last seq seen,
 * until there is none. Each says only that something changed; what it is now must be read. So a
 * reader takes store_changes_last, loads everything, and applies what came after that seq: a
 * change that is seen twice does no harm, and none is missed. */
int store_changes_since(struct store *s, enum store_database database, uint64_t seq,
                        int (*each)(void *context, const struct store_change *row), void *context,
                        struct error *err) NODISCARD;

/* The seq of the newest change; 0 when there was none. */
int store_changes_last(struct store *s, enum store_database database, uint64_t *seq,
                       struct error *err) NODISCARD;

/* ---- nodes (control) ---- */

/* Machines that serve from this store. They are no part of what is served, so their writes are not
 * in the change log (though store_changed of others sees that something was written). */
struct store_node {
    struct str id;            /* letters, digits and hyphens, at most STORE_NODE_ID_MAX */
    int64_t seen;             /* when it last reported */
    uint64_t applied;         /* it serves what control's change log said up to this seq */
    uint64_t applied_secrets; /* and what secrets' log said */
};

#define STORE_NODE_ID_MAX 64

/* The node is alive at `now`; it is added when it is new. */
int store_node_seen(struct store *s, struct str id, int64_t now, struct error *err) NODISCARD;

/* The same, and it has applied all changes of both logs up to these. A lower number than before is
 * taken too: the node may have started again. */
int store_node_applied(struct store *s, struct str id, uint64_t control_seq, uint64_t secrets_seq,
                       int64_t now, struct error *err) NODISCARD;

/* 1: struck off; 0: there was none. */
int store_node_remove(struct store *s, struct str id, struct error *err) NODISCARD;

int store_node_list(struct store *s, int (*each)(void *context, const struct store_node *row),
                    void *context, struct error *err) NODISCARD;

#endif
