#include "host/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "host/response.h"
#include "host/tally.h"
#include "net/proxy_header.h"

#define LINGER_BYTES_MAX ((size_t)256 * 1024)

static void step(struct connection *c);

/* ---- phases ---- */

static void leave_list(struct connection *c)
{
    *(c->previous ? &c->previous->next : &c->list->first) = c->next;
    *(c->next ? &c->next->previous : &c->list->last) = c->previous;
}

static void join_list(struct connection *c, enum phase phase)
{
    const struct worker_limits *limits = &c->worker->limits;
    const int64_t time[PHASE_COUNT] = {
        [PHASE_PROXY] = limits->handshake_ms, [PHASE_GREETING] = limits->handshake_ms,
        [PHASE_TURN] = limits->handshake_ms,  [PHASE_HANDSHAKE] = limits->handshake_ms,
        [PHASE_HEAD] = limits->header_ms,     [PHASE_WRITE] = limits->write_ms,
        [PHASE_IDLE] = limits->idle_ms,       [PHASE_LINGER] = LINGER_MS,
    };
    struct connection_list *list = &c->worker->lists[LIST(phase, c->transport.ssl)];
    c->list = list;
    c->phase = phase;
    c->since = clock_monotonic_ms();
    c->end = c->since + time[phase];
    c->next = NULL;
    c->previous = list->last;
    *(list->last ? &list->last->next : &list->first) = c;
    list->last = c;
}

static void enter(struct connection *c, enum phase phase)
{
    if (c->phase == phase)
        return;
    leave_list(c);
    join_list(c, phase);
}

/* ---- the socket ---- */

static void on_event(evutil_socket_t fd, short what, void *context)
{
    struct connection *c = context;
    (void)fd;
    (void)what;
    worker_refresh(c->worker);
    step(c);
}

/* Waits for the socket to be readable (EV_READ) or writable (EV_WRITE), or with EV_ET for anything
 * to change. */
static void wait_for(struct connection *c, short what)
{
    what = (short)(what | EV_PERSIST);
    if (event_get_events(&c->event) == what)
        return;
    event_del(&c->event);
    event_assign(&c->event, c->worker->base, c->transport.fd, what, on_event, c);
    if (event_add(&c->event, NULL) < 0)
        connection_close(c);
}

/* What a call of the transport that is not done leads to: true when the socket is now waited for;
 * otherwise the connection has ended and is gone. */
static bool wait_or_close(struct connection *c, enum transport_progress got)
{
    if (got == TRANSPORT_ENDED)
        connection_close(c);
    else
        wait_for(c, got == TRANSPORT_WANTS_WRITE ? EV_WRITE : EV_READ);
    return got != TRANSPORT_ENDED;
}

/* The phase in which the client itself begins to speak. */
static enum phase first_phase(const struct connection *c)
{
    return c->use == USE_HTTPS ? PHASE_GREETING : PHASE_HEAD;
}

/* Whether the client may have one more connection; NULL: a client that is not known. */
static bool admit(struct connection *c, const struct address *client)
{
    struct worker *w = c->worker;
    if (crowd_join(&w->crowd, client, &c->member))
        return true;
    c->ended = COUNTER_ENDED_LIMIT;
    return false;
}

static bool is_balancer(const struct worker *w, const struct address *peer)
{
    const struct config_networks *known = &w->limits.balancers;
    for (size_t i = 0; i < known->count; i++) {
        if (config_network_has(&known->items[i], peer->family, peer->bytes))
            return true;
    }
    return false;
}

void connection_start(struct worker *w, const struct arrival *arrival)
{
    struct connection *c = calloc(1, sizeof *c);
    if (!c) {
        close(arrival->fd);
        return;
    }
    c->worker = w;
    c->transport.fd = arrival->fd;
    c->use = arrival->use;
    c->client = address_without_mapping(&arrival->peer);
    http_request_init(&c->request, w->limits.header_size);
    w->connections++;
    tally_begin(w);
    bool balanced = is_balancer(w, &c->client);
    join_list(c, balanced ? PHASE_PROXY : first_phase(c));
    c->accepted = c->since;
    event_assign(&c->event, w->base, arrival->fd, EV_READ | EV_PERSIST, on_event, c);
    /* A reverse proxy brings the clients of all the world from one address, and a balancer says
     * only later who its client is. */
    bool counted = !balanced && c->use != USE_HTTP;
    if ((counted && !admit(c, &c->client)) || event_add(&c->event, NULL) < 0)
        connection_close(c);
}

