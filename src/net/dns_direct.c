#include "net/dns_direct.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/util.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/dns_query.h"
#include "net/messages.h"

#define RESEND_SECONDS   1
#define MESSAGE_MAX      ((size_t)UINT16_MAX)
#define ANSWER_BYTES_MAX ((size_t)1024 * 1024)
#define LENGTH_BYTES     2 /* before a message over TCP, RFC 1035 4.2.2 */
#define NAME_BYTES_MAX   1024

struct dns_direct {
    struct event_base *base;
    dns_direct_callback *callback;
    void *user;
    struct address address;
    uint16_t port;
    struct dns_question question;
    struct buf query;    /* as sent over UDP */
    struct buf received; /* over TCP: the length, then what has come */
    size_t sent;         /* over TCP, of the length and the query */
    int fd;
    struct event io, resend, deadline;
    struct arena arena;
    struct dns_direct_answer answer;
};

static void direct_free(struct dns_direct *d)
{
    event_del(&d->io);
    event_del(&d->resend);
    event_del(&d->deadline);
    if (d->fd >= 0)
        close(d->fd);
    buf_done(&d->query);
    buf_done(&d->received);
    arena_done(&d->arena);
    free(d);
}

static void tell(struct dns_direct *d, enum net_failure failure)
{
    d->answer.failure = failure;
    if (failure != NET_OK)
        d->answer.status = DNS_FAILED;
    d->callback(d->user, &d->answer);
    direct_free(d);
}

/* The deadline; or, with a failure that was met before dns_direct_start had returned, at once. */
static void on_deadline(evutil_socket_t fd, short what, void *context)
{
    struct dns_direct *d = context;
    (void)fd;
    (void)what;
    tell(d, d->answer.failure != NET_OK ? d->answer.failure : NET_TIMEOUT);
}

static void fail_later(struct dns_direct *d, enum net_failure failure)
{
    event_del(&d->io);
    event_del(&d->resend);
    d->answer.failure = failure;
    event_active(&d->deadline, EV_TIMEOUT, 0);
}

static enum dns_status status_of(struct str message, size_t count)
{
    switch (dns_message_rcode(message)) {
    case 0:
        return count ? DNS_FOUND : DNS_NO_DATA;
    case 3:
        return DNS_NO_NAME;
    default:
        return DNS_FAILED;
    }
}

static void take_answer(struct dns_direct *d, struct str message)
{
    struct dns_direct_answer *answer = &d->answer;
    answer->authoritative = dns_message_is_authoritative(message);
    if (!dns_message_read(message, d->question.type, &d->arena, &answer->records)) {
        tell(d, d->arena.failed ? NET_LOCAL : NET_PROTOCOL);
        return;
    }
    answer->status = status_of(message, answer->records.count);
    tell(d, NET_OK);
}

/* ---- over TCP ---- */

static int open_socket(struct dns_direct *d, int type)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(d->port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(d->port)};
    bool ipv6 = d->address.family == AF_INET6;
    memcpy(&in.sin_addr, d->address.bytes, sizeof in.sin_addr);
    memcpy(&in6.sin6_addr, d->address.bytes, sizeof in6.sin6_addr);
    d->fd = socket(d->address.family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (d->fd < 0)
        return errno;
    /* Connected, so that the kernel lets pass what that address sent, and tells what ICMP says. */
    int failed = connect(d->fd, ipv6 ? (struct sockaddr *)&in6 : (struct sockaddr *)&in,
                         ipv6 ? sizeof in6 : sizeof in);
    return failed && errno != EINPROGRESS ? errno : 0;
}

/* False when the query is gone. */
static bool write_query(struct dns_direct *d)
{
    unsigned char length[LENGTH_BYTES] = {(unsigned char)(d->query.n >> 8),
                                          (unsigned char)(d->query.n & 0xFFU)};
    struct buf whole CLEANUP(buf_done);
    buf_init(&whole, LENGTH_BYTES + DNS_QUERY_BYTES_MAX);
    buf_add(&whole, length, sizeof length);
    buf_str(&whole, buf_view(&d->query));
    if (whole.failed) {
        tell(d, NET_LOCAL);
        return false;
    }
    ssize_t n = send(d->fd, whole.p + d->sent, whole.n - d->sent, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        tell(d, net_failure_from_errno(errno));
        return false;
    }
    d->sent += n > 0 ? (size_t)n : 0;
    return true;
}

/* How many bytes are wanted in all, as far as that is known. */
static size_t wanted(const struct buf *received)
{
    if (received->n < LENGTH_BYTES)
        return LENGTH_BYTES;
    return LENGTH_BYTES +
           ((size_t)(unsigned char)received->p[0] << 8 | (unsigned char)received->p[1]);
}

static void read_message(struct dns_direct *d)
{
    size_t want = wanted(&d->received) - d->received.n;
    char *room = buf_reserve(&d->received, want);
    ssize_t n = room ? recv(d->fd, room, want, 0) : 0;
    if (!room) {
        tell(d, NET_LOCAL);
        return;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        tell(d, n == 0 ? NET_CLOSED : net_failure_from_errno(errno));
        return;
    }
    d->received.n += (size_t)n;
    if (d->received.n <= LENGTH_BYTES || d->received.n < wanted(&d->received))
        return;
    struct str message = str_skip(buf_view(&d->received), LENGTH_BYTES);
    if (dns_query_is_answer(&d->question, message))
        take_answer(d, message);
    else
        tell(d, NET_PROTOCOL);
}

