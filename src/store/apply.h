/*
 * apply.h - makes the domains of the store equal to rows that a caller gives, in one transaction.
 *
 * Database: control, opened for writing also when nothing is to be written; the rules of store.h
 * hold. Made for a million rows: they come one at a time, in any order, and lie in temporary tables
 * of the database system (files in SQLITE_TMPDIR or /var/tmp, not in memory) until all are there.
 * Only then is the store locked, compared and written, so that a slow giver keeps nobody waiting.
 */
#ifndef SEALPOST_STORE_APPLY_H
#define SEALPOST_STORE_APPLY_H

#include "store/store.h"

/* One domain as it shall be. */
struct store_apply_row {
    struct str domain;
    const struct sts_policy *policy;      /* NULL: it has none, and loses the one that it has */
    const struct store_setting *settings; /* an empty value takes the setting away; those that are
                                             not named stay as they are */
    size_t setting_count;
};

enum store_apply_kind { STORE_APPLY_ADDED, STORE_APPLY_CHANGED, STORE_APPLY_REMOVED };

struct store_apply_difference {
    enum store_apply_kind kind;
    struct str domain;
    bool policy;   /* changed: its policy differs */
    bool settings; /* changed: a setting differs */
};

struct store_apply {
    /* Gives the next row, which must live until the next call. 1: *row filled; 0: there are no
     * more; negative, with *err: nothing is written, and the call gives that. What is wrong with a
     * row is found before the next is asked for, so the caller knows where it stood. */
    int (*next)(void *context, struct store_apply_row *row, struct error *err);

    /* Told of each difference, in the order of names, before anything is written; NULL is allowed.
     * Another value than 0 stops: nothing is written, and the call gives that value. */
    int (*each)(void *context, const struct store_apply_difference *row);

    void *context; /* of both; neither may write to this store */
    int64_t now;
    bool dry_run; /* compares, and writes nothing */
};

struct store_apply_counts {
    uint64_t added, changed, removed, unchanged;
};

/* Adds what is missing, changes what differs, removes what no row names. 0: done; *out (may be
 * NULL) says what was done, or for a dry run what would be. A policy that means the same
 * (sts_policy_equal) is not written and keeps its id; new ids rise as those of store_policy_set. A
 * domain that loses its policy loses its history, and its ids go on rising later. The change log
 * gets one entry for each domain that differs, whose kind is STORE_CHANGE_DOMAIN when it was added
 * or removed, or both policy and settings differ.
 *
 * Errors: store-apply-twice (two rows for one domain), store-domain-invalid, store-policy-large,
 * store-setting-large, store-time. */
int store_domains_apply(struct store *s, const struct store_apply *apply,
                        struct store_apply_counts *out, struct error *err) NODISCARD;

#endif
