/*
 * judge_text.h - what the judging files share: lists of names within a message, and the questions
 * that more than one step asks of the facts. Not for use outside judge*.c and remember.c.
 *
 * Texts are made in the arena of the check; where it is full they are empty, and arena->failed
 * tells.
 */
#ifndef SEALPOST_CHECK_JUDGE_TEXT_H
#define SEALPOST_CHECK_JUDGE_TEXT_H

#include "base/buf.h"
#include "check/judge.h"
#include "mtasts/txt.h"

/* The longest list in one message; what is beyond is left out, and "..." says so. */
#define JUDGE_LIST_MAX 1024

/* Appends an item, behind ", " when it is not the first. list: buf_init(&list, JUDGE_LIST_MAX). */
void judge_list_add(struct buf *list, struct str item);

/* The list as a text that lasts. A list for which there was no memory fails the arena. */
struct str judge_list_text(const struct judgement *j, const struct buf *list);

/* Where the last alias leads; empty where the name is none. */
struct str judge_last_alias(const struct fact_dns *dns);

/* "a.example -> b.example -> c.example": the name asked for and the aliases from it on. */
struct str judge_alias_chain(const struct judgement *j, const struct fact_dns *dns);

/* An id that was not there before: the time of the check. */
struct str judge_fresh_id(const struct judgement *j);

/* The TXT records of an answer in an array of their own; NULL when there is none. */
struct str *judge_txt_records(struct arena *arena, const struct fact_dns *dns);

/* Found, with records. */
bool judge_found(const struct fact_dns *dns);

/* Whether the same records stand at a name that nobody made. */
bool judge_from_wildcard(const struct check_facts *facts, const struct fact_dns *dns);

/* The texts of its records, with commas between. */
struct str judge_record_list(const struct judgement *j, const struct fact_dns *dns);

/* Whether a handshake failed for want of a common version of TLS, by OpenSSL's words for it. */
bool judge_is_old_version(struct str detail);

/* Asked, and the answer says that there are no such records. */
bool judge_nothing(const struct fact_dns *dns);

/* Asked, and the answer was none that a sender could use: bogus, failed, timed out. */
bool judge_dns_fails(const struct fact_dns *dns);

/* Asked, and nobody gave an answer: whether there are such records is not known. */
bool judge_dns_silent(const struct fact_dns *dns);

/* The same as judge_dns_fails, and the domain's own MX answer fails too, which step 1 has named. */
bool judge_fails_with_domain(const struct check_facts *facts, const struct fact_dns *dns);

/* The messages for a host of which A, AAAA or both fail, each with host, types and, the first, the
 * validator's reason. */
struct judge_lookup_messages {
    struct msg (*bogus)(struct str host, struct str types, struct str why);
    struct msg (*failed)(struct str host, struct str types);
    struct msg (*timeout)(struct str host, struct str types);
};

/* Says what fails of a host's addresses; as warnings when mail or policy can do without. Returns
 * whether anything does. */
bool judge_lookups(struct judgement *j, const struct fact_host *host,
                   const struct judge_lookup_messages *messages, bool can_do_without);

/* The policy as the first address served it of those that gave one with status 200; usable: only
 * from where a sender takes it. NULL: none. */
const struct fact_web *judge_served(const struct check_facts *facts, bool usable);

#endif
