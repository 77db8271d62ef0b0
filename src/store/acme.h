/*
 * acme.h - what the store keeps for certificates by ACME: CAs with their accounts, a job a name,
 * challenges that wait to be looked at. All in `secrets`; the rules of store.h hold, also that 1
 * says that there is one or that something was written, and 0 that there is none. CAs and jobs are
 * no part of what is served: they are not in the change log. Challenges are.
 */
#ifndef SEALPOST_STORE_ACME_H
#define SEALPOST_STORE_ACME_H

#include "store/store.h"

/* ---- CAs and the accounts there ---- */

struct store_ca {
    struct str name;      /* letters, digits, hyphens; what the user calls it */
    struct str directory; /* URL */
    uint64_t position;    /* the lowest is asked first */
    struct str challenge; /* "tls-alpn-01", "http-01", "dns-01" */
    struct str key_type;  /* of the certificates: "p256", ... */
    struct str profile, preferred_chain, contact; /* empty: none */
    struct str terms;             /* URL of the terms that the user agreed to; empty: not agreed */
    struct str eab_kid, eab_key;  /* of an external account binding; the key as base64url */
    struct str account_key;       /* DER of PKCS #8; empty: none was made yet */
    struct str next_key;          /* likewise; the account may have it already (acme/roll.h) */
    struct str account;           /* URL; empty: none yet */
    int64_t blocked_until;        /* nobody is to ask it before; 0: anybody may */
    uint64_t failures;            /* times in a row that it gave no answer */
    int64_t bucket_ms, bucket_at; /* acme/renewal.h */
    int64_t created;
};

#define STORE_CA_NAME_MAX 64
#define STORE_CA_TEXT_MAX 1024 /* bytes of each other text, and of the key */

/* The position of the first CA: there is room before it. */
#define STORE_CA_POSITION 1000000

/* Puts a CA in place of the one of that name; position 0: behind all others. Error:
 * store-ca-invalid (directory, challenge and key_type must not be empty; no text has line ends). */
int store_ca_put(struct store *s, const struct store_ca *in, struct error *err) NODISCARD;
int store_ca_get(struct store *s, struct str name, struct arena *arena, struct store_ca *out,
                 struct error *err) NODISCARD;
/* In the order of their positions. */
int store_ca_each(struct store *s, int (*each)(void *context, const struct store_ca *row),
                  void *context, struct error *err) NODISCARD;
/* 1: there is one; 0: there is none. */
int store_ca_any(struct store *s, struct error *err) NODISCARD;
int store_ca_remove(struct store *s, struct str name, struct error *err) NODISCARD;

/* Only what changes with use: the account (both texts; empty: unchanged), and the limits. Each by
 * itself: several threads use one CA, and what one learned must not be undone by another. */
int store_ca_set_account(struct store *s, struct str name, struct str key, struct str account,
                         struct error *err) NODISCARD;
/* A key that the account is about to get; empty: it does not after all. */
int store_ca_set_next_key(struct store *s, struct str name, struct str key,
                          struct error *err) NODISCARD;
/* The account has it: `key` is account_key now, and there is no next one. */
int store_ca_take_next_key(struct store *s, struct str name, struct str key,
                           struct error *err) NODISCARD;
int store_ca_set_bucket(struct store *s, struct str name, int64_t bucket_ms, int64_t bucket_at,
                        struct error *err) NODISCARD;
int store_ca_set_blocked(struct store *s, struct str name, uint64_t failures, int64_t until,
                         struct error *err) NODISCARD;
/* Of all who want to look whether a CA answers again, one may: blocked_until becomes `until` if it
 * is `was`. 1; 0: somebody was first. */
int store_ca_claim(struct store *s, struct str name, int64_t was, int64_t until,
                   struct error *err) NODISCARD;

/* ---- jobs ---- */

/* What is being done for one name, and what comes next. A name has a job from when its domain gets
 * a policy until that is removed. */
struct store_job {
    struct str name;     /* the policy host */
    int64_t due;         /* when to act next: seconds since 1970 */
    uint64_t failures;   /* in a row */
    struct str problem;  /* why the last attempt failed: base/msg_record.h; empty: it did not */
    int64_t tried;       /* when that was; 0: never */
    int64_t certificate; /* id of the one that this job brought; 0: none yet */
    struct str ca;       /* that it came from, or that was asked last */
    struct str profile;  /* that it has */
    struct str certificate_id;                      /* acme/renewal.h; empty: none */
    int64_t window_start, window_end, window_asked; /* ARI; 0: none */
    struct str order; /* URL of an order that was begun; empty: none */
    struct str key;   /* DER; of that order */
    struct str owner; /* who has it in hand; empty: nobody */
    int64_t lease;    /* until when */
};

