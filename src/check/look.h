/*
 * look.h - one check while it runs; private to the looking half of src/check.
 *
 * Everything that takes time is a task: a question, a connection, a place in a queue. A task is
 * open from look_open to look_close, and a check ends when none is open, or at its total deadline:
 * then every open task is told to expire. It stops what it does, marks its facts as timed out, and
 * goes on to what follows as if it had ended so by itself; but a check that is closing begins no
 * new tasks. So whoever joins several tasks needs no thought for deadlines.
 *
 * A `then` is called when what was asked for is complete; it may be called before the function
 * that was asked returns. Tasks live in the arena of their check.
 */
#ifndef SEALPOST_CHECK_LOOK_H
#define SEALPOST_CHECK_LOOK_H

#include <event2/event.h>
#include <event2/event_struct.h>

#include "check/check.h"
#include "check/gate.h"
#include "check/seen.h"
#include "net/tls_client.h"
#include "net/tls_known.h"

/* Bytes kept of observations that no running check refers to. */
#define LOOK_SEEN_MAX ((size_t)2 * 1024 * 1024)

typedef bool look_judge(const struct check_facts *facts, struct arena *arena,
                        struct check_results *results, struct check_verdict *verdict);

struct checker {
    struct event_base *base;
    struct check_settings settings; /* with the defaults filled in */
    look_judge *judge;
    struct dns *dns;
    struct http_client *http;
    struct tls_client_context *tls;   /* for all conversations */
    struct tls_known *known;          /* chains that were shown */
    const struct timeval *host_limit; /* a common timeout of the loop */
    struct gate gate;                 /* before each address */
    struct seen seen;                 /* MX hosts at their addresses */
    bool port_25_seen;                /* somebody answered on that port, or refused */
    unsigned port_25_knocks;          /* that are open or were in vain */
    struct arena arena;               /* of the settings */
    struct check *first;              /* those that run */
};

/* checker_new with another judge, for tests of looking alone. */
struct checker *look_checker_new(struct event_base *base, const struct check_settings *settings,
                                 look_judge *judge, struct error *err);

struct look_task {
    struct check *check; /* NULL: not open */
    struct look_task *next, *previous;
    void (*expire)(struct look_task *task);
    /* Whether it stands in the line before an address, or has only just left it: the total deadline
     * does not count that time. NULL: never. */
    bool (*waits)(const struct look_task *task);
    bool overdue;
};

/* A reference that the facts of a check rely on until it is gone. */
struct look_held {
    struct look_held *next;
    struct seen_ref ref;
};

struct check {
    struct checker *checker;
    struct check *next, *previous;
    struct arena arena;
    struct check_facts facts;
    check_callback *callback;
    check_progress *progress;
    void *user;
    struct look_task *tasks;
    struct look_held *held;
    unsigned open, done;
    bool closing;
    bool port_25_wanted; /* an MX host was silent; asked when the policy host is known to be up */
    bool port_25_asked;
    bool given_up; /* its checker goes: nothing is judged or told */
    int64_t began_ms;
    int64_t ends_ms; /* the total deadline */
    struct event deadline;
    struct event idle; /* nothing is open any more */
};

void look_open(struct check *check, struct look_task *task, void (*expire)(struct look_task *task));
void look_close(struct look_task *task);

/* Milliseconds that a connection which begins now may take: until the host's deadline, or a little
 * before the total one, so that it can still tell how far it came. At least 1. */
unsigned look_deadline_ms(const struct check *check);

/* prefix and name, one behind the other, in the arena. */
struct str look_name(struct check *check, struct str prefix, struct str name);

typedef void look_then(void *user);

/* ---- questions and addresses ---- */

/* Fills *fact with the answer. The name is copied. then may be NULL. A check that is closing leaves
 * the fact as it is and calls nothing. */
void look_ask(struct check *check, struct fact_dns *fact, struct str name, enum dns_type type,
              look_then *then, void *user);

/* Whether the answer has records. */
bool look_found(const struct fact_dns *fact);

/* Asks for the addresses of a host and passes each by the guard for connections to that port. */
void look_host(struct check *check, struct fact_host *host, struct str name, uint16_t port,
               look_then *then, void *user);

