#include "net/tls_client.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/tls_client_context.h"

#define READ_SIZE 4096

enum state { CONNECTING, OPEN, HANDSHAKING, ENDED };

struct tls_client {
    struct event_base *base;
    const struct tls_client_events *events;
    void *user;
    enum state state;
    struct event io, deadline;
    short wants;          /* what io waits for; 0: it was not made */
    struct tls_wire wire; /* the descriptor and what TLS shows */
    SSL *ssl;             /* NULL: in the clear */
    struct buf out;       /* what is to be sent, from `sent` on */
    size_t sent;
    int64_t began_ms;
    int errnum;                       /* why it could not begin: told later */
    struct tls_client *next, **place; /* among those that say goodbye; place NULL: it is not */
};

static void on_io(evutil_socket_t fd, short what, void *context);

/* Waits for reading, and for writing as well where `writing`. */
static void wait_for(struct tls_client *c, bool writing)
{
    short wants = (short)(EV_READ | EV_PERSIST | (writing ? EV_WRITE : 0));
    if (c->wants == wants)
        return;
    if (c->wants)
        event_del(&c->io);
    c->wants = wants;
    event_assign(&c->io, c->base, c->wire.fd, wants, on_io, c);
    event_add(&c->io, NULL);
    /* The event is a new one: what OpenSSL has taken in would wake nobody. */
    if (c->state == OPEN && c->ssl && SSL_pending(c->ssl) > 0)
        event_active(&c->io, EV_READ, 0);
}

static void end(struct tls_client *c, enum net_failure failure, struct str detail)
{
    if (c->wants)
        event_del(&c->io);
    event_del(&c->deadline);
    c->wants = 0;
    c->state = ENDED;
    c->events->ended(c->user, failure, detail);
}

static void end_by_errno(struct tls_client *c, int errnum)
{
    enum net_failure failure = net_failure_from_errno(errnum);
    const char *reason = failure == NET_LOCAL ? strerrordesc_np(errnum) : NULL;
    end(c, failure, str_from(reason));
}

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
    struct tls_client *c = context;
    (void)fd;
    (void)what;
    if (c->errnum)
        end_by_errno(c, c->errnum);
    else
        end(c, NET_TIMEOUT, STR(""));
}

/* TLS will not go on: the peer's alert, the socket's end, or what OpenSSL found. */
static void end_by_tls(struct tls_client *c)
{
    unsigned long error = ERR_peek_error();
    const char *reason = ERR_reason_error_string(error);
    ERR_clear_error();
    if (c->wire.alert >= 0)
        end(c, NET_TLS, str_from(SSL_alert_desc_string_long(c->wire.alert)));
    else if (c->wire.broken)
        end_by_errno(c, c->wire.broken);
    else if (c->wire.ended || !reason)
        end(c, NET_CLOSED, STR(""));
    else
        end(c, ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE ? NET_LOCAL : NET_TLS,
            str_from(reason));
}

