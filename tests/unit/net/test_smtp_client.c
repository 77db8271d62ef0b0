#include "check.h"

#include <event2/event.h>
#include <string.h>

#include "fault.h"
#include "made.h"
#include "net/smtp_client.h"
#include "smtp_server.h"

#define FROM     1795000000
#define UNTIL    1895518000
#define PATIENCE 5000 /* ms; a test that needs it fails */
#define SHORT    5000 /* ms; of what is to pass, after all that comes before it */

struct world {
    struct arena arena;
    struct event_base *base;
    struct made issuer, leaf;
    SSL_CTX *server;
    struct tls_client_context *tls;
};

static int make_world(void **state)
{
    static struct world w;
    arena_init(&w.arena, 1 << 20);
    w.base = event_base_new();
    w.issuer = made_new("Authority", NULL, NULL, FROM, UNTIL);
    w.leaf = made_new("mx", "DNS:mx.test", &w.issuer, FROM, UNTIL);
    w.server = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate(w.server, w.leaf.certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(w.server, w.leaf.key), 1);
    SSL_CTX_add1_chain_cert(w.server, w.issuer.certificate);
    assert_int_equal(tls_client_context_new(&w.tls, NULL), 0);
    *state = &w;
    return 0;
}

static int end_world(void **state)
{
    struct world *w = *state;
    tls_client_context_free(w->tls);
    SSL_CTX_free(w->server);
    made_done(&w->leaf);
    made_done(&w->issuer);
    event_base_free(w->base);
    arena_done(&w->arena);
    return 0;
}

/* What a client told. */
struct told {
    struct arena *arena;
    unsigned times;
    struct smtp_session session;
};

static void on_told(void *user, const struct smtp_session *session)
{
    struct told *told = user;
    told->times++;
    assert_int_equal(smtp_session_copy(&told->session, session, told->arena), 0);
}

static struct smtp_options options_for(const struct world *w, const struct smtp_server *s)
{
    return (struct smtp_options){.address = s->address,
                                 .port = s->port,
                                 .ehlo = STR("client.test"),
                                 .sni = STR("mx.test"),
                                 .deadline_ms = PATIENCE,
                                 .tls = w->tls};
}

static const enum smtp_step steps[] = {SMTP_BANNER,   SMTP_EHLO, SMTP_STARTTLS,
                                       SMTP_EHLO_TLS, SMTP_MAIL, SMTP_RCPT};
#define STEPS ARRAY_LEN(steps)

/* What is no whole reply. */
static const char *const partial[] = {"", "2", "250-mx.test\r\n", "220 mx.te"};

/* The turns of a server that is in order. */
#define BANNER                                                                                     \
    {                                                                                              \
        false, "220 mx.test ESMTP\r\n", SMTP_ACT_GO_ON                                             \
    }
#define EHLO                                                                                       \
    {                                                                                              \
        true, "250-mx.test\r\n250-SIZE 1000\r\n250 starttls\r\n", SMTP_ACT_GO_ON                   \
    }
#define PLAIN_EHLO                                                                                 \
    {                                                                                              \
        true, "250-mx.test\r\n250 SIZE 1000\r\n", SMTP_ACT_GO_ON                                   \
    }
#define STARTTLS                                                                                   \
    {                                                                                              \
        true, "220 go ahead\r\n", SMTP_ACT_TLS                                                     \
    }
#define OK                                                                                         \
    {                                                                                              \
        true, "250 ok\r\n", SMTP_ACT_GO_ON                                                         \
    }
#define BYE                                                                                        \
    {                                                                                              \
        true, "221 bye\r\n", SMTP_ACT_CLOSE                                                        \
    }
#define TURNS 8

struct row {
    const char *what;
    struct smtp_turn turns[TURNS];
    const char *recipient;
    bool stop;
    unsigned deadline; /* 0: PATIENCE */
    enum smtp_step at;
    enum net_failure failure;
    unsigned code;
    const char *detail, *reply, *heard;
};

static size_t turns_of(const struct row *r)
{
    size_t n = 0;
    while (n < TURNS && r->turns[n].says)
        n++;
    return n;
}