static void on_stream(evutil_socket_t fd, short what, void *context)
{
    struct dns_direct *d = context;
    (void)fd;
    if (what & EV_WRITE) {
        if (!write_query(d))
            return;
        short events = d->sent < LENGTH_BYTES + d->query.n ? EV_WRITE : EV_READ;
        event_del(&d->io);
        event_assign(&d->io, d->base, d->fd, events | EV_PERSIST, on_stream, d);
        event_add(&d->io, NULL);
        return;
    }
    read_message(d);
}

static void ask_by_stream(struct dns_direct *d)
{
    event_del(&d->io);
    event_del(&d->resend);
    close(d->fd);
    int errnum = open_socket(d, SOCK_STREAM);
    if (errnum) {
        tell(d, net_failure_from_errno(errnum));
        return;
    }
    event_assign(&d->io, d->base, d->fd, EV_WRITE | EV_PERSIST, on_stream, d);
    event_add(&d->io, NULL);
}

/* ---- over UDP ---- */

static void on_datagram(evutil_socket_t fd, short what, void *context)
{
    struct dns_direct *d = context;
    (void)what;
    char *room = buf_reserve(&d->received, MESSAGE_MAX);
    ssize_t n = room ? recv(fd, room, MESSAGE_MAX, 0) : 0;
    if (!room) {
        tell(d, NET_LOCAL);
        return;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0) {
        tell(d, net_failure_from_errno(errno));
        return;
    }
    struct str message = {room, (size_t)n};
    if (!dns_query_is_answer(&d->question, message))
        return; /* somebody else's, or made up */
    if (dns_message_is_truncated(message))
        ask_by_stream(d);
    else
        take_answer(d, message);
}

/* What cannot be sent now is sent in a second; what can never be is told. */
static int send_datagram(struct dns_direct *d)
{
    const struct timeval again = {.tv_sec = RESEND_SECONDS};
    if (send(d->fd, d->query.p, d->query.n, MSG_NOSIGNAL) < 0 && errno != EAGAIN &&
        errno != EINTR && errno != ENOBUFS)
        return errno;
    event_add(&d->resend, &again);
    return 0;
}

static void on_resend(evutil_socket_t fd, short what, void *context)
{
    struct dns_direct *d = context;
    (void)fd;
    (void)what;
    int errnum = send_datagram(d);
    if (errnum)
        tell(d, net_failure_from_errno(errnum));
}

/* ---- its life ---- */

static struct dns_direct *direct_new(struct event_base *base, dns_direct_callback *callback,
                                     void *user)
{
    struct dns_direct *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    *d = (struct dns_direct){.base = base, .callback = callback, .user = user, .fd = -1};
    buf_init(&d->query, DNS_QUERY_BYTES_MAX);
    buf_init(&d->received, LENGTH_BYTES + MESSAGE_MAX);
    arena_init(&d->arena, ANSWER_BYTES_MAX);
    event_assign(&d->io, base, -1, 0, on_datagram, d);
    event_assign(&d->resend, base, -1, 0, on_resend, d);
    event_assign(&d->deadline, base, -1, 0, on_deadline, d);
    return d;
}

static void begin(struct dns_direct *d, unsigned deadline_ms)
{
    const struct timeval limit = {.tv_sec = deadline_ms / 1000,
                                  .tv_usec = (suseconds_t)(deadline_ms % 1000) * 1000};
    event_add(&d->deadline, &limit);
    int errnum = open_socket(d, SOCK_DGRAM);
    if (!errnum) {
        event_assign(&d->io, d->base, d->fd, EV_READ | EV_PERSIST, on_datagram, d);
        event_add(&d->io, NULL);
        errnum = send_datagram(d);
    }
    if (errnum)
        fail_later(d, net_failure_from_errno(errnum));
}

struct dns_direct *dns_direct_start(struct event_base *base, const struct address *address,
                                    uint16_t port, struct str name, enum dns_type type,
                                    unsigned deadline_ms, dns_direct_callback *callback, void *user,
                                    struct error *err)
{
    struct dns_direct *d = direct_new(base, callback, user);
    if (!d) {
        error_set_memory(err);
        return NULL;
    }
    d->address = *address;
    d->port = port;
    d->question = (struct dns_question){
        .name = arena_str(&d->arena, str_head(name, NAME_BYTES_MAX)), .type = type};
    evutil_secure_rng_get_bytes(&d->question.id, sizeof d->question.id);
    if (!dns_query_write(&d->question, &d->query)) {
        if (d->query.failed || d->arena.failed)
            error_set_memory(err);
        else
            error_set(err, ERROR_PERMANENT, msg_dns_no_name(name));
        direct_free(d);
        return NULL;
    }
    begin(d, deadline_ms);
    return d;
}

void dns_direct_cancel(struct dns_direct *query)
{
    direct_free(query);
}
