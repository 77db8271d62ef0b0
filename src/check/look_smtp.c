#include "check/look.h"

#include "base/domain.h"

/* Made once within a run for all checks that name the host; lives in the arena of its thing. */
struct conversation {
    struct checker *checker;
    struct seen_thing *thing;
    struct arena *arena;
    struct look_line line;
    struct smtp_client *client;
    struct str host;
    struct address address;
    struct fact_smtp smtp; /* at any time what an expiring check takes with it */
};

struct asker {
    struct look_task task; /* first: expire gets it back */
    struct look_held held;
    struct fact_smtp *smtp;
};

#define KEY_MAX (DOMAIN_NAME_MAX + INET6_ADDRSTRLEN + 16)

static void on_second(void *user, const struct smtp_session *session);

static void give_up(void *value)
{
    struct conversation *c = value;
    if (c->client)
        smtp_client_cancel(c->client);
    c->client = NULL;
    look_line_leave(&c->line);
}

static void complete(struct conversation *c)
{
    /* The place first: it lies in the thing, which may go with the last of those who wait. */
    look_line_leave(&c->line);
    seen_complete(&c->checker->seen, c->thing);
}

static void start(struct conversation *c, struct str sni, bool stop, smtp_callback *callback)
{
    const struct check_settings *s = &c->checker->settings;
    struct smtp_options options = {.address = c->address,
                                   .port = c->line.port,
                                   .tls = c->checker->tls,
                                   .ehlo = s->ehlo,
                                   .sni = sni,
                                   .stop_after_handshake = stop,
                                   .deadline_ms = look_line_left_ms(&c->line)};
    c->client = smtp_client_start(c->checker->base, &options, callback, c, NULL);
}

static void verify(struct conversation *c, const struct tls_peer *peer, struct tls_verified *out)
{
    const struct check_settings *s = &c->checker->settings;
    if ((peer->chain_count || peer->version) &&
        tls_known_verify(c->checker->known, peer, c->host, s->clock(), c->arena, out, NULL) < 0)
        c->arena->failed = true;
}

static void on_first(void *user, const struct smtp_session *session)
{
    struct conversation *c = user;
    c->client = NULL;
    if (smtp_session_copy(&c->smtp.session, session, c->arena) < 0)
        c->arena->failed = true;
    look_port_25_learn(c->checker, session);
    if (session->at == SMTP_CONNECT && session->failure == NET_TIMEOUT)
        look_line_tell_silent(&c->line);
    verify(c, &session->tls, &c->smtp.verified);
    if (session->tls.version && c->checker->settings.thorough)
        start(c, STR(""), true, on_second);
    if (!c->client)
        complete(c);
}

static void on_second(void *user, const struct smtp_session *session)
{
    struct conversation *c = user;
    struct fact_handshake *second = &c->smtp.without_sni;
    struct smtp_session copy = {0};
    c->client = NULL;
    if (smtp_session_copy(&copy, session, c->arena) < 0)
        c->arena->failed = true;
    /* It had what the first one left of the host's time; too little says nothing of the host. */
    second->tried = copy.failure != NET_TIMEOUT;
    second->failure = copy.failure;
    second->detail = copy.detail;
    second->tls = copy.tls;
    verify(c, &session->tls, &second->verified);
    complete(c);
}

static void go(struct look_line *line)
{
    struct conversation *c =
        (struct conversation *)((char *)line - offsetof(struct conversation, line));
    c->smtp.tried = true;
    c->smtp.session = (struct smtp_session){.at = SMTP_CONNECT, .failure = NET_TIMEOUT};
    if (!look_line_is_silent(line)) {
        start(c, c->host, false, on_first);
        if (c->client)
            return;
        c->smtp.session.failure = NET_LOCAL;
    }
    complete(c);
}

/* What is known now; what it points at lives as long as the reference, which the check holds. */
static void take(struct asker *a)
{
    const struct conversation *c = seen_value(&a->held.ref);
    if (c) {
        *a->smtp = c->smtp;
        a->task.check->arena.failed |= c->arena->failed;
        if (c->smtp.session.at == SMTP_CONNECT && c->smtp.session.failure == NET_TIMEOUT)
            look_port_25(a->task.check);
    }
    look_close(&a->task);
}

static void on_ready(struct seen_ref *ref)
{
    struct asker *a = (struct asker *)((char *)ref - offsetof(struct asker, held.ref));
    /* One that was overdue has taken what there was, though its check goes on. */
    if (a->task.check)
        take(a);
}

/* Time in the line before an address is not the host's; nor is the beginning of a conversation that
 * another check began. */
static bool waits(const struct look_task *task)
{
    const struct conversation *c = seen_value(&((const struct asker *)task)->held.ref);
    return c && look_line_waits(&c->line);
}

static void expire(struct look_task *task)
{
    take((struct asker *)task);
}

static void make(struct asker *a, struct str host, const struct fact_address *at)
{
    struct checker *checker = a->task.check->checker;
    struct seen_ref *ref = &a->held.ref;
    struct arena *arena = seen_arena(ref);
    struct conversation *c = arena_alloc(arena, sizeof *c);
    if (!c) {
        a->task.check->arena.failed = true;
        seen_complete(&checker->seen, ref->thing);
        return;
    }
    *c = (struct conversation){
        .checker = checker,
        .thing = ref->thing,
        .arena = arena,
        .host = arena_str(arena, host),
        .address = at->address,
        .line = {.checker = checker, .port = look_port(checker, host, SMTP_PORT), .go = go}};
    seen_set_value(ref, c, give_up);
    if (!look_line_enter(&c->line, &c->address)) {
        arena->failed = true;
        complete(c);
    }
}

void look_smtp(struct check *check, struct str host, const struct fact_address *at,
               struct fact_smtp *smtp)
{
    struct buf key CLEANUP(buf_done);
    buf_init(&key, KEY_MAX);
    struct asker *a = check->closing ? NULL : arena_alloc(&check->arena, sizeof *a);
    if (!a)
        return;
    buf_str(&key, host);
    buf_byte(&key, ' ');
    address_print(&at->address, &key);
    buf_printf(&key, " %u", (unsigned)look_port(check->checker, host, SMTP_PORT));
    *a = (struct asker){.smtp = smtp};
    enum seen_found found =
        key.failed ? SEEN_NO_MEMORY
                   : seen_get(&check->checker->seen, buf_view(&key), &a->held.ref, on_ready);
    if (found == SEEN_NO_MEMORY) {
        check->arena.failed = true;
        return;
    }
    a->held.next = check->held;
    check->held = &a->held;
    look_open(check, &a->task, expire);
    a->task.waits = waits;
    if (found == SEEN_COMPLETE)
        take(a);
    else if (found == SEEN_MAKE)
        make(a, host, at);
}