const struct address *connection_client(const struct connection *c)
{
    return &c->client;
}

void connection_close(struct connection *c)
{
    struct worker *w = c->worker;
    tally_end(c);
    event_del(&c->event);
    leave_list(c);
    w->with_tls -= c->transport.ssl != NULL;
    transport_close(&c->transport);
    crowd_skip(&c->turn);
    crowd_leave(&w->crowd, c->member);
    free(c->in);
    free(c->out);
    free(c);
    w->connections--;
    worker_connection_gone(w);
}

/* ---- the end ---- */

/* Takes in what a refused client still sends. */
static void linger(struct connection *c)
{
    ssize_t n;
    do {
        n = read(c->transport.fd, c->worker->in, c->worker->in_max);
        c->lingered += n > 0 ? (size_t)n : 0;
    } while (n > 0 && c->lingered < LINGER_BYTES_MAX);
    if (n < 0 && errno == EAGAIN)
        wait_for(c, EV_READ);
    else
        connection_close(c);
}

/* The response is out. */
static void end(struct connection *c)
{
    if (!c->ended)
        c->ended = COUNTER_ENDED_SERVED;
    transport_goodbye(&c->transport);
    if (!c->linger) {
        connection_close(c);
        return;
    }
    shutdown(c->transport.fd, SHUT_WR);
    enter(c, PHASE_LINGER);
    linger(c);
}

/* ---- writing ---- */

/* Writes bytes; *done gets how many the socket took. False: the connection is gone. */
static bool write_some(struct connection *c, struct str bytes, size_t *done)
{
    enum transport_progress got = transport_write(&c->transport, bytes, done);
    return got == TRANSPORT_DONE || wait_or_close(c, got);
}

/* Sends what stands in the worker's buffer. True when all of it is out; otherwise the rest
 * waits in the connection, or the connection is gone. */
static bool send_response(struct connection *c)
{
    struct str bytes = buf_view(&c->worker->out);
    size_t done;
    if (c->worker->out.failed) {
        connection_close(c);
        return false;
    }
    enter(c, PHASE_WRITE);
    tally_first_response(c);
    if (!write_some(c, bytes, &done))
        return false;
    if (done == bytes.n)
        return true;
    bytes = str_skip(bytes, done);
    c->out = malloc(bytes.n);
    if (!c->out) {
        connection_close(c);
        return false;
    }
    memcpy(c->out, bytes.p, bytes.n);
    c->out_n = bytes.n;
    c->out_at = 0;
    return false;
}

/* Goes on with a response that the socket did not take at once. */
static bool send_rest(struct connection *c)
{
    size_t done;
    if (!write_some(c, (struct str){c->out + c->out_at, c->out_n - c->out_at}, &done))
        return false;
    c->out_at += done;
    if (c->out_at < c->out_n)
        return false;
    free(c->out);
    c->out = NULL;
    return true;
}

/* ---- reading ---- */

static void log_access(const struct connection *c, unsigned status)
{
    const SSL *ssl = c->transport.ssl;
    const struct access access = {connection_client(c),
                                  {c->name, c->name_n},
                                  &c->request,
                                  status,
                                  ssl ? SSL_get_version(ssl) : "-"};
    access_log_add(c->worker->access, &access);
}

/* Answers the request that was read or refused. True when the next may be read. */
static bool answer(struct connection *c)
{
    struct worker *w = c->worker;
    bool keep_alive;
    c->requests++;
    struct response_context context = {
        .snapshot = w->snapshot,
        .plain = c->use != USE_HTTPS,
        .no_policy = c->use == USE_CHALLENGE,
        .now = clock_now(),
        .server_name = {c->name, c->name_n},
        .date = worker_date(w),
        .close = w->stopping || c->requests >= w->limits.max_requests,
    };
    buf_reset(&w->out);
    unsigned status = response_write(&context, &c->request, &w->out, &keep_alive);
    tally_response(c, status);
    if (w->access)
        log_access(c, status);
    c->close_after = !keep_alive;
    /* A client that does not know that this was the last one may have sent more, and a socket that
     * is closed with bytes unread takes back what it has not yet sent. */
    c->linger = c->request.status || http_request_has_body(&c->request) ||
                (c->close_after && c->request.keep_alive);
    http_request_init(&c->request, w->limits.header_size);
    if (c->close_after && !c->linger)
        transport_hold(&c->transport);
    if (!send_response(c))
        return false;
    if (!c->close_after)
        return true;
    end(c);
    return false;
}

