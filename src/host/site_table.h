/*
 * site_table.h - what is served for each policy domain, in versions that never change.
 *
 * A version is read by any number of threads without a lock. The next one is made from it by one
 * thread and shares with it all that stays the same: a change among a million domains copies a few
 * hundred pointers. The last one to drop a version frees what no other version has.
 *
 * About 90 bytes a domain, its policy's text not counted (text_pool.h keeps equal ones once).
 */
#ifndef SEALPOST_HOST_SITE_TABLE_H
#define SEALPOST_HOST_SITE_TABLE_H

#include "host/text_pool.h"

struct site {
    struct str domain;   /* the policy domain */
    struct str policy;   /* the body as served */
    int64_t certificate; /* id in the store of the one for its policy host; 0: there is none */
};

struct site_table; /* one version */
struct site_edit;  /* the next version, while it is made */

struct site_table *site_table_ref(struct site_table *table);
void site_table_unref(struct site_table *table);

size_t site_table_count(const struct site_table *table);

/* Whether the domain is there; *out is valid as long as the table. */
bool site_table_find(const struct site_table *table, struct str domain, struct site *out);

/* Begins a version: that of `from` (NULL: an empty one, hashed with seed). Texts are kept in pool.
 * NULL: no memory. */
struct site_edit *site_edit_begin(struct text_pool *pool, struct site_table *from,
                                  const uint64_t seed[2]);

/* Sets the policy of a domain, which is added when it is new. false: no memory; the edit can only
 * be dropped then. */
bool site_edit_policy(struct site_edit *edit, struct str domain, struct str policy) NODISCARD;

/* Sets the certificate of a domain; nothing when that is not there. */
bool site_edit_certificate(struct site_edit *edit, struct str domain, int64_t id) NODISCARD;

/* Takes a domain out, if it is there. */
bool site_edit_remove(struct site_edit *edit, struct str domain) NODISCARD;

/* As the edit has it now. */
bool site_edit_find(const struct site_edit *edit, struct str domain, struct site *out);

/* Ends the edit. The version is the caller's reference. */
struct site_table *site_edit_end(struct site_edit *edit);
void site_edit_drop(struct site_edit *edit);

#endif
