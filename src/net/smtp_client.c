#include "net/smtp_client.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "net/messages.h"
#include "net/smtp_reply.h"

#define NAME_MAX_BYTES      255 /* RFC 5321 4.5.3.1.2 */
#define RECIPIENT_MAX_BYTES 254 /* RFC 5321 4.5.3.1.3, without the angle brackets */
#define IN_MAX              (SMTP_REPLY_MAX + (size_t)8 * 1024)
#define ARENA_MAX           (TLS_PEER_ARENA_MAX + (size_t)8 * 1024)
#define CODE_READY          220
#define CODE_CLOSING        421

struct smtp_client {
    struct arena arena; /* of what the session points at */
    struct tls_client *net;
    struct tls_client_context *tls, *own_tls;
    struct str ehlo, sni, recipient;
    bool stop_after_handshake;
    unsigned deadline_ms;
    enum smtp_step step; /* that is under way */
    bool quitting;       /* the result stands, and the answer to QUIT is waited for */
    bool ended;          /* its callback has run; it goes where the connection's event ends */
    struct buf in;
    struct smtp_reply reply;
    struct smtp_session session;
    smtp_callback *callback;
    void *user;
};

static void free_all(struct smtp_client *c)
{
    tls_client_free(c->net);
    tls_client_context_free(c->own_tls);
    buf_done(&c->in);
    arena_done(&c->arena);
    free(c);
}

/* ---- the end ---- */

static void tell(struct smtp_client *c)
{
    c->ended = true;
    c->callback(c->user, &c->session);
}

/* What every event of the connection ends with. */
static void settle(struct smtp_client *c)
{
    if (c->ended)
        free_all(c);
}

/* Sets the result. */
static void conclude(struct smtp_client *c, enum net_failure failure, struct str detail)
{
    struct smtp_session *s = &c->session;
    s->at = failure == NET_OK ? SMTP_DONE : c->step;
    s->failure = failure;
    s->detail = arena_str(&c->arena, detail);
    s->tls = *tls_client_peer(c->net);
    s->elapsed_ms = tls_client_elapsed_ms(c->net);
    if (!c->arena.failed)
        return;
    s->at = c->step;
    s->failure = NET_LOCAL;
    s->detail = STR("no memory");
}

static void finish(struct smtp_client *c, enum net_failure failure, struct str detail)
{
    conclude(c, failure, detail);
    tell(c);
}

/* RFC 5321 4.1.1.10: says goodbye to a server that still listens. */
static void quit(struct smtp_client *c, enum net_failure failure)
{
    conclude(c, failure, STR(""));
    if (c->session.code == CODE_CLOSING || !tls_client_send(c->net, STR("QUIT\r\n"))) {
        tell(c);
        return;
    }
    unsigned left =
        c->deadline_ms > c->session.elapsed_ms ? c->deadline_ms - c->session.elapsed_ms : 0;
    left = left < SMTP_QUIT_MS ? left : SMTP_QUIT_MS;
    if (c->tls) {
        tls_client_leave(c->net, c->tls, left);
        c->net = NULL;
        tell(c);
        return;
    }
    c->quitting = true;
    tls_client_set_deadline(c->net, left);
}

/* ---- the conversation ---- */

static void say(struct smtp_client *c, enum smtp_step step, const char *verb, struct str argument,
                const char *behind)
{
    struct buf line CLEANUP(buf_done);
    buf_init(&line, 1024);
    buf_cstr(&line, verb);
    buf_str(&line, argument);
    buf_cstr(&line, behind);
    buf_cstr(&line, "\r\n");
    c->step = step;
    if (line.failed || !tls_client_send(c->net, buf_view(&line)))
        finish(c, NET_LOCAL, STR("no memory"));
}

static void go_on_to_mail(struct smtp_client *c)
{
    if (c->recipient.n)
        say(c, SMTP_MAIL, "MAIL FROM:<>", STR(""), "");
    else
        quit(c, NET_OK);
}