static struct smtp_session converse(struct world *w, const struct row *r, struct smtp_server *s)
{
    struct told told = {.arena = &w->arena};
    struct error err;
    smtp_server_start(s, r->turns, turns_of(r), w->server);
    struct smtp_options options = options_for(w, s);
    options.recipient = str_from(r->recipient);
    options.stop_after_handshake = r->stop;
    if (r->deadline)
        options.deadline_ms = r->deadline;
    assert_non_null(smtp_client_start(w->base, &options, on_told, &told, &err));
    assert_int_equal(told.times, 0);
    event_base_dispatch(w->base);
    smtp_server_stop(s);
    CHECK(told.times == 1, r->what);
    return told.session;
}

static void check_row(struct world *w, const struct row *r)
{
    struct smtp_server s;
    struct smtp_session got = converse(w, r, &s);
    if (got.at != r->at || got.failure != r->failure)
        print_error("%s: at %s, %s, \"%.*s\"\n", r->what, smtp_step_name(got.at),
                    net_failure_name(got.failure), STR_ARG(got.detail));
    CHECK(got.at == r->at, r->what);
    CHECK(got.failure == r->failure, r->what);
    CHECK(got.code == r->code, r->what);
    CHECK_STR(got.detail, r->detail ? r->detail : "", r->what);
    if (r->reply)
        CHECK_STR(got.reply, r->reply, r->what);
    if (r->heard)
        CHECK_STR(str_from(s.heard), r->heard, r->what);
}

#define ALL "EHLO client.test|STARTTLS|EHLO client.test|"

