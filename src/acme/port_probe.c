#include "acme/port_probe.h"

#include <event2/event.h>
#include <openssl/x509v3.h>

#include "base/buf.h"
#include "net/http_response.h"
#include "net/stop.h"
#include "net/tls_client.h"

#define WHAT_MAX 256

/* ---- what an answer is ---- */

static struct str status_text(unsigned status, struct arena *arena)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, WHAT_MAX);
    buf_printf(&text, "HTTP %u", status);
    return arena_str(arena, buf_view(&text));
}

enum acme_port acme_probe_read_answer(struct str answer, struct str authorization,
                                      struct arena *arena, struct str *what)
{
    struct http_response head;
    struct str line, rest = answer;
    http_response_init(&head, arena);
    *what = STR("no HTTP");
    while (!head.complete) {
        if (!str_cut(rest, '\n', &line, &rest) ||
            http_response_line(&head, line) != HTTP_LINE_TAKEN)
            return answer.n ? ACME_PORT_OTHER : ACME_PORT_UNREACHABLE;
    }
    *what = status_text(head.status, arena);
    if (head.status == 200 && str_eq(str_rtrim(rest), authorization))
        return ACME_PORT_OURS;
    /* A CA would follow; where it comes to is not known here. */
    return head.status / 100 == 3 && head.location.n ? ACME_PORT_UNREACHABLE : ACME_PORT_OTHER;
}

/* ---- the connections ---- */

struct probes;

struct probe {
    struct probes *all;
    struct acme_seen *seen;
    struct tls_handshake *handshake;
    struct tls_client *client;
    struct buf answer;
};

struct probes {
    struct event_base *base;
    struct tls_client_context *context;
    const struct acme_challenge *challenge;
    uint16_t port;
    struct arena *arena;
    struct str request;
    struct probe at[ACME_ADDRESSES_MAX];
    size_t open;
};

static void probes_done(struct probes *p)
{
    for (size_t i = 0; i < ACME_ADDRESSES_MAX; i++) {
        tls_client_handshake_cancel(p->at[i].handshake);
        tls_client_free(p->at[i].client);
        buf_done(&p->at[i].answer);
    }
    tls_client_context_free(p->context);
    if (p->base)
        event_base_free(p->base);
}

static void finish(struct probe *probe, enum acme_port port, struct str what)
{
    struct probes *p = probe->all;
    probe->seen->port = port;
    probe->seen->what = arena_str(p->arena, str_head(what, WHAT_MAX));
    if (--p->open == 0)
        event_base_loopbreak(p->base);
}

static struct str failure_text(enum net_failure failure, struct str detail)
{
    return detail.n ? detail : str_from(net_failure_name(failure));
}

static void free_certificate(X509 **x)
{
    X509_free(*x);
}

static void free_names(GENERAL_NAMES **names)
{
    GENERAL_NAMES_free(*names);
}

/* The first name that the certificate is for. */
static struct str name_shown(const struct tls_peer *peer, struct arena *arena)
{
    struct str der = peer->chain_count ? peer->chain[0] : STR("");
    const unsigned char *at = (const unsigned char *)der.p;
    X509 *x CLEANUP(free_certificate) = der.n ? d2i_X509(NULL, &at, (long)der.n) : NULL;
    GENERAL_NAMES *names CLEANUP(free_names) =
        x ? X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL) : NULL;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *one = sk_GENERAL_NAME_value(names, i);
        if (one->type == GEN_DNS)
            return arena_str(arena,
                             (struct str){(const char *)ASN1_STRING_get0_data(one->d.dNSName),
                                          (size_t)ASN1_STRING_length(one->d.dNSName)});
    }
    return STR("TLS");
}