static void begin_handshake(struct smtp_client *c)
{
    /* RFC 3207 section 4.2 and 6: nothing that came in the clear is taken for an answer. */
    bool waiting = tls_client_drop_waiting(c->net);
    c->session.pipelined_plaintext = c->in.n > 0 || waiting;
    buf_reset(&c->in);
    c->step = SMTP_HANDSHAKE;
    if (!c->tls && tls_client_context_new(&c->own_tls, NULL) < 0) {
        finish(c, NET_LOCAL, STR("no memory"));
        return;
    }
    if (!tls_client_upgrade(c->net, c->tls ? c->tls : c->own_tls, c->sni))
        finish(c, NET_LOCAL, STR("no memory"));
}

static void after_ehlo(struct smtp_client *c, bool starttls)
{
    c->session.esmtp = true;
    c->session.starttls_offered = starttls;
    if (starttls) {
        say(c, SMTP_STARTTLS, "STARTTLS", STR(""), "");
    } else if (c->recipient.n) {
        go_on_to_mail(c);
    } else {
        c->step = SMTP_STARTTLS;
        quit(c, NET_REPLY);
    }
}

/* Whether the code lets the step succeed. */
static bool is_good(enum smtp_step step, unsigned code)
{
    bool exactly = step == SMTP_BANNER || step == SMTP_STARTTLS;
    return exactly ? code == CODE_READY : code / 100 == 2;
}

/* starttls: whether the reply offers it. */
static void take_reply(struct smtp_client *c, bool starttls)
{
    switch (c->step) {
    case SMTP_BANNER:
        c->session.banner = c->session.reply;
        say(c, SMTP_EHLO, "EHLO ", c->ehlo, "");
        break;
    case SMTP_EHLO:
        after_ehlo(c, starttls);
        break;
    case SMTP_STARTTLS:
        begin_handshake(c);
        break;
    case SMTP_EHLO_TLS:
        go_on_to_mail(c);
        break;
    case SMTP_MAIL:
        say(c, SMTP_RCPT, "RCPT TO:<", c->recipient, ">");
        break;
    case SMTP_RCPT:
        quit(c, NET_OK);
        break;
    case SMTP_CONNECT:
    case SMTP_HANDSHAKE:
    case SMTP_DONE:
        break;
    }
}

/* ---- what the connection tells ---- */

/* Takes the reply off what came in. */
static void shift(struct smtp_client *c)
{
    size_t n = c->reply.size;
    memmove(c->in.p, c->in.p + n, c->in.n - n);
    c->in.n -= n;
    smtp_reply_init(&c->reply);
}

/* Its code and text become the session's; without a code, what came instead. */
static bool keep_reply(struct smtp_client *c, struct str bytes)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, SMTP_REPLY_TEXT_MAX);
    if (c->reply.fault == SMTP_REPLY_OK)
        smtp_reply_text(bytes, SMTP_REPLY_TEXT_MAX, &text);
    else
        buf_str(&text, str_head(bytes, SMTP_REPLY_TEXT_MAX));
    c->session.code = c->reply.fault == SMTP_REPLY_OK ? c->reply.code : 0;
    c->session.reply = arena_str(&c->arena, buf_view(&text));
    return !text.failed && !c->arena.failed;
}

/* Takes one reply; false when there is none yet. The client may have ended afterwards. */
static bool take_next(struct smtp_client *c)
{
    enum smtp_progress progress = smtp_reply_read(&c->reply, buf_view(&c->in));
    if (progress == SMTP_MORE)
        return false;
    if (c->quitting) {
        tell(c);
        return true;
    }
    /* Before our command has gone out this is no answer to it, and the command would go out within
     * TLS. */
    if (c->step == SMTP_STARTTLS && tls_client_is_sending(c->net)) {
        finish(c, NET_PROTOCOL, STR("reply-before-command"));
        return true;
    }
    struct str bytes = buf_view(&c->in);
    bool complete = progress == SMTP_COMPLETE;
    if (complete)
        bytes = str_head(bytes, c->reply.size);
    if (!keep_reply(c, bytes)) {
        finish(c, NET_LOCAL, STR("no memory"));
    } else if (!complete) {
        finish(c, NET_PROTOCOL, str_from(smtp_reply_fault_name(c->reply.fault)));
    } else {
        bool good = is_good(c->step, c->reply.code);
        bool starttls = smtp_reply_offers(bytes, STR("STARTTLS"));
        shift(c);
        if (good)
            take_reply(c, starttls);
        else
            quit(c, NET_REPLY);
    }
    return true;
}

