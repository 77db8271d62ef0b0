/*
 * judge_policy_host.h - the parts of step 3, called by judge_policy_host in this order.
 *
 * Each looks at the addresses of the policy host one by one. What is the same at several of them is
 * one result that names them all.
 */
#ifndef SEALPOST_CHECK_JUDGE_POLICY_HOST_H
#define SEALPOST_CHECK_JUDGE_POLICY_HOST_H

#include "check/judge.h"

/* What is to be said of address number i; def NULL: nothing. `at` names the addresses that it
 * holds for; it is empty while they are compared. */
typedef struct msg web_look(const struct judgement *j, size_t i, struct str at);

/* Looks at every address and adds what comes out. spared: mail finds another address, so that an
 * error is a warning. */
void judge_web_each(struct judgement *j, web_look *look, bool spared);

/* Adds a result about the policy host. While the domain announces no policy and is not known to
 * have had one, no sender comes here: an error is a warning then. */
void judge_web_add(struct judgement *j, enum check_grade grade, struct msg m, struct str address);

/* The same with the grade of its rule. */
void judge_web_add_rule(struct judgement *j, struct msg m, struct str address);

/* The addresses for which is_so holds, as a list; empty when there is none. */
struct str judge_web_list(const struct judgement *j,
                          bool (*is_so)(const struct fact_web *web, const void *user),
                          const void *user);

/* Addresses that facts->web has facts for. */
size_t judge_web_count(const struct check_facts *facts);

/* TCP, TLS, the certificate, other server names. */
void judge_web_tls(struct judgement *j);

/* Whether the handshake came so far that there is a chain to look at. */
bool judge_web_has_chain(const struct fact_web *web);

/* Status, media type, size, time, caching, and whether all addresses serve the same. */
void judge_web_http(struct judgement *j);

/* Whether the CAA records let the certificate be renewed where it came from (RFC 8659). */
void judge_web_caa(struct judgement *j);

#endif