#define STORE_JOB_TEXT_MAX 8192 /* bytes of each text, and of the key; else store-job-invalid */

/* Adds jobs for the names that have none, due at `due`; in one transaction. *added (may be NULL) is
 * how many. Error: store-domain-invalid, and then none is added. */
int store_jobs_add(struct store *s, const struct str *names, size_t count, int64_t due,
                   uint64_t *added, struct error *err) NODISCARD;
int store_job_remove(struct store *s, struct str name, struct error *err) NODISCARD;
int store_job_get(struct store *s, struct str name, struct arena *arena, struct store_job *out,
                  struct error *err) NODISCARD;
/* Pages as store_domain_list. Keys of orders are not read. */
int store_job_list(struct store *s, struct str after, unsigned limit,
                   int (*each)(void *context, const struct store_job *row), void *context,
                   struct error *err) NODISCARD;

/* Gives the owner up to `limit` (0 or too many: STORE_PAGE_MAX) jobs that are due and in nobody's
 * hands (or whose lease has passed), the longest due first, until lease_until. In one transaction:
 * no two owners get the same. The rows come when it is committed, so the callback may write; what
 * it does not get to see because it ended the walk is the owner's all the same. The time it takes
 * does not grow with the number of jobs. */
int store_jobs_take(struct store *s, struct str owner, int64_t now, int64_t lease_until,
                    unsigned limit, int (*each)(void *context, const struct store_job *row),
                    void *context, struct error *err) NODISCARD;
/* Takes one by name, due or not; what the owner has already gets the new lease. 1; 0: somebody else
 * has it, or there is none. */
int store_job_take(struct store *s, struct str name, struct str owner, int64_t now,
                   int64_t lease_until, struct error *err) NODISCARD;
/* Writes the job back, if `in->owner` still has it (else 0), and lets go of it when in->lease is
 * 0. */
int store_job_put(struct store *s, const struct store_job *in, struct error *err) NODISCARD;
/* What an owner that was killed had in hand is free again: called when it starts. */
int store_jobs_release(struct store *s, struct str owner, struct error *err) NODISCARD;
/* Brings all jobs, or that of one name, to `due`, if they are later. */
int store_jobs_hasten(struct store *s, struct str name, int64_t due, struct error *err) NODISCARD;
/* When the next job is due that nobody has in hand. 1; 0: there is none. */
int store_jobs_next(struct store *s, int64_t now, int64_t *due, struct error *err) NODISCARD;

/* ---- how certificates stand ---- */

/* Bounds of days left. */
#define STORE_CERTIFICATE_DAYS                                                                     \
    {                                                                                              \
        1, 3, 7, 14, 30, 60, 90                                                                    \
    }
#define STORE_CERTIFICATE_AGES 9

struct store_certificate_state {
    uint64_t left[STORE_CERTIFICATE_AGES]; /* expired; up to each bound and not counted yet; more */
    uint64_t failing;                      /* jobs whose last attempt failed */
    uint64_t at_risk; /* among them: in the last sixth of their certificate's life, or beyond */
};

/* Counts all certificates; a few indexes are read, no certificate. Gives 0. */
int store_certificate_state_read(struct store *s, int64_t now, struct store_certificate_state *out,
                                 struct error *err) NODISCARD;

/* ---- challenges ---- */

struct store_challenge {
    struct str name;          /* of the host */
    struct str type;          /* "tls-alpn-01", "http-01" */
    struct str token;         /* http-01: base64url */
    struct str authorization; /* http-01: the text to answer with */
    struct str chain, key;    /* tls-alpn-01: DER */
    int64_t expires;
};

#define STORE_CHALLENGE_TEXT_MAX 8192 /* bytes of each text, of chain and key */

/* Puts a challenge in place of the one with the same name and type. Change kind
 * STORE_CHANGE_CHALLENGE, key: the name. *seq (may be NULL) is the change's number. Errors:
 * store-challenge-invalid, store-domain-invalid. */
int store_challenge_put(struct store *s, const struct store_challenge *in, uint64_t *seq,
                        struct error *err) NODISCARD;
int store_challenge_remove(struct store *s, struct str name, struct str type,
                           struct error *err) NODISCARD;
/* By name, then type; also those that expired. */
int store_challenge_each(struct store *s,
                         int (*each)(void *context, const struct store_challenge *row),
                         void *context, struct error *err) NODISCARD;
/* Those that expired before now. *removed may be NULL. */
int store_challenges_prune(struct store *s, int64_t now, uint64_t *removed,
                           struct error *err) NODISCARD;

#endif
