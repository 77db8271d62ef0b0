/*
 * perfect.h - a domain without a fault, for the tests of judging: each test breaks one thing.
 *
 * The domain is example.org: signed, two MX hosts with two addresses each, TLSA records that match,
 * a policy in enforce at two addresses, a record for TLS reports. Everything lives in the arena, is
 * nobody else's, and may be changed in place:
 *
 *     p.facts.web[0].fetched.status = 404;
 */
#ifndef SEALPOST_TESTS_CHECK_PERFECT_H
#define SEALPOST_TESTS_CHECK_PERFECT_H

#include "check.h"
#include "check/judge.h"

/* 2026-11-24T11:00:00Z */
#define NOW INT64_C(1795518000)
#define DAY INT64_C(86400)

#define PERFECT_MX        2
#define PERFECT_ADDRESSES 2 /* of each host: IPv4, then IPv6 */
#define PERFECT_POLICY                                                                             \
    "version: STSv1\r\nmode: enforce\r\nmx: mx1.example.org\r\nmx: mx2.example.org\r\n"            \
    "max_age: 2592000\r\n"

struct perfect {
    struct arena arena;
    struct check_facts facts;
    struct check_results results;
    struct judgement j; /* over the two above: as steps 1 to 4 leave it, and with names in mx */
};

void perfect_init(struct perfect *p);
void perfect_done(struct perfect *p);

/* Another policy, valid and served, as step 4 leaves it. */
void perfect_set_policy(struct perfect *p, struct str text);

/* Senders know of no policy, and TLSA records are nowhere. */
void perfect_unprotect(struct perfect *p);

/* Makes the answer to a question one of these records, found and with the TTL of an hour. */
void perfect_answer(struct perfect *p, struct fact_dns *dns, const char *const *texts,
                    size_t count);

/* No records: the status and nothing else. */
void perfect_no_answer(struct fact_dns *dns, enum dns_status status);

/* Makes all addresses of the policy host serve this body. */
void perfect_serve(struct perfect *p, struct str body);

/* The host keeps its first n addresses (of PERFECT_ADDRESSES). */
void perfect_keep_addresses(struct fact_host *host, size_t n);

/* A chain of a leaf for `name` and its issuer, valid from `from` to `until`, and a peer with it. */
void perfect_chain(struct perfect *p, struct str name, int64_t from, int64_t until,
                   struct tls_peer *peer, struct tls_verified *verified);

/* The number of results of a step that are graver than a note; prints them for `row`. */
unsigned perfect_faults(const struct perfect *p, enum check_step step, const char *row);

/* The first result with that code, or NULL. */
const struct check_result *perfect_find(const struct perfect *p, const struct msg_def *def);

/* Exactly one result with that code stands in the step, and its grade is this one; nothing else of
 * the step is graver than a note. Fails the test, naming the row, otherwise. */
void perfect_expect_only(const struct perfect *p, enum check_step step, const struct msg_def *def,
                         enum check_grade grade, const char *row);

/* One row of a table: what is broken, and what is then said. */
struct perfect_row {
    void (*break_it)(struct perfect *p);
    const struct msg_def *def;
    enum check_grade grade;
    const char *name;
};

/* For each row: perfect facts, broken, judged by judge, expected as above. */
void perfect_rows(const struct perfect_row *rows, size_t count, enum check_step step,
                  void (*judge)(struct judgement *j));

#endif