static void on_handshake(void *user, const struct tls_handshake_result *r)
{
    struct probe *probe = user;
    const struct acme_challenge *challenge = probe->all->challenge;
    probe->handshake = NULL;
    if (r->failure != NET_OK) {
        finish(probe, r->failure == NET_TLS ? ACME_PORT_OTHER : ACME_PORT_UNREACHABLE,
               failure_text(r->failure, r->detail));
        return;
    }
    bool ours = str_eq(r->tls.protocol, str_skip(STR(ACME_ALPN), 1)) && r->tls.chain_count &&
                acme_challenge_is_shown(challenge, r->tls.chain[0]);
    finish(probe, ours ? ACME_PORT_OURS : ACME_PORT_OTHER, name_shown(&r->tls, probe->all->arena));
}

static void on_connected(void *user)
{
    struct probe *probe = user;
    if (!tls_client_send(probe->client, probe->all->request))
        probe->answer.failed = true;
}

static void on_received(void *user, struct str bytes)
{
    struct probe *probe = user;
    buf_str(&probe->answer, str_head(bytes, ACME_ANSWER_MAX - probe->answer.n));
}

static void on_secured(void *user)
{
    (void)user;
}

static void on_ended(void *user, enum net_failure failure, struct str detail)
{
    struct probe *probe = user;
    struct str what = failure_text(failure, detail), answer = buf_view(&probe->answer);
    enum acme_port port = ACME_PORT_UNREACHABLE;
    if (answer.n)
        port = acme_probe_read_answer(answer, probe->all->challenge->authorization,
                                      probe->all->arena, &what);
    finish(probe, port, what);
}

static bool start_http(struct probe *probe, const struct tls_client_options *to)
{
    static const struct tls_client_events events = {on_connected, on_secured, on_received,
                                                    on_ended};
    buf_init(&probe->answer, ACME_ANSWER_MAX);
    probe->client = tls_client_new(probe->all->base, to, &events, probe, probe->all->arena);
    return probe->client;
}

static bool start_tls(struct probe *probe, const struct tls_client_options *to)
{
    struct probes *p = probe->all;
    struct tls_handshake_options options = {.context = p->context,
                                            .address = to->address,
                                            .port = to->port,
                                            .sni = p->challenge->name,
                                            .alpn = STR(ACME_ALPN),
                                            .deadline_ms = to->deadline_ms};
    probe->handshake = tls_client_handshake_start(p->base, &options, on_handshake, probe, NULL);
    return probe->handshake;
}

/* HTTP/1.0: the answer comes in one piece and ends with the connection. */
static bool make_request(struct probes *p)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, 2048);
    buf_printf(&text,
               "GET " ACME_HTTP_FOLDER "%.*s HTTP/1.0\r\nHost: %.*s\r\n"
               "User-Agent: sealpost\r\nConnection: close\r\n\r\n",
               STR_ARG(p->challenge->token), STR_ARG(p->challenge->name));
    p->request = arena_str(p->arena, buf_view(&text));
    return !text.failed && !p->arena->failed;
}

static bool start(struct probes *p, struct acme_seen *seen, const bool *wanted, size_t count)
{
    bool http = p->challenge->type == ACME_HTTP_01, ok = true;
    for (size_t i = 0; ok && i < count && i < ACME_ADDRESSES_MAX; i++) {
        if (!wanted[i] || seen[i].port != ACME_PORT_UNTRIED)
            continue;
        struct tls_client_options to = {
            .address = seen[i].address, .port = p->port, .deadline_ms = ACME_PROBE_MS};
        p->at[i].all = p;
        p->at[i].seen = &seen[i];
        p->open++;
        ok = http ? start_http(&p->at[i], &to) : start_tls(&p->at[i], &to);
    }
    return ok;
}

int acme_probe_ports(const struct acme_challenge *challenge, uint16_t port, struct acme_seen *seen,
                     const bool *wanted, size_t count, const atomic_bool *stop, struct arena *arena,
                     struct error *err)
{
    struct probes p CLEANUP(probes_done) = {
        .challenge = challenge, .port = port, .arena = arena, .base = event_base_new()};
    int rc = tls_client_context_new(&p.context, err);
    if (rc < 0)
        return rc;
    if (!p.base || !make_request(&p) || !start(&p, seen, wanted, count))
        return error_set_memory(err);
    while (p.open && stop_turn(p.base, stop)) {
    }
    return arena->failed ? error_set_memory(err) : 0;
}
