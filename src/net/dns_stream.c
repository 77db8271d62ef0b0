#include "net/dns_stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#define LENGTH_BYTES 2 /* before a message, RFC 1035 4.2.2 */
#define STOP_MS      200

struct stream {
    int fd;
    int64_t deadline; /* clock_monotonic_ms */
    const atomic_bool *stop;
};

static void stream_done(struct stream *s)
{
    if (s->fd >= 0)
        close(s->fd);
}

static enum net_failure wait_for(const struct stream *s, short events)
{
    struct pollfd poll_fd = {.fd = s->fd, .events = events};
    for (;;) {
        int64_t left = s->deadline - clock_monotonic_ms();
        if (left <= 0 || (s->stop && atomic_load(s->stop)))
            return NET_TIMEOUT;
        int ready = poll(&poll_fd, 1, left < STOP_MS ? (int)left : STOP_MS);
        if (ready > 0)
            return NET_OK;
        if (ready < 0 && errno != EINTR)
            return NET_LOCAL;
    }
}

static enum net_failure connect_to(struct stream *s, const struct address *address, uint16_t port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    bool ipv6 = address->family == AF_INET6;
    int errnum = 0;
    socklen_t size = sizeof errnum;
    memcpy(&in.sin_addr, address->bytes, sizeof in.sin_addr);
    memcpy(&in6.sin6_addr, address->bytes, sizeof in6.sin6_addr);
    s->fd = socket(address->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->fd < 0)
        return net_failure_from_errno(errno);
    if (connect(s->fd, ipv6 ? (struct sockaddr *)&in6 : (struct sockaddr *)&in,
                ipv6 ? sizeof in6 : sizeof in) == 0)
        return NET_OK;
    if (errno != EINPROGRESS)
        return net_failure_from_errno(errno);
    enum net_failure failure = wait_for(s, POLLOUT);
    if (failure == NET_OK && getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &errnum, &size) < 0)
        return NET_LOCAL;
    return failure == NET_OK && errnum ? net_failure_from_errno(errnum) : failure;
}

/* Whether a call that moved no byte is to be made again. */
static bool try_again(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static enum net_failure send_all(const struct stream *s, struct str bytes)
{
    while (bytes.n) {
        enum net_failure failure = wait_for(s, POLLOUT);
        if (failure != NET_OK)
            return failure;
        ssize_t n = send(s->fd, bytes.p, bytes.n, MSG_NOSIGNAL);
        if (n < 0 && !try_again())
            return net_failure_from_errno(errno);
        bytes = str_skip(bytes, n > 0 ? (size_t)n : 0);
    }
    return NET_OK;
}

/* Reads until the buffer has n bytes. */
static enum net_failure receive(const struct stream *s, struct buf *out, size_t n)
{
    while (out->n < n) {
        enum net_failure failure = wait_for(s, POLLIN);
        char *room = failure == NET_OK ? buf_reserve(out, n - out->n) : NULL;
        if (failure != NET_OK || !room)
            return failure != NET_OK ? failure : NET_LOCAL;
        ssize_t got = recv(s->fd, room, n - out->n, 0);
        if (got == 0)
            return NET_CLOSED;
        if (got < 0 && !try_again())
            return net_failure_from_errno(errno);
        out->n += got > 0 ? (size_t)got : 0;
    }
    return NET_OK;
}

enum net_failure dns_stream_exchange(const struct address *address, uint16_t port,
                                     struct str message, unsigned deadline_ms,
                                     const atomic_bool *stop, struct buf *answer)
{
    struct stream s CLEANUP(stream_done) = {
        .fd = -1, .deadline = clock_monotonic_ms() + deadline_ms, .stop = stop};
    struct buf out CLEANUP(buf_done), length CLEANUP(buf_done);
    buf_init(&out, LENGTH_BYTES + DNS_STREAM_MESSAGE_MAX);
    buf_init(&length, LENGTH_BYTES);
    buf_byte(&out, (char)(message.n >> 8 & 0xFFU));
    buf_byte(&out, (char)(message.n & 0xFFU));
    buf_str(&out, message);
    if (out.failed)
        return NET_LOCAL;
    enum net_failure failure = connect_to(&s, address, port);
    if (failure == NET_OK)
        failure = send_all(&s, buf_view(&out));
    if (failure == NET_OK)
        failure = receive(&s, &length, LENGTH_BYTES);
    if (failure != NET_OK)
        return failure;
    size_t n = (size_t)(unsigned char)length.p[0] << 8 | (unsigned char)length.p[1];
    return receive(&s, answer, n);
}
