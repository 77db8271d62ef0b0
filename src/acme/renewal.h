/*
 * renewal.h - when to ask for a certificate again: by the CA's word (RFC 9773), by the
 * certificate's life, and after failures. The second half is pure: time and randomness come in.
 */
#ifndef SEALPOST_ACME_RENEWAL_H
#define SEALPOST_ACME_RENEWAL_H

#include "acme/session.h"

/* base64url(AKI).base64url(serial), RFC 9773 4.1. Error: acme-no-key-identifier. */
int acme_certificate_id(struct str leaf_der, struct arena *arena, struct str *out,
                        struct error *err) NODISCARD;

struct acme_window {
    int64_t start, end;     /* of renewal, as the CA suggests */
    int64_t ask_again;      /* when to ask for the window next */
    struct str explanation; /* URL; empty: none; in arena */
};

/* Reads the answer of a CA, all but ask_again. A window that does not end after it starts is
 * refused (RFC 9773 4.2): acme-window. */
int acme_window_read(struct str body, struct arena *arena, struct acme_window *out,
                     struct error *err) NODISCARD;

/* When to ask for a window again, by the moment that Retry-After named (0: it was not there). */
int64_t acme_window_ask_again(int64_t retry_at, int64_t now);

/* Asks the CA. 1: *out filled; 0: the CA has no renewal information. Retry-After counts
 * between a minute and a day; without one the window is asked for again six hours later. Errors:
 * acme-window, those of the session. */
int acme_renewal_window(struct acme_session *session, struct str certificate_id,
                        struct arena *arena, struct acme_window *out, struct error *err) NODISCARD;

/* When to renew. With a window: a moment of it, chosen by `spread` (all of uint32_t); when that has
 * passed, at once (RFC 9773 4.2). Without, or with one that comes too late or ended before
 * the certificate's life began: at two thirds of the
 * life, at half of it when it lasts ACME_SHORT_LIFE_S or less; moved by `spread` up to a tenth of
 * what is then left, earlier. Never later than nine tenths of the life, so that a CA may fail a
 * while. */
int64_t acme_renew_at(int64_t not_before, int64_t not_after, const struct acme_window *window,
                      uint32_t spread);

#define ACME_SHORT_LIFE_S ((int64_t)10 * 86400)

/* When to try again after the failure number `failures` (from 1) in a row: a minute, doubling, at
 * most a day, and moved by `spread` up to a tenth, later; never before refusal->retry_at. At most
 * an hour where the CA gave no answer or one that its servers are at fault (5xx): that is no
 * failure of the name, and no CA counts it. What only a person can mend (userActionRequired,
 * externalAccountRequired, rejectedIdentifier, ...) waits the longest. A validation that failed,
 * and a limit without a time, wait an hour at least: CAs ration those. refusal may be NULL: the CA
 * said nothing. */
int64_t acme_retry_time(const struct acme_refusal *refusal, unsigned failures, int64_t now,
                        uint32_t spread);

/* When to look again after a preflight that said no: no CA was asked, and the name may come to lead
 * here any time. A minute, doubling, at most an hour, moved as above. */
int64_t acme_look_again(unsigned failures, int64_t now, uint32_t spread);

/* Until when nobody is to ask a CA that gave no answer, or a 5xx, for the time number `failures`
 * (from 1) in a row: a minute, doubling, at most an hour; never before refusal->retry_at. */
int64_t acme_outage_until(const struct acme_refusal *refusal, uint64_t failures, int64_t now);

/* Whether a CA that is blocked until then is so now. No block lasts longer than
 * ACME_RETRY_AFTER_MAX: one that seems to was noted before the clock was put right. */
bool acme_is_blocked(int64_t until, int64_t now);

/* Orders that an account may begin: a bucket of `size`, refilled evenly over `period` seconds.
 * Let's Encrypt allows 300 in three hours. size or period 0: no limit. */
struct acme_bucket {
    int64_t size, period;
    int64_t level_ms; /* what is in it, in thousandths of an order */
    int64_t at;       /* when that was; seconds since 1970 */
};

#define ACME_BUCKET_SIZE   300
#define ACME_BUCKET_PERIOD 10800

/* Takes one order out. 0: taken; else the moment, after now, at which there will be one. A clock
 * that went back fills nothing. */
int64_t acme_bucket_take(struct acme_bucket *bucket, int64_t now);

#endif