/* RFC 5321 3.1, 3.2; RFC 3207 section 4. */
static void a_conversation_goes_to_its_end(void **state)
{
    struct world *w = *state;
    static const struct row rows[] = {
        {"up to the second EHLO",
         {BANNER, EHLO, STARTTLS, PLAIN_EHLO, BYE},
         .at = SMTP_DONE,
         .code = 250,
         .heard = ALL "QUIT"},
        {"with a recipient",
         {BANNER, EHLO, STARTTLS, PLAIN_EHLO, OK, OK, BYE},
         .recipient = "reports@mx.test",
         .at = SMTP_DONE,
         .code = 250,
         .heard = ALL "MAIL FROM:<>|RCPT TO:<reports@mx.test>|QUIT"},
        {"with a recipient, in the clear",
         {BANNER, PLAIN_EHLO, OK, OK, BYE},
         .recipient = "reports@mx.test",
         .at = SMTP_DONE,
         .code = 250,
         .heard = "EHLO client.test|MAIL FROM:<>|RCPT TO:<reports@mx.test>|QUIT"},
        {"the handshake and no more",
         {BANNER, EHLO, STARTTLS},
         .stop = true,
         .at = SMTP_DONE,
         .code = 220,
         .heard = "EHLO client.test|STARTTLS"},
        {"no answer to QUIT",
         {BANNER, EHLO, STARTTLS, PLAIN_EHLO, {true, "", SMTP_ACT_HANG}},
         .at = SMTP_DONE,
         .code = 250,
         .heard = ALL "QUIT"},
        {"a bad answer to QUIT",
         {BANNER, EHLO, STARTTLS, PLAIN_EHLO, {true, "nonsense", SMTP_ACT_RESET}},
         .at = SMTP_DONE,
         .code = 250,
         .heard = ALL "QUIT"},
        {"two answers at once",
         {{false, "220 mx\r\n250-mx\r\n250 STARTTLS\r\n", SMTP_ACT_GO_ON},
          {true, "", SMTP_ACT_GO_ON},
          STARTTLS,
          PLAIN_EHLO,
          BYE},
         .at = SMTP_DONE,
         .code = 250,
         .heard = ALL "QUIT"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_row(w, &rows[i]);
}

/* RFC 5321 4.2.1 and 3.1; RFC 3207 section 4. */
static void a_refusal_is_told_with_its_step(void **state)
{
    struct world *w = *state;
    static const struct row rows[] = {
        {"banner 554",
         {{false, "554-no\r\n554 service\r\n", SMTP_ACT_GO_ON}, BYE},
         .at = SMTP_BANNER,
         .failure = NET_REPLY,
         .code = 554,
         .reply = "no service",
         .heard = "QUIT"},
        {"banner 421",
         {{false, "421 later\r\n", SMTP_ACT_CLOSE}},
         .at = SMTP_BANNER,
         .failure = NET_REPLY,
         .code = 421,
         .reply = "later",
         .heard = ""},
        {"banner 250",
         {{false, "250 hm\r\n", SMTP_ACT_GO_ON}, BYE},
         .at = SMTP_BANNER,
         .failure = NET_REPLY,
         .code = 250},
        {"EHLO refused",
         {BANNER, {true, "502 what\r\n", SMTP_ACT_GO_ON}, BYE},
         .at = SMTP_EHLO,
         .failure = NET_REPLY,
         .code = 502,
         .heard = "EHLO client.test|QUIT"},
        {"STARTTLS absent",
         {BANNER, PLAIN_EHLO, BYE},
         .at = SMTP_STARTTLS,
         .failure = NET_REPLY,
         .code = 250,
         .heard = "EHLO client.test|QUIT"},
        {"STARTTLS 454",
         {BANNER, EHLO, {true, "454 4.7.0 TLS not available\r\n", SMTP_ACT_GO_ON}, BYE},
         .at = SMTP_STARTTLS,
         .failure = NET_REPLY,
         .code = 454,
         .reply = "4.7.0 TLS not available",
         .heard = "EHLO client.test|STARTTLS|QUIT"},
        {"STARTTLS answered before it was said",
         {{false, "220 mx\r\n250-mx\r\n250 STARTTLS\r\n220 go\r\n", SMTP_ACT_CLOSE}},
         .at = SMTP_STARTTLS,
         .failure = NET_PROTOCOL,
         .code = 250,
         .detail = "reply-before-command"},
        {"STARTTLS 250",
         {BANNER, EHLO, {true, "250 ok\r\n", SMTP_ACT_GO_ON}, BYE},
         .at = SMTP_STARTTLS,
         .failure = NET_REPLY,
         .code = 250},
        {"second EHLO 421",
         {BANNER, EHLO, STARTTLS, {true, "421 closing\r\n", SMTP_ACT_CLOSE}},
         .at = SMTP_EHLO_TLS,
         .failure = NET_REPLY,
         .code = 421},
        {"MAIL refused",
         {BANNER, EHLO, STARTTLS, PLAIN_EHLO, {true, "550 no bounces\r\n", SMTP_ACT_GO_ON}, BYE},
         .recipient = "a@mx.test",
         .at = SMTP_MAIL,
         .failure = NET_REPLY,
         .code = 550,
         .heard = ALL "MAIL FROM:<>|QUIT"},
        {"RCPT refused",
         {BANNER,
          EHLO,
          STARTTLS,
          PLAIN_EHLO,
          OK,
          {true, "550 5.1.1 none\r\n", SMTP_ACT_GO_ON},
          BYE},
         .recipient = "a@mx.test",
         .at = SMTP_RCPT,
         .failure = NET_REPLY,
         .code = 550,
         .reply = "5.1.1 none"},
        {"RCPT greylisted, in the clear",
         {BANNER, PLAIN_EHLO, OK, {true, "450 later\r\n", SMTP_ACT_GO_ON}, BYE},
         .recipient = "a@mx.test",
         .at = SMTP_RCPT,
         .failure = NET_REPLY,
         .code = 450},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_row(w, &rows[i]);
}

static void what_is_no_smtp_is_told_so(void **state)
{
    struct world *w = *state;
    static const struct row rows[] = {
        {"another protocol",
         {{false, "SSH-2.0-OpenSSH_9.2\r\n", SMTP_ACT_GO_ON}},
         .at = SMTP_BANNER,
         .failure = NET_PROTOCOL,
         .detail = "no-reply-code",
         .reply = "SSH-2.0-OpenSSH_9.2\r\n",
         .heard = ""},
        {"two codes",
         {BANNER, {true, "250-mx\r\n251 x\r\n", SMTP_ACT_GO_ON}},
         .at = SMTP_EHLO,
         .failure = NET_PROTOCOL,
         .detail = "reply-code-changes"},
        {"no TLS behind STARTTLS",
         {BANNER,
          EHLO,
          {true, "220 go\r\n", SMTP_ACT_GO_ON},
          {true, "500 what\r\n", SMTP_ACT_GO_ON}},
         .at = SMTP_HANDSHAKE,
         .failure = NET_TLS,
         .code = 220,
         .detail = "wrong version number"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_row(w, &rows[i]);
}

/* The turns up to a step, at which the server says only this and then does that. */
static struct row fails_at(size_t step, const char *says, enum smtp_act act)
{
    static const struct smtp_turn good[] = {BANNER, EHLO, STARTTLS, PLAIN_EHLO, OK, OK};
    struct row r = {.what = smtp_step_name(steps[step]), .recipient = "a@mx.test"};
    memcpy(r.turns, good, (step + 1) * sizeof good[0]);
    r.turns[step].says = says;
    r.turns[step].then = act;
    return r;
}

/* Every step, with nothing said or a part of a reply, and the connection gone. */
static void a_server_that_goes_at_any_step_is_told_with_it(void **state)
{
    struct world *w = *state;
    static const enum smtp_act acts[] = {SMTP_ACT_CLOSE, SMTP_ACT_RESET};
    for (size_t i = 0; i < STEPS * ARRAY_LEN(partial) * ARRAY_LEN(acts); i++) {
        size_t step = i % STEPS, act = i / STEPS % ARRAY_LEN(acts);
        struct row r = fails_at(step, partial[i / STEPS / ARRAY_LEN(acts)], acts[act]);
        struct smtp_server s;
        struct smtp_session got = converse(w, &r, &s);
        CHECK(got.failure == NET_CLOSED, r.what);
        CHECK(got.at == steps[step], r.what);
        CHECK((got.tls.chain_count > 0) == (steps[step] >= SMTP_EHLO_TLS), r.what);
    }
}

/* The same, and nothing more; all at once, so that one deadline is waited for. */
static void a_server_that_hangs_at_any_step_is_told_with_it(void **state)
{
    struct world *w = *state;
    static struct smtp_server servers[STEPS * ARRAY_LEN(partial)];
    static struct row rows[ARRAY_LEN(servers)];
    struct told told[ARRAY_LEN(servers)];
    for (size_t i = 0; i < ARRAY_LEN(servers); i++) {
        struct error err;
        rows[i] = fails_at(i % STEPS, partial[i / STEPS], SMTP_ACT_HANG);
        smtp_server_start(&servers[i], rows[i].turns, turns_of(&rows[i]), w->server);
        struct smtp_options options = options_for(w, &servers[i]);
        options.recipient = str_from(rows[i].recipient);
        options.deadline_ms = SHORT;
        told[i] = (struct told){.arena = &w->arena};
        assert_non_null(smtp_client_start(w->base, &options, on_told, &told[i], &err));
    }
    event_base_dispatch(w->base);
    for (size_t i = 0; i < ARRAY_LEN(servers); i++) {
        smtp_server_stop(&servers[i]);
        CHECK(told[i].times == 1, rows[i].what);
        CHECK(told[i].session.failure == NET_TIMEOUT, rows[i].what);
        CHECK(told[i].session.at == steps[i % STEPS], rows[i].what);
        CHECK(told[i].session.elapsed_ms >= SHORT / 2, rows[i].what);
    }
}

static void a_handshake_that_fails_is_told(void **state)
{
    struct world *w = *state;
    static const struct row rows[] = {
        {"closed",
         {BANNER, EHLO, {true, "220 go\r\n", SMTP_ACT_CLOSE}},
         .at = SMTP_HANDSHAKE,
         .failure = NET_CLOSED,
         .code = 220},
        {"reset",
         {BANNER, EHLO, {true, "220 go\r\n", SMTP_ACT_RESET}},
         .at = SMTP_HANDSHAKE,
         .failure = NET_CLOSED,
         .code = 220},
        {"silent",
         {BANNER, EHLO, {true, "220 go\r\n", SMTP_ACT_HANG}},
         .deadline = SHORT,
         .at = SMTP_HANDSHAKE,
         .failure = NET_TIMEOUT,
         .code = 220},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_row(w, &rows[i]);
}

static void a_session_tells_what_was_seen(void **state)
{
    struct world *w = *state;
    static const struct row r = {"in order", {BANNER, EHLO, STARTTLS, PLAIN_EHLO, BYE}};
    struct smtp_server s;
    struct smtp_session got = converse(w, &r, &s);
    CHECK_STR(got.banner, "mx.test ESMTP", "banner");
    CHECK_STR(got.reply, "mx.test SIZE 1000", "reply");
    assert_true(got.esmtp && got.starttls_offered && !got.pipelined_plaintext);
    assert_int_equal(got.tls.version, 0x0304);
    CHECK_STR(got.tls.cipher, "TLS_AES_256_GCM_SHA384", "cipher");
    assert_int_equal(got.tls.chain_count, 2);
    assert_true(str_eq(got.tls.chain[0], made_der(&w->leaf, &w->arena)));
    assert_true(str_eq(got.tls.chain[1], made_der(&w->issuer, &w->arena)));
    assert_string_equal(s.name, "mx.test");
}

/* RFC 3207 section 6: what came before the handshake is not believed after it. */
static void plaintext_behind_the_answer_to_starttls_is_noted_and_dropped(void **state)
{
    struct world *w = *state;
    static const struct row r = {
        "injected",
        {BANNER,
         EHLO,
         {true, "220 go\r\n250-injected\r\n250 STARTTLS\r\n", SMTP_ACT_TLS},
         {true, "502 not here\r\n", SMTP_ACT_GO_ON},
         BYE},
        .at = SMTP_EHLO_TLS,
        .failure = NET_REPLY,
        .code = 502};
    struct smtp_server s;
    struct smtp_session got = converse(w, &r, &s);
    assert_true(got.pipelined_plaintext);
    assert_int_equal(got.at, SMTP_EHLO_TLS);
    assert_int_equal(got.code, 502);
}

static void nobody_there_is_told(void **state)
{
    struct world *w = *state;
    struct smtp_server s;
    struct told told = {.arena = &w->arena};
    struct error err;
    smtp_server_start(&s, NULL, 0, NULL);
    smtp_server_stop(&s); /* its port is free now */
    struct smtp_options options = options_for(w, &s);
    assert_non_null(smtp_client_start(w->base, &options, on_told, &told, &err));
    event_base_dispatch(w->base);
    assert_int_equal(told.session.at, SMTP_CONNECT);
    assert_int_equal(told.session.failure, NET_REFUSED);
    assert_true(address_parse(STR("127.255.255.255"), &options.address)); /* a broadcast */
    assert_non_null(smtp_client_start(w->base, &options, on_told, &told, &err));
    assert_int_equal(told.times, 1);
    event_base_dispatch(w->base);
    assert_int_equal(told.times, 2);
    assert_int_equal(told.session.failure, NET_UNREACHABLE);
}

/* Nothing that a stranger's DNS names becomes a command of its own. */
static void arguments_that_would_break_a_command_are_refused(void **state)
{
    struct world *w = *state;
    char longer[256];
    memset(longer, 'a', sizeof longer);
    const struct {
        struct str ehlo, sni, recipient;
        const char *code;
    } rows[] = {
        {STR(""), STR(""), STR(""), "smtp-bad-name"},
        {STR("a b"), STR(""), STR(""), "smtp-bad-name"},
        {STR("a\r\nRSET"), STR(""), STR(""), "smtp-bad-name"},
        {{longer, 256}, STR(""), STR(""), "smtp-bad-name"},
        {STR("a"), STR("b\0c"), STR(""), "smtp-bad-name"},
        {STR("a"), {longer, 256}, STR(""), "smtp-bad-name"},
        {STR("a"), STR(""), STR("a@b>\r\nDATA"), "smtp-bad-recipient"},
        {STR("a"), STR(""), STR("a b@c"), "smtp-bad-recipient"},
        {STR("a"), STR(""), STR("\xc3\xa4@c"), "smtp-bad-recipient"},
        {STR("a"), STR(""), STR("a@c> SIZE=1"), "smtp-bad-recipient"},
        {STR("a"), STR(""), {longer, 255}, "smtp-bad-recipient"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct smtp_options options = {.ehlo = rows[i].ehlo,
                                       .sni = rows[i].sni,
                                       .recipient = rows[i].recipient,
                                       .address = {.family = AF_INET}};
        struct error err;
        assert_null(smtp_client_start(w->base, &options, on_told, NULL, &err));
        CHECK_STR(str_from(err.msg.def->id), rows[i].code, "code");
    }
}

static const struct smtp_turn whole_talk[] = {BANNER, EHLO, STARTTLS, PLAIN_EHLO, OK, OK, BYE};

/* Cancelled after every number of turns of the loop, nothing leaks and nothing is told. */
static void it_can_be_cancelled_at_any_moment(void **state)
{
    struct world *w = *state;
    struct told told = {.arena = &w->arena};
    for (unsigned turns = 0; told.times == 0; turns++) {
        struct smtp_server s;
        struct error err;
        smtp_server_start(&s, whole_talk, ARRAY_LEN(whole_talk), w->server);
        struct smtp_options options = options_for(w, &s);
        options.recipient = STR("a@mx.test");
        struct smtp_client *client = smtp_client_start(w->base, &options, on_told, &told, &err);
        assert_non_null(client);
        for (unsigned i = 0; i < turns && told.times == 0; i++)
            event_base_loop(w->base, EVLOOP_ONCE);
        if (told.times == 0)
            smtp_client_cancel(client);
        /* No events are left; what has been told may say its goodbye still. */
        assert_int_equal(event_base_loop(w->base, told.times ? 0 : EVLOOP_NONBLOCK), 1);
        smtp_server_stop(&s);
        assert_true(turns < 100);
    }
    assert_int_equal(told.session.at, SMTP_DONE);
    smtp_client_cancel(NULL);
}

static void on_told_little(void *user, const struct smtp_session *session)
{
    struct told *told = user;
    told->times++;
    told->session = (struct smtp_session){.at = session->at, .failure = session->failure};
}

/* With a context of its own, whose making can fail too. */
static void without_memory_it_says_so(void **state)
{
    struct world *w = *state;
    for (unsigned n = 1;; n++) {
        struct smtp_server s;
        struct told told = {0};
        struct error err;
        smtp_server_start(&s, whole_talk, ARRAY_LEN(whole_talk), w->server);
        struct smtp_options options = options_for(w, &s);
        options.tls = NULL;
        options.recipient = STR("a@mx.test");
        fault_alloc_at(n);
        struct smtp_client *client =
            smtp_client_start(w->base, &options, on_told_little, &told, &err);
        if (client)
            event_base_dispatch(w->base);
        bool failed = fault_alloc_off();
        smtp_server_stop(&s);
        assert_int_equal(told.times, client ? 1 : 0);
        if (!failed)
            break;
        assert_true(!client || told.session.failure == NET_LOCAL ||
                    told.session.at == SMTP_DONE); /* QUIT could not be said */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_conversation_goes_to_its_end),
        cmocka_unit_test(a_refusal_is_told_with_its_step),
        cmocka_unit_test(what_is_no_smtp_is_told_so),
        cmocka_unit_test(a_server_that_goes_at_any_step_is_told_with_it),
        cmocka_unit_test(a_server_that_hangs_at_any_step_is_told_with_it),
        cmocka_unit_test(a_handshake_that_fails_is_told),
        cmocka_unit_test(a_session_tells_what_was_seen),
        cmocka_unit_test(plaintext_behind_the_answer_to_starttls_is_noted_and_dropped),
        cmocka_unit_test(nobody_there_is_told),
        cmocka_unit_test(arguments_that_would_break_a_command_are_refused),
        cmocka_unit_test(it_can_be_cancelled_at_any_moment),
        cmocka_unit_test(without_memory_it_says_so),
    };
    return cmocka_run_group_tests_name("net smtp_client", tests, make_world, end_world);
}