static void on_received(void *user, struct str bytes)
{
    struct smtp_client *c = user;
    buf_str(&c->in, bytes);
    if (c->in.failed)
        finish(c, NET_LOCAL, STR("no memory"));
    while (!c->ended && take_next(c)) {
    }
    settle(c);
}

static void on_connected(void *user)
{
    struct smtp_client *c = user;
    c->step = SMTP_BANNER;
}

static void on_secured(void *user)
{
    struct smtp_client *c = user;
    if (c->stop_after_handshake)
        finish(c, NET_OK, STR(""));
    else
        say(c, SMTP_EHLO_TLS, "EHLO ", c->ehlo, "");
    settle(c);
}

static void on_ended(void *user, enum net_failure failure, struct str detail)
{
    struct smtp_client *c = user;
    if (c->quitting)
        tell(c);
    else
        finish(c, failure, detail);
    settle(c);
}

/* ---- the beginning ---- */

/* Nothing that would end a command or an argument before its time. */
static bool is_argument(struct str s, size_t max)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == '<' || s.p[i] == '>')
            return false;
    }
    return s.n <= max;
}

static bool check_options(const struct smtp_options *o, struct error *err)
{
    if (!o->ehlo.n || !is_argument(o->ehlo, NAME_MAX_BYTES)) {
        error_set(err, ERROR_PERMANENT, msg_smtp_bad_name(o->ehlo));
    } else if (!is_argument(o->sni, TLS_SNI_MAX)) {
        error_set(err, ERROR_PERMANENT, msg_smtp_bad_name(o->sni));
    } else if (!is_argument(o->recipient, RECIPIENT_MAX_BYTES)) {
        error_set(err, ERROR_PERMANENT, msg_smtp_bad_recipient(o->recipient));
    } else {
        return true;
    }
    return false;
}

static void copy_options(struct smtp_client *c, const struct smtp_options *o)
{
    c->ehlo = arena_str(&c->arena, o->ehlo);
    c->sni = arena_str(&c->arena, o->sni);
    c->recipient = arena_str(&c->arena, o->recipient);
    c->stop_after_handshake = o->stop_after_handshake;
    c->deadline_ms = o->deadline_ms;
    c->tls = o->tls;
}

struct smtp_client *smtp_client_start(struct event_base *base, const struct smtp_options *options,
                                      smtp_callback *callback, void *user, struct error *err)
{
    static const struct tls_client_events events = {on_connected, on_secured, on_received,
                                                    on_ended};
    if (!check_options(options, err))
        return NULL;
    struct smtp_client *c = calloc(1, sizeof *c);
    if (!c) {
        error_set_memory(err);
        return NULL;
    }
    *c = (struct smtp_client){.step = SMTP_CONNECT, .callback = callback, .user = user};
    arena_init(&c->arena, ARENA_MAX);
    buf_init(&c->in, IN_MAX);
    smtp_reply_init(&c->reply);
    copy_options(c, options);
    struct tls_client_options to = {
        .address = options->address, .port = options->port, .deadline_ms = options->deadline_ms};
    c->net = c->arena.failed ? NULL : tls_client_new(base, &to, &events, c, &c->arena);
    if (!c->net) {
        free_all(c);
        error_set_memory(err);
        return NULL;
    }
    return c;
}

void smtp_client_cancel(struct smtp_client *client)
{
    if (client)
        free_all(client);
}