/* False when TLS ended. Otherwise waits for what it needs, and to send where `sending`. */
static bool tls_goes_on(struct tls_client *c, int result, bool sending)
{
    int error = SSL_get_error(c->ssl, result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
        return false;
    wait_for(c, error == SSL_ERROR_WANT_WRITE || sending);
    return true;
}

static void shake(struct tls_client *c)
{
    ERR_clear_error();
    int result = SSL_do_handshake(c->ssl);
    if (result != 1) {
        if (!tls_goes_on(c, result, false))
            end_by_tls(c);
        return;
    }
    c->state = OPEN;
    c->wire.peer.version = (unsigned)SSL_version(c->ssl);
    c->wire.peer.cipher = arena_str(c->wire.arena, str_from(SSL_get_cipher_name(c->ssl)));
    const unsigned char *protocol;
    unsigned protocol_n;
    SSL_get0_alpn_selected(c->ssl, &protocol, &protocol_n);
    c->wire.peer.protocol =
        arena_str(c->wire.arena, (struct str){(const char *)protocol, protocol_n});
    wait_for(c, tls_client_is_sending(c));
    c->events->secured(c->user);
}

/* False when the connection ended by it. */
static bool flush(struct tls_client *c)
{
    ERR_clear_error();
    while (tls_client_is_sending(c)) {
        const struct str rest = str_skip(buf_view(&c->out), c->sent);
        ssize_t sent = c->ssl ? SSL_write(c->ssl, rest.p, rest.n < INT_MAX ? (int)rest.n : INT_MAX)
                              : send(c->wire.fd, rest.p, rest.n, MSG_NOSIGNAL);
        if (sent <= 0 && c->ssl) {
            if (tls_goes_on(c, (int)sent, false))
                return true;
            end_by_tls(c);
            return false;
        }
        if (sent < 0 && (errno == EAGAIN || errno == EINTR))
            return true;
        if (sent < 0) {
            end_by_errno(c, errno);
            return false;
        }
        c->sent += (size_t)sent;
    }
    buf_reset(&c->out);
    c->sent = 0;
    wait_for(c, false);
    return true;
}

static void receive_tls(struct tls_client *c)
{
    char bytes[READ_SIZE];
    ERR_clear_error();
    int n = SSL_read(c->ssl, bytes, sizeof bytes);
    if (n <= 0) {
        if (!tls_goes_on(c, n, tls_client_is_sending(c)))
            end_by_tls(c);
        return;
    }
    /* What OpenSSL has taken in already wakes nobody. */
    if (SSL_pending(c->ssl) > 0)
        event_active(&c->io, EV_READ, 0);
    c->events->received(c->user, (struct str){bytes, (size_t)n});
}

static void receive(struct tls_client *c)
{
    char bytes[READ_SIZE];
    ssize_t n = recv(c->wire.fd, bytes, sizeof bytes, 0);
    if (n > 0)
        c->events->received(c->user, (struct str){bytes, (size_t)n});
    else if (n == 0)
        end(c, NET_CLOSED, STR(""));
    else if (errno != EAGAIN && errno != EINTR)
        end_by_errno(c, errno);
}

static void become_connected(struct tls_client *c)
{
    int errnum = 0;
    socklen_t n = sizeof errnum;
    if (getsockopt(c->wire.fd, SOL_SOCKET, SO_ERROR, &errnum, &n) < 0)
        errnum = errno;
    /* A reset means that it was connected already: reading will find the end. */
    if (errnum && errnum != ECONNRESET) {
        end_by_errno(c, errnum);
        return;
    }
    c->state = OPEN;
    wait_for(c, tls_client_is_sending(c));
    c->events->connected(c->user);
}

static void on_io(evutil_socket_t fd, short what, void *context)
{
    struct tls_client *c = context;
    (void)fd;
    switch (c->state) {
    case CONNECTING:
        become_connected(c);
        break;
    case HANDSHAKING:
        shake(c);
        break;
    case OPEN:
        if ((what & EV_WRITE) && !flush(c))
            break;
        if ((what & EV_READ) && c->ssl)
            receive_tls(c);
        else if (what & EV_READ)
            receive(c);
        break;
    case ENDED:
        break;
    }
}

/* 0, or an errno. */
static int begin(struct tls_client *c, const struct address *to, uint16_t port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    bool is_6 = to->family == AF_INET6;
    const int on = 1;
    memcpy(&v4.sin_addr, to->bytes, sizeof v4.sin_addr);
    memcpy(&v6.sin6_addr, to->bytes, sizeof v6.sin6_addr);
    c->wire.fd = socket(to->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->wire.fd < 0)
        return errno;
    /* The end of a handshake and what is said next are written one after the other: the second
     * would wait for the first one's acknowledgement, a round trip. */
    (void)setsockopt(c->wire.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(c->wire.fd, is_6 ? (const struct sockaddr *)&v6 : (const struct sockaddr *)&v4,
                is_6 ? sizeof v6 : sizeof v4) < 0 &&
        errno != EINPROGRESS)
        return errno;
    wait_for(c, true);
    return 0;
}

struct tls_client *tls_client_new(struct event_base *base, const struct tls_client_options *options,
                                  const struct tls_client_events *events, void *user,
                                  struct arena *arena)
{
    struct tls_client *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    *c = (struct tls_client){.base = base,
                             .events = events,
                             .user = user,
                             .wire = {.fd = -1, .alpn = options->alpn, .arena = arena, .alert = -1},
                             .began_ms = clock_monotonic_ms()};
    buf_init(&c->out, TLS_CLIENT_SEND_MAX);
    evtimer_assign(&c->deadline, base, on_deadline, c);
    tls_client_set_deadline(c, options->deadline_ms);
    c->errnum = begin(c, &options->address, options->port);
    if (c->errnum)
        event_active(&c->deadline, EV_TIMEOUT, 0);
    return c;
}

void tls_client_free(struct tls_client *c)
{
    if (!c)
        return;
    if (c->place) {
        *c->place = c->next;
        if (c->next)
            c->next->place = c->place;
    }
    if (c->wants)
        event_del(&c->io);
    event_del(&c->deadline);
    if (c->ssl && c->state == OPEN) {
        SSL_shutdown(c->ssl);
        ERR_clear_error();
    }
    SSL_free(c->ssl);
    sk_X509_pop_free(c->wire.peer.read, X509_free);
    if (c->wire.fd >= 0)
        close(c->wire.fd);
    buf_done(&c->out);
    free(c);
}

static void on_left(void *user, struct str bytes)
{
    (void)bytes;
    tls_client_free(user);
}

static void on_left_ended(void *user, enum net_failure failure, struct str detail)
{
    (void)failure;
    (void)detail;
    tls_client_free(user);
}

void tls_client_leave(struct tls_client *c, struct tls_client_context *context, unsigned ms)
{
    static const struct tls_client_events leaving = {.received = on_left, .ended = on_left_ended};
    struct tls_client **place = tls_client_context_leaving(context);
    c->events = &leaving;
    c->user = c;
    c->next = *place;
    c->place = place;
    if (c->next)
        c->next->place = &c->next;
    *place = c;
    tls_client_set_deadline(c, ms);
}

void tls_client_end_leaving(struct tls_client *first)
{
    while (first) {
        struct tls_client *next = first->next;
        tls_client_free(first);
        first = next;
    }
}

bool tls_client_upgrade(struct tls_client *c, struct tls_client_context *context, struct str sni)
{
    c->ssl = tls_client_context_open(context, &c->wire, sni);
    if (!c->ssl)
        return false;
    c->state = HANDSHAKING;
    wait_for(c, true);
    return true;
}

bool tls_client_is_sending(const struct tls_client *c)
{
    return c->out.n > c->sent;
}

bool tls_client_send(struct tls_client *c, struct str bytes)
{
    buf_str(&c->out, bytes);
    if (c->out.failed)
        return false;
    if (c->state == OPEN)
        wait_for(c, true);
    return true;
}

void tls_client_set_deadline(struct tls_client *c, unsigned ms)
{
    struct timeval limit = {.tv_sec = ms / 1000, .tv_usec = (long)(ms % 1000) * 1000};
    event_add(&c->deadline, &limit);
}

unsigned tls_client_elapsed_ms(const struct tls_client *c)
{
    int64_t elapsed = clock_monotonic_ms() - c->began_ms;
    return elapsed < 0 ? 0 : elapsed > UINT32_MAX ? UINT32_MAX : (unsigned)elapsed;
}

bool tls_client_drop_waiting(struct tls_client *c)
{
    char bytes[READ_SIZE];
    return recv(c->wire.fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0;
}

const struct tls_peer *tls_client_peer(const struct tls_client *c)
{
    return &c->wire.peer;
}