/* For an address in place of a name: nothing is asked. */
void look_host_literal(struct check *check, struct fact_host *host, struct str text);

/* Where connections to host:port go by --connect, or NULL. */
const struct check_connect *look_connect(const struct checker *checker, struct str host,
                                         uint16_t port);

/* The port to connect to: `port`, or that of --connect. */
uint16_t look_port(const struct checker *checker, struct str host, uint16_t port);

/* Whether this machine has an address and a route to connect from. */
bool look_has_source(const struct address *address);

/* The index of the first address that may be tried from here, or -1. */
ssize_t look_first_address(const struct fact_host *host);

/* ---- the line before an address ---- */

/* Everybody who connects stands in it, and has the host's time from when it is let in. Embedded;
 * the caller sets the fields before `place`. */
struct look_line {
    struct checker *checker;
    const struct check *check; /* whose total deadline bounds the time; NULL: several share it */
    unsigned used_ms;          /* of the host's time, by what was tried there before */
    uint16_t port;             /* that is connected to */
    void (*go)(struct look_line *line);
    struct gate_place place;
    bool queued;     /* it was not let in at once */
    bool whole;      /* it has all of the host's time */
    int64_t ends_ms; /* of the host's time; 0: not let in yet */
};

/* Calls go when it is let in: from here, or from another's look_line_leave. False when there is no
 * memory: it stands in no line. */
bool look_line_enter(struct look_line *line, const struct address *address) NODISCARD;

/* Gives the place up, in the line or inside; in none is fine. The next one goes in. */
void look_line_leave(struct look_line *line);

/* Milliseconds that what begins now may take, at least 1; and what of the host's time is used. */
unsigned look_line_left_ms(const struct look_line *line);
unsigned look_line_used_ms(const struct look_line *line);

/* For look_task.waits: the time in the line is not the host's. */
bool look_line_waits(const struct look_line *line);

/* Whether somebody who was inside before was answered by nothing at all on that port; and to tell
 * so, which counts from those only who had the whole time. */
bool look_line_is_silent(const struct look_line *line);
void look_line_tell_silent(struct look_line *line);

/* ---- connections ---- */

#define HTTPS_PORT 443

struct look_web_request {
    struct str host;
    struct str server_name; /* for SNI and the Host header; empty: the host */
    uint16_t url_port;      /* of the URL; connections go to look_port of it */
    struct str path;
    struct str body, content_type; /* a body makes it a POST */
    size_t body_max;
    bool as_browser_too; /* a 4xx is asked again with a browser's User-Agent */
    unsigned used_ms;    /* of the host's time, by earlier requests to that address */
};

/* One HTTPS request to one address, and whether its certificate is good. With what went before it
 * within the host's time: what comes last may have too little of it, and then says nothing. */
void look_web(struct check *check, const struct look_web_request *request,
              const struct fact_address *at, struct fact_web *web, look_then *then, void *user);

/* One conversation with an MX host at one address, shared with other checks of the run. */
void look_smtp(struct check *check, struct str host, const struct fact_address *at,
               struct fact_smtp *smtp);

/* An MX host swallowed what was sent to its port 25: whether something answers on that port at all,
 * from here. Asked once a check, and no more once it is known within the run. */
void look_port_25(struct check *check);
void look_port_25_learn(struct checker *checker, const struct smtp_session *session);

/* RCPT for the address of a mailto rua at the first MX host that answers; fills rua->rcpt. */
void look_rcpt(struct check *check, struct fact_rua *rua);

/* ---- steps; each begins what it can ---- */

void look_policy_host(struct check *check);
void look_mx_records(struct check *check);
void look_tlsa(struct check *check, struct fact_mx *mx);
void look_records(struct check *check);     /* the TXT records, wildcards, subdomains, CAA */
void look_nameservers(struct check *check); /* when facts.sts_txt is answered */
void look_rua(struct check *check);         /* when facts.rpt_txt is answered */

/* At the end: what the TLSA records say of the chains that were seen. */
void look_dane(struct check *check);

#endif