/* Keeps what was read of the next request; an empty rest costs no memory. */
static bool keep(struct connection *c, struct str rest)
{
    free(c->in);
    c->in = NULL;
    c->in_n = 0;
    if (!rest.n)
        return true;
    c->in = malloc(rest.n);
    if (!c->in) {
        connection_close(c);
        return false;
    }
    memcpy(c->in, rest.p, rest.n);
    c->in_n = rest.n;
    return true;
}

/* Answers the requests in bytes. True: *rest is what is left, and more is needed. False: the
 * connection waits for its socket to take a response, and keeps the rest itself, or is gone. */
static bool answer_all(struct connection *c, struct str bytes, struct str *rest)
{
    for (;;) {
        enum http_progress got = http_request_read(&c->request, bytes);
        if (got == HTTP_MORE) {
            *rest = bytes;
            return true;
        }
        size_t used = got == HTTP_DONE ? c->request.head_size : bytes.n;
        /* Before the answer, after which the connection may be gone. */
        if (!keep(c, str_skip(bytes, used)))
            return false;
        if (!answer(c))
            return false;
        bytes = str_skip(bytes, used);
    }
}

/* Reads and answers until the client has sent no more. */
static void read_requests(struct connection *c)
{
    struct worker *w = c->worker;
    struct str bytes = {w->in, c->in_n};
    if (c->in_n)
        memcpy(w->in, c->in, c->in_n);
    for (;;) {
        struct str rest;
        if (!answer_all(c, bytes, &rest))
            return;
        if (rest.n && rest.p != w->in)
            memmove(w->in, rest.p, rest.n);
        size_t n;
        enum transport_progress got =
            transport_read(&c->transport, w->in + rest.n, w->in_max - rest.n, &n);
        bytes = (struct str){w->in, rest.n + n};
        if (got == TRANSPORT_DONE)
            continue;
        if (w->stopping && !bytes.n && c->requests) {
            end(c);
        } else if (keep(c, bytes)) {
            if (!c->requests && !bytes.n)
                transport_acknowledge(&c->transport);
            enter(c, bytes.n || !c->requests ? PHASE_HEAD : PHASE_IDLE);
            wait_or_close(c, got);
        }
        return;
    }
}

/* ---- what a balancer says first ---- */

static void refuse_balancer(struct connection *c)
{
    struct worker *w = c->worker;
    counters_add(w->counts, COUNTER_BAD_PROXY_HEADERS, 1);
    c->ended = COUNTER_ENDED_REFUSED;
    if (worker_may_log(w)) {
        struct buf peer CLEANUP(buf_done);
        buf_init(&peer, CONFIG_ADDRESS_TEXT_MAX);
        address_print(&c->client, &peer);
        LOG(LOG_WARN, "host.proxy_header_refused", LOG_STR("balancer", buf_view(&peer)));
    }
    connection_close(c);
}

/* The socket's bytes are looked at before they are taken, since what follows the header is for
 * OpenSSL to read. Bytes of a header that is not complete are kept by the connection. */
static void read_proxy_header(struct connection *c)
{
    struct worker *w = c->worker;
    struct proxy_header header;
    size_t have = c->in_n;
    if (have)
        memcpy(w->in, c->in, have);
    ssize_t n = recv(c->transport.fd, w->in + have, w->in_max - have, MSG_PEEK);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    struct str bytes = {w->in, have + (n > 0 ? (size_t)n : 0)};
    enum proxy_progress got = n > 0 ? proxy_header_read(bytes, &header) : PROXY_BAD;
    size_t all = got == PROXY_DONE ? header.size : bytes.n;
    if (got == PROXY_BAD || recv(c->transport.fd, w->in + have, all - have, 0) < 0) {
        refuse_balancer(c);
        return;
    }
    if (!keep(c, got == PROXY_MORE ? bytes : STR("")) || got == PROXY_MORE)
        return;
    if (header.has_client)
        c->client = address_without_mapping(&header.client);
    if (!admit(c, header.has_client ? &c->client : NULL)) {
        connection_close(c);
        return;
    }
    enter(c, first_phase(c));
    step(c);
}

/* ---- the machine ---- */

static void await_greeting(struct connection *c)
{
    enum transport_progress got = transport_await_greeting(&c->transport);
    if (got == TRANSPORT_DONE) {
        enter(c, PHASE_TURN);
        crowd_wait(&c->worker->crowd, c->member, &c->turn, c);
        return;
    }
    if (got == TRANSPORT_ENDED)
        tally_refusal(c);
    wait_or_close(c, got);
}

