#include "check/look.h"

/* Whether the mailbox of a rua takes mail: RCPT at the first MX host that answers. */
struct rcpt_look {
    struct look_task task; /* first: expire gets it back */
    struct check *check;
    struct fact_rua *rua;
    size_t host;             /* the MX record that is tried */
    struct fact_host *where; /* of it */
    size_t address;          /* the next one of it */
    struct look_line line;
    struct smtp_client *client;
};

static void try_next_address(struct rcpt_look *r);

static void on_addresses(void *user)
{
    try_next_address(user);
}

static void try_next_host(struct rcpt_look *r)
{
    const struct dns_records *mx = &r->rua->mx.answer.records;
    r->host++;
    r->address = 0;
    r->where = arena_alloc(&r->check->arena, sizeof *r->where);
    if (r->where && r->host < mx->count && r->host < CHECK_MX_MAX)
        look_host(r->check, r->where, mx->at[r->host].text, SMTP_PORT, on_addresses, r);
}

static void leave(struct rcpt_look *r)
{
    look_line_leave(&r->line);
    look_close(&r->task);
}

static void on_session(void *user, const struct smtp_session *session)
{
    struct rcpt_look *r = user;
    r->client = NULL;
    if (smtp_session_copy(&r->rua->rcpt, session, &r->check->arena) < 0)
        r->check->arena.failed = true;
    r->rua->rcpt.tls.chain = NULL; /* nobody looks at it */
    r->rua->rcpt.tls.chain_count = 0;
    bool answers = session->at > SMTP_BANNER;
    if (session->at == SMTP_CONNECT && session->failure == NET_TIMEOUT)
        look_line_tell_silent(&r->line);
    leave(r);
    if (!answers)
        try_next_address(r);
}

static void expire(struct look_task *task)
{
    struct rcpt_look *r = (struct rcpt_look *)task;
    if (r->client)
        smtp_client_cancel(r->client);
    r->client = NULL;
    leave(r);
}

static bool waits(const struct look_task *task)
{
    return look_line_waits(&((const struct rcpt_look *)task)->line);
}

static void start(struct rcpt_look *r)
{
    struct checker *checker = r->check->checker;
    struct smtp_options options = {.address = r->where->at[r->address - 1].address,
                                   .port = r->line.port,
                                   .tls = checker->tls,
                                   .ehlo = checker->settings.ehlo,
                                   .sni = r->where->name,
                                   .recipient = r->rua->rua.target,
                                   .deadline_ms = look_line_left_ms(&r->line)};
    r->client = smtp_client_start(checker->base, &options, on_session, r, NULL);
}

static void go(struct look_line *line)
{
    struct rcpt_look *r = (struct rcpt_look *)((char *)line - offsetof(struct rcpt_look, line));
    bool silent = look_line_is_silent(line);
    r->rua->probed = true;
    r->rua->rcpt = (struct smtp_session){.at = SMTP_CONNECT, .failure = NET_TIMEOUT};
    if (!silent)
        start(r);
    if (r->client)
        return;
    if (!silent)
        r->rua->rcpt.failure = NET_LOCAL;
    leave(r);
    if (silent)
        try_next_address(r);
}

static void try_next_address(struct rcpt_look *r)
{
    const struct fact_host *where = r->where;
    while (r->address < where->count &&
           !(where->at[r->address].allowed && look_has_source(&where->at[r->address].address)))
        r->address++;
    if (r->check->closing)
        return;
    if (r->address == where->count) {
        try_next_host(r);
        return;
    }
    const struct fact_address *at = &where->at[r->address++];
    look_open(r->check, &r->task, expire);
    r->task.waits = waits;
    r->line = (struct look_line){.checker = r->check->checker,
                                 .check = r->check,
                                 .port = look_port(r->check->checker, where->name, SMTP_PORT),
                                 .go = go};
    if (!look_line_enter(&r->line, &at->address)) {
        r->check->arena.failed = true;
        look_close(&r->task);
    }
}

void look_rcpt(struct check *check, struct fact_rua *rua)
{
    struct rcpt_look *r = arena_alloc(&check->arena, sizeof *r);
    if (!r)
        return;
    *r = (struct rcpt_look){.check = check, .rua = rua, .where = &rua->where};
    if (rua->mx.answer.records.count) {
        r->host = SIZE_MAX; /* the first is the next */
        try_next_host(r);
    } else {
        try_next_address(r);
    }
}