/* The socket, which is readable, was looked at again before the turn came. From now on it wakes the
 * worker only by what is new there, so that nobody works for a client that has gone. */
static void go_on_waiting(struct connection *c)
{
    if (!transport_is_left(&c->transport)) {
        wait_for(c, EV_READ | EV_ET);
        return;
    }
    tally_refusal(c);
    connection_close(c);
}

static void handshake(struct connection *c)
{
    enum transport_progress got = transport_greet(&c->transport);
    if (got == TRANSPORT_DONE) {
        if (c->guest.validates) { /* there is nothing else to say, RFC 8737 3 */
            tally_handshake(c);
            end(c);
            return;
        }
        enter(c, PHASE_HEAD);
        tally_handshake(c);
        read_requests(c);
        return;
    }
    if (got == TRANSPORT_ENDED)
        tally_refusal(c);
    wait_or_close(c, got);
}

void connection_greet(struct connection *c)
{
    struct worker *w = c->worker;
    leave_list(c);
    bool begun = transport_begin_tls(&c->transport, w->tls, &c->guest);
    join_list(c, PHASE_HANDSHAKE);
    w->with_tls += c->transport.ssl != NULL;
    if (begun) {
        handshake(c);
    } else {
        tally_refusal(c);
        connection_close(c);
    }
}

static void step(struct connection *c)
{
    switch (c->phase) {
    case PHASE_PROXY:
        read_proxy_header(c);
        return;
    case PHASE_GREETING:
        await_greeting(c);
        return;
    case PHASE_TURN:
        go_on_waiting(c);
        return;
    case PHASE_HANDSHAKE:
        handshake(c);
        return;
    case PHASE_WRITE:
        if (!send_rest(c))
            return;
        if (c->close_after)
            end(c);
        else
            read_requests(c);
        return;
    case PHASE_HEAD:
    case PHASE_IDLE:
        read_requests(c);
        return;
    case PHASE_LINGER:
        linger(c);
        return;
    case PHASE_COUNT:
        return;
    }
}

void connection_time_out(struct connection *c)
{
    tally_time_out(c);
    if (c->phase == PHASE_HEAD && c->in_n) {
        buf_reset(&c->worker->out);
        response_write_status(408, worker_date(c->worker), &c->worker->out);
        tally_response(c, 408);
        c->close_after = c->linger = true;
        if (send_response(c))
            end(c);
    } else if (c->phase == PHASE_HEAD || c->phase == PHASE_IDLE) {
        c->linger = false;
        end(c);
    } else {
        connection_close(c);
    }
}

/* ---- certificates ---- */

/* A CA that validates is shown the challenge's certificate and nothing else, RFC 8737 3. */
static bool show_challenge(struct connection *c, SSL *ssl, struct str host)
{
    struct worker *w = c->worker;
    const struct tls_identity *identity =
        challenges_identity(w->snapshot->challenges, host, clock_now());
    if (!identity) {
        c->failed = COUNTER_FAILED_NO_CHALLENGE;
        return false;
    }
    counters_add(w->counts, COUNTER_CHALLENGES, 1);
    return tls_identity_use(identity, ssl);
}

static bool show_certificate(struct connection *c, SSL *ssl, struct str host,
                             const struct site *site)
{
    struct worker *w = c->worker;
    struct error err;
    const struct tls_identity *identity;
    int found = site->certificate
                    ? identity_cache_get(w->identities, site->certificate, host, &identity, &err)
                    : 0;
    if (found == 1)
        return tls_identity_use(identity, ssl);
    c->failed = COUNTER_FAILED_NO_CERTIFICATE;
    if (found < 0 && worker_may_log(w))
        LOG(LOG_ERROR, "host.certificate_unusable", LOG_STR("host", host), LOG_ERR(&err));
    else if (!found && worker_may_log(w))
        LOG(LOG_WARN, "host.certificate_missing", LOG_STR("host", host));
    return false;
}

bool connection_choose(struct tls_guest *guest, SSL *ssl, struct str name)
{
    struct connection *c = (struct connection *)guest;
    struct str host = snapshot_fold_name(name, c->name, sizeof c->name);
    struct site site;
    c->name_n = (unsigned char)host.n;
    if (guest->validates)
        return show_challenge(c, ssl, host);
    if (snapshot_find_site(c->worker->snapshot, host, &site))
        return show_certificate(c, ssl, host, &site);
    c->failed = COUNTER_FAILED_UNKNOWN_NAME;
    return false;
}
